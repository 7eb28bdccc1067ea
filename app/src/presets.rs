//! Finds the preset that the user wants: one of the program's own by its name, or a file.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::Result;
use scoring::preset::Preset;

use crate::App;
use crate::exit::UsageError;

/// Names of the presets that are built into the program; the first is the default.
const NAMES: [&str; 2] = ["balanced", "classic"];

/// The greatest size of a preset's file.
const MAX_BYTES: u64 = 64 << 10;

/// Returns the preset of `flag`, else the configured one.
///
/// A relative path in the configuration file begins at that file's folder, any other at the working folder.
///
/// # Errors
/// [`UsageError`] for what is neither a name nor a file, and for a file that holds no preset.
pub(crate) fn preset(app: &App, flag: Option<&str>) -> Result<Preset> {
    let (wanted, folder) = wanted(app, flag);
    Ok(find(wanted, folder)?)
}

/// Returns what `--preset` means the same preset with, from the working folder.
pub(crate) fn flag(app: &App, flag: Option<&str>) -> String {
    let (wanted, folder) = wanted(app, flag);
    match own(wanted) {
        Some(_) => wanted.to_owned(),
        None => folder.join(wanted).display().to_string(),
    }
}

/// Returns the preset that is wanted, and the folder at which its path begins.
fn wanted<'a>(app: &'a App, flag: Option<&'a str>) -> (&'a str, &'a Path) {
    let rank = &app.config.rank;
    let (wanted, folder) = match flag {
        Some(flag) => (flag, None),
        None => (rank.preset.as_str(), rank.preset_folder.as_deref()),
    };
    (wanted, folder.unwrap_or(Path::new("")))
}

/// Returns the program's own preset of that name.
fn own(name: &str) -> Option<Preset> {
    match name {
        "balanced" => Some(Preset::balanced()),
        "classic" => Some(Preset::classic()),
        _ => None,
    }
}

fn find(wanted: &str, folder: &Path) -> Result<Preset, UsageError> {
    if let Some(own) = own(wanted) {
        return Ok(own);
    }
    let path = folder.join(wanted);
    // A name with a dot or a slash is meant as a file: its absence is what the user must hear of.
    if !wanted.contains(['.', '/']) && !path.exists() {
        return Err(unknown(wanted));
    }
    let place = path.display();
    let text = read(&path)
        .map_err(|detail| UsageError(format!("cannot read the preset {place}: {detail}")))?;
    let wrong = |why: String| UsageError(format!("wrong preset in {place}: {why}"));
    let preset = Preset::parse(&text).map_err(|error| wrong(error.to_string()))?;
    // Rankings are stored and compared under the name.
    match own(&preset.name) {
        Some(own) if own != preset => Err(wrong(format!(
            "{0:?} is the program's own preset, and this one differs from it: give it a name of its own, such as \
             name = \"my-{0}\"",
            preset.name
        ))),
        _ => Ok(preset),
    }
}

fn unknown(wanted: &str) -> UsageError {
    let likeness = |name: &str| strsim::jaro_winkler(name, &wanted.to_lowercase());
    let nearest = NAMES
        .into_iter()
        .max_by(|one, two| likeness(one).total_cmp(&likeness(two)));
    let advice = nearest
        .filter(|name| likeness(name) > 0.7)
        .map_or(String::new(), |name| format!("; did you mean {name:?}?"));
    let [default, other] = NAMES;
    UsageError(format!(
        "unknown preset {wanted:?}: neither \"{default}\" nor \"{other}\", nor a file of that name{advice}"
    ))
}

/// Returns the text of a regular file that is no larger than a preset can be.
fn read(path: &Path) -> Result<String, String> {
    let metadata = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is no regular file".to_owned());
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("it is larger than {} KiB", MAX_BYTES >> 10));
    }
    String::from_utf8(bytes).map_err(|_| "it is no UTF-8 text".to_owned())
}
