//! An explanation on the screen and as JSON.

use anyhow::Result;
use catalog::{Certainty, ProductRow, UnixMs};
use scoring::explain::{Above, Explained, Group};
use scoring::signals::Signal;
use serde_json::{Value, json};

use super::{Listed, Told};
use crate::commands::rank::stability_words;
use crate::output::{self, counted, grouped, percent, printable};
use crate::seen;

/// Returns the explanation as JSON, with the names of what it is about.
pub(super) fn json(told: &Told) -> Result<Value> {
    let mut value = serde_json::to_value(&told.explanation)?;
    let product = &told.product;
    value["coverage"] = json!(rounded(told.explanation.coverage));
    for (feature, explained) in told.explanation.features.iter().enumerate() {
        value["features"][feature]["weight"] = json!(rounded(explained.weight));
    }
    value["signals"] = json!(told.signals);
    value["preset"] = json!(told.preset);
    value["title"] = json!(product.title);
    value["shop"] = json!(product.id.shop.as_str());
    value["product_type"] = json!(product.product_type);
    value["url"] = json!(product.url);
    value["k"] = json!(told.listed.k);
    value["list_rank"] = json!(told.listed.rank);
    value["left_out_by"] = json!(told.listed.left_out_by);
    value["stability"] = json!(told.listed.stability);
    if let Some(above) = &told.above {
        value["above"]["title"] = json!(above.title);
        value["above"]["url"] = json!(above.url);
    }
    Ok(value)
}

/// Rounds a share as the list does, to 6 decimals: without the noise of the sum that it came from.
fn rounded(share: f64) -> f64 {
    (share * 1e6).round() / 1e6
}

/// Returns the explanation for a terminal.
pub(super) fn text(told: &Told) -> String {
    let explanation = &told.explanation;
    let known = explanation.features.iter().filter(|it| it.value.is_some());
    let known: Vec<&Explained> = known.collect();
    let sections = [
        heading(told),
        points(&known),
        made_of(&known),
        unknown(&explanation.features),
        signals(&told.signals),
        match (&explanation.above, &told.above) {
            (Some(above), Some(product)) => moves(above, product, explanation.rank),
            _ => first(explanation.n_tied),
        },
    ];
    let sections = sections.into_iter().filter(|it| !it.is_empty());
    sections.collect::<Vec<_>>().join("\n\n")
}

fn heading(told: &Told) -> String {
    let (product, explanation) = (&told.product, &told.explanation);
    let mut lines = vec![
        product.title.clone(),
        format!("shop      {}", product.id.shop.shown()),
        format!("id        {}", product.id),
    ];
    if !product.product_type.is_empty() {
        lines.push(format!("type      {}", product.product_type));
    }
    if !product.url.is_empty() {
        lines.push(format!("page      {}", product.url));
    }
    let price = output::price(product);
    lines.push(format!(
        "price     {}",
        price.as_deref().unwrap_or("unknown")
    ));
    lines.push(format!(
        "score     {:.4} (0.5 is average): place {} of {}, preset {}{}",
        explanation.score,
        grouped(explanation.rank.into()),
        grouped(explanation.n_ranked),
        told.preset,
        match explanation.n_tied {
            0 => String::new(),
            n => format!("; {}", tied(n)),
        }
    ));
    lines.push(format!(
        "coverage  {} of the weights are known",
        percent(explanation.coverage)
    ));
    lines.push(format!("list      {}", list_words(&told.listed)));
    let lines: Vec<String> = lines.iter().map(|line| printable(line)).collect();
    lines.join("\n")
}

/// Returns where the product stands in the list, and how surely.
fn list_words(listed: &Listed) -> String {
    let k = grouped(listed.k as u64);
    let Some(rank) = listed.rank else {
        return match listed.left_out_by {
            Some("min_coverage") => format!(
                "left out by --min-coverage: less than {} of the weights are known",
                percent(listed.min_coverage)
            ),
            Some(_) => format!(
                "left out of the first {k} by the preset's caps; its place is that before caps"
            ),
            None => format!("not among the first {k}"),
        };
    };
    let [rank, n_places] = [rank, listed.n_places].map(|it| grouped(it as u64));
    let sure = listed.stability.map(|stability| {
        let [p_top_k, places] = stability_words(stability);
        format!(
            "; before caps in the first {k} in {p_top_k} of the draws of the weights, nine in ten give place {places}"
        )
    });
    format!("place {rank} of {n_places}{}", sure.unwrap_or_default())
}

