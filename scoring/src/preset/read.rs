//! Reads a preset key by key, so that a mistake can be named.

use toml::{Table, Value};

use super::{BALANCED, Method, Preset, PresetError, Quantiles};
use crate::classic;
use crate::feature::Feature;

type Result<T> = std::result::Result<T, PresetError>;

/// What a preset of quantiles may have beside `weights`, and the keys of each.
const SECTIONS: [(&str, &[&str]); 4] = [
    ("groups", &["levels", "shrinkage"]),
    ("caps", &["max_per_store", "max_per_category"]),
    ("features", &["price_band"]),
    ("stability", &["draws", "concentration", "seed"]),
];

const METHODS: [&str; 2] = ["quantiles", "min_max"];

/// The longest name of a preset.
const MAX_NAME: usize = 40;

/// So many draws of 1,000,000 products take minutes.
const MAX_DRAWS: i64 = 10_000;

/// What the drawn weights stay finite and distinct with.
const CONCENTRATION: [f64; 2] = [1e-3, 1e9];

/// What a weight may be where it is not 0: with less or more, sums and products of shares lose all their digits.
const WEIGHTS: [f64; 2] = [1e-9, 1e9];

/// The longest piece of a foreign text in a message, in characters.
const MAX_SHOWN: usize = 60;

pub(super) fn preset(text: &str) -> Result<Preset> {
    let given = parse(text)?;
    let name = name(&given)?;
    let method = match method(&given)? {
        "min_max" => Method::MinMax(min_max(&given)?),
        _ => Method::Quantiles(quantiles(&given)?),
    };
    Ok(Preset { name, method })
}

fn parse(text: &str) -> Result<Table> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(1, |before| before.matches('\n').count() + 1);
        refuse(format!(
            "line {line} is not TOML: {}",
            shortened(error.message())
        ))
    })
}

fn name(given: &Table) -> Result<String> {
    let allowed =
        |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-' || it == '_';
    match given.get("name") {
        Some(Value::String(name))
            if (1..=MAX_NAME).contains(&name.len()) && name.chars().all(allowed) =>
        {
            Ok(name.clone())
        }
        other => Err(wrong(
            "name",
            other,
            "1 to 40 of a-z, 0-9, - and _, such as \"my-weights\"",
        )),
    }
}

fn method(given: &Table) -> Result<&str> {
    match given.get("method") {
        Some(Value::String(method)) if METHODS.contains(&method.as_str()) => Ok(method),
        other => Err(wrong("method", other, "\"quantiles\" or \"min_max\"")),
    }
}

fn min_max(given: &Table) -> Result<[f64; classic::FEATURES.len()]> {
    for (section, _) in SECTIONS {
        if given.contains_key(section) {
            return Err(refuse(format!(
                "[{section}] means nothing to method \"min_max\", which has weights alone: leave it out, or use \
                 method \"quantiles\""
            )));
        }
    }
    known_keys(given, "", &["name", "method", "weights"])?;
    weights(given, &classic::FEATURES)
}

fn quantiles(given: &Table) -> Result<Quantiles> {
    let keys = ["name", "method", "weights"];
    let sections = SECTIONS.map(|(section, _)| section);
    known_keys(given, "", &[&keys[..], &sections[..]].concat())?;
    for (section, keys) in SECTIONS {
        if let Some(table) = table(given, section)? {
            known_keys(table, section, keys)?;
        }
    }
    let usual = parse(BALANCED)?;
    let settings = Settings {
        given,
        usual: &usual,
    };
    let [by_shop, by_type] = settings.levels()?;
    Ok(Quantiles {
        weights: weights(given, &Feature::ALL.map(Feature::name))?,
        by_shop,
        by_type,
        shrinkage: settings.number("groups", "shrinkage", "0 or more", |it| it >= 0.0)?,
        max_per_store: settings.whole("caps", "max_per_store", u32::MAX.into())?,
        max_per_category: settings.whole("caps", "max_per_category", u32::MAX.into())?,
        price_band: settings.band()?,
        draws: settings.whole("stability", "draws", MAX_DRAWS)?,
        concentration: settings.number(
            "stability",
            "concentration",
            "from 0.001 to 1000000000",
            |it| (CONCENTRATION[0]..=CONCENTRATION[1]).contains(&it),
        )?,
        seed: settings.whole("stability", "seed", i64::MAX)?,
    })
}

/// Reads the weights of the features `names`; what is missing is 0.
fn weights<const N: usize>(given: &Table, names: &[&str; N]) -> Result<[f64; N]> {
    let mut weights = [0.0; N];
    if let Some(table) = table(given, "weights")? {
        known_keys(table, "weights", names)?;
        for (weight, name) in weights.iter_mut().zip(names) {
            if let Some(value) = table.get(*name) {
                *weight = finite(value).filter(is_weight).ok_or_else(|| {
                    let right = "0, or a number from 0.000000001 to 1000000000";
                    wrong(&format!("weights.{name}"), Some(value), right)
                })?;
            }
        }
    }
    if weights.iter().any(|it| *it > 0.0) {
        return Ok(weights);
    }
    Err(refuse(format!(
        "the weights sum to 0: give at least one feature in [weights] a number above 0, such as {} = 0.2",
        names[0]
    )))
}

