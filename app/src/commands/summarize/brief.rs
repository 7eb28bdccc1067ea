//! The brief: what wins, why, and what changed, in a file of its own for each language.

use std::path::{Path, PathBuf};

use anyhow::Result;
use catalog::{Language, Store, Summary};
use summarizer::Ask;
use summarizer::facts::FactSheet;

use super::{SummarizeArgs, asked, sheets};
use crate::{App, output};

/// The briefs that are asked for.
#[derive(Debug, Default)]
pub(super) struct Briefs(Vec<(PathBuf, FactSheet)>);

impl Briefs {
    /// Returns one brief for each language; none if none is asked for.
    pub(super) async fn find(args: &SummarizeArgs, store: &dyn Store, app: &App) -> Result<Self> {
        let Some(path) = &args.brief else {
            return Ok(Self::default());
        };
        let (languages, ranking) = (args.languages(), asked::latest(store).await?);
        let sheets = sheets::top_k(ranking, args.k, &languages, store, app.clock.now()).await?;
        let of = |sheet: FactSheet| (path_of(path, sheet.language, languages.len()), sheet);
        Ok(Self(sheets.into_iter().map(of).collect()))
    }

    /// Returns the sheets that are to be summarized.
    pub(super) fn asks(&self) -> impl Iterator<Item = Ask> {
        self.0
            .iter()
            .map(|(_, sheet)| Ask::Sheet(Box::new(sheet.clone())))
    }

    pub(super) fn has(&self, subject: &str, language: Language) -> bool {
        let mut sheets = self.0.iter().map(|(_, sheet)| sheet);
        sheets.any(|it| it.subject == subject && it.language == language)
    }

    /// Writes the briefs, also those whose summary was left: their facts are there all the same. Returns the files.
    pub(super) async fn write(&self, store: &dyn Store) -> Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for (path, sheet) in &self.0 {
            let summary = store.summary(&sheet.subject, sheet.language.code()).await?;
            // An older one was made from other facts.
            let is_of_these = |it: &Summary| it.facts_hash == sheet.hash();
            let summary = summary.filter(is_of_these);
            let text = summarizer::brief::markdown(sheet, summary.as_ref());
            output::write_to(path, |out| out.write_all(text.as_bytes()))?;
            if path != Path::new("-") {
                paths.push(output::absolute(path));
            }
        }
        Ok(paths)
    }
}

/// Returns the file of one language: where there are several, with its code before the ending.
fn path_of(path: &Path, language: Language, n_languages: usize) -> PathBuf {
    if n_languages < 2 || path == Path::new("-") {
        return path.to_owned();
    }
    let ending = path.extension().map(|it| it.to_string_lossy().into_owned());
    let code = language.code();
    path.with_extension(match ending {
        Some(ending) => format!("{code}.{ending}"),
        None => code.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_several_languages_has_a_file_of_its_own() {
        let of = |path: &str, n| path_of(Path::new(path), Language::Fr, n);
        assert_eq!(of("a/brief.md", 1), Path::new("a/brief.md"));
        assert_eq!(of("a/brief.md", 2), Path::new("a/brief.fr.md"));
        assert_eq!(of("brief", 2), Path::new("brief.fr"));
    }
}