/// Returns what each known feature adds, the most first, and where its value stands in each of its groups.
fn points(known: &[&Explained]) -> String {
    let mut sorted = known.to_vec();
    sorted.sort_by(|one, two| two.contribution.total_cmp(&one.contribution));
    let rows = sorted.into_iter().map(|it| {
        let group = |level| {
            let group = it.groups.iter().find(|it| it.level == level);
            group.map_or("–".to_owned(), standing)
        };
        [
            it.feature.to_owned(),
            format!("{:+.4}", it.contribution),
            percent(it.weight),
            it.utility.map_or(String::new(), |it| format!("{it:.3}")),
            group("type"),
            group("shop"),
            group("all"),
        ]
    });
    let header = [
        "feature",
        "points",
        "weight",
        "utility",
        "type",
        "shop",
        "all shops",
    ];
    format!(
        "{}\n(type, shop, all shops: how far up among how many; ties share the middle)",
        output::table(header, &[1, 2, 3, 4, 5, 6], rows.collect())
    )
}

/// Returns `82 % of 34`, or `alone` in a group of itself.
fn standing(group: &Group) -> String {
    match group.n {
        1 => "alone".to_owned(),
        n => format!("{} of {}", percent(group.quantile), grouped(n)),
    }
}

/// Returns `tied with 2 others, the id decides`.
fn tied(n: u64) -> String {
    format!("tied with {}, the id decides", counted(n, "other"))
}

fn first(n_tied: u64) -> String {
    match n_tied {
        0 => "It is the first of all.".to_owned(),
        n => format!("It stands first, {}.", tied(n)),
    }
}

/// Returns the raw values, where they come from, and when they were last confirmed.
fn made_of(known: &[&Explained]) -> String {
    let mut lines = vec!["What they are made of:".to_owned()];
    for it in known {
        let inputs: Vec<String> = it
            .inputs
            .iter()
            .map(|input| format!("{} {}", input.name, input.value))
            .collect();
        let source = it.inputs.first().map_or(String::new(), |input| {
            let certainty = match input.certainty {
                Certainty::Estimated => "estimated, ",
                Certainty::Observed | Certainty::Unavailable => "",
            };
            format!(" ({}, {certainty}{})", input.source, day(input.at))
        });
        let value = it.value.map_or(String::new(), |it| format!("{it:.3}"));
        lines.push(format!(
            "  {:<14}  {value:>7}  {}{source}",
            it.feature,
            printable(&inputs.join(", "))
        ));
    }
    lines.join("\n")
}

/// Returns the day of a time, as dates are written everywhere.
fn day(at: UnixMs) -> String {
    let at = at.to_string();
    at.split('T').next().unwrap_or_default().to_owned()
}

/// Returns what was seen of the product over time, and where each value comes from.
fn signals(signals: &[Signal]) -> String {
    let mut lines = vec!["What was seen of it over time, and where that comes from:".to_owned()];
    lines.extend(signals.iter().map(|it| {
        let origin = [
            Some(it.certainty.name().to_owned()),
            it.source.map(str::to_owned),
            it.at.map(day),
        ];
        let origin: Vec<String> = origin.into_iter().flatten().collect();
        let detail = match it.detail.is_empty() {
            true => String::new(),
            false => format!(": {}", it.detail),
        };
        let line = format!("{} ({}){detail}", seen::value_words(it), origin.join(", "));
        format!("  {:<19} {}", it.name, printable(&line))
    }));
    lines.join("\n")
}

fn unknown(features: &[Explained]) -> String {
    let unknown = features.iter().filter_map(|it| Some((it, it.unknown?)));
    let lines: Vec<String> = unknown
        .map(|(it, why)| format!("\n  {:<14}  {:>4}  {why}", it.feature, percent(it.weight)))
        .collect();
    match lines.is_empty() {
        true => String::new(),
        false => format!(
            "Unknown, which costs nothing and earns nothing:{}",
            lines.concat()
        ),
    }
}

fn moves(above: &Above, product: &ProductRow, rank: u32) -> String {
    let ahead = match above.gap {
        gap if gap >= 1e-6 => format!("{gap:.6} ahead"),
        gap if gap > 0.0 => "less than 0.000001 ahead".to_owned(),
        _ => "with the same score: the id decides".to_owned(),
    };
    let mut lines = vec![printable(&format!(
        "Place {} has {} ({}), {ahead}.",
        grouped(u64::from(rank) - 1),
        product.title,
        product.id
    ))];
    match above.moves.as_slice() {
        [] => lines.push("No change of one feature alone would lead past it.".to_owned()),
        moves => {
            lines.push("Each of these alone would lead past it:".to_owned());
            lines.extend(moves.iter().map(|it| format!("  {}", printable(&it.words))));
        }
    }
    lines.join("\n")
}