fn is_weight(number: &f64) -> bool {
    *number == 0.0 || (WEIGHTS[0]..=WEIGHTS[1]).contains(number)
}

/// The settings that a file gives, and those that hold where it gives none.
struct Settings<'a> {
    given: &'a Table,
    usual: &'a Table,
}

impl Settings<'_> {
    fn value(&self, section: &str, key: &str) -> Option<&Value> {
        [self.given, self.usual]
            .into_iter()
            .find_map(|table| table.get(section)?.get(key))
    }

    fn number(
        &self,
        section: &str,
        key: &str,
        right: &str,
        is_right: impl Fn(f64) -> bool,
    ) -> Result<f64> {
        let value = self.value(section, key);
        value
            .and_then(finite)
            .filter(|it| is_right(*it))
            .ok_or_else(|| {
                wrong(
                    &format!("{section}.{key}"),
                    value,
                    &format!("a finite number, {right}"),
                )
            })
    }

    fn whole<T: TryFrom<i64>>(&self, section: &str, key: &str, most: i64) -> Result<T> {
        let value = self.value(section, key);
        let whole = value
            .and_then(Value::as_integer)
            .filter(|it| (0..=most).contains(it));
        whole.and_then(|it| T::try_from(it).ok()).ok_or_else(|| {
            wrong(
                &format!("{section}.{key}"),
                value,
                &format!("a whole number from 0 to {most}"),
            )
        })
    }

    fn levels(&self) -> Result<[bool; 2]> {
        let value = self.value("groups", "levels");
        let names: Option<Vec<&str>> = value
            .and_then(Value::as_array)
            .and_then(|levels| levels.iter().map(Value::as_str).collect());
        match names.as_deref() {
            Some([]) => Ok([false, false]),
            Some(["shop"]) => Ok([true, false]),
            Some(["shop", "type"]) => Ok([true, true]),
            _ => Err(wrong(
                "groups.levels",
                value,
                "[], [\"shop\"] or [\"shop\", \"type\"]",
            )),
        }
    }

    fn band(&self) -> Result<[f64; 2]> {
        let value = self.value("features", "price_band");
        let numbers: Option<Vec<f64>> = value
            .and_then(Value::as_array)
            .and_then(|band| band.iter().map(finite).collect());
        match numbers.as_deref() {
            Some([low, high]) if low <= high => Ok([*low, *high]),
            _ => Err(wrong(
                "features.price_band",
                value,
                "two finite numbers, the lower first, such as [-1.0, 1.0]",
            )),
        }
    }
}

/// Returns a finite number, written with or without a point.
fn finite(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Integer(number) => *number as f64,
        Value::Float(number) => *number,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// Returns the table `section`.
fn table<'a>(given: &'a Table, section: &str) -> Result<Option<&'a Table>> {
    match given.get(section) {
        None => Ok(None),
        Some(Value::Table(table)) => Ok(Some(table)),
        other => Err(wrong(
            section,
            other,
            &format!("a table that begins with [{section}]"),
        )),
    }
}

/// Refuses keys that nobody reads, with the known one that is nearest.
fn known_keys(table: &Table, section: &str, known: &[&str]) -> Result<()> {
    let Some(key) = table.keys().find(|key| !known.contains(&key.as_str())) else {
        return Ok(());
    };
    let place = match section {
        "" => String::new(),
        section => format!(" in [{section}]"),
    };
    let what = if section == "weights" {
        "feature"
    } else {
        "key"
    };
    let nearest = known.iter().min_by_key(|it| strsim::levenshtein(it, key));
    let advice = match nearest {
        Some(near) if strsim::levenshtein(near, key) * 2 <= near.len() => {
            format!("did you mean {near:?}?")
        }
        _ => format!("known are {}", known.join(", ")),
    };
    let key = shortened(key);
    Err(refuse(format!("unknown {what} {key:?}{place}: {advice}")))
}

fn wrong(key: &str, value: Option<&Value>, right: &str) -> PresetError {
    refuse(match value {
        Some(value) => format!(
            "{key} is {}, but must be {right}",
            shortened(&value.to_string())
        ),
        None => format!("{key} is missing: it must be {right}"),
    })
}

/// Cuts a foreign text to what a message can hold, and takes out what could steer a terminal.
fn shortened(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .map(|it| if it.is_control() { ' ' } else { it })
        .take(MAX_SHOWN)
        .collect();
    if text.chars().nth(MAX_SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

const fn refuse(message: String) -> PresetError {
    PresetError(message)
}
