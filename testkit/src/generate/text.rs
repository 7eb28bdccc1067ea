//! Titles, handles, descriptions and dates of made-up products.

use catalog::UnixMs;
use fastrand::Rng;

use crate::ShopProfile;

use super::{chance, pick};

/// The words that a product's templates are filled with.
pub(super) struct Words {
    pub(super) adjective: &'static str,
    pub(super) material: &'static str,
    pub(super) noun: &'static str,
    pub(super) series: &'static str,
}

impl Words {
    pub(super) fn fill(&self, template: &str) -> String {
        template
            .replace("{adjective}", self.adjective)
            .replace("{material}", self.material)
            .replace("{noun}", self.noun)
            .replace("{series}", self.series)
    }
}

/// Returns the handle that Shopify would make of `title`: accents folded, other scripts and ™ ® kept.
pub(super) fn handle(title: &str) -> String {
    let mut handle = String::with_capacity(title.len());
    for letter in title.to_lowercase().chars() {
        let folded = match letter {
            'à' | 'â' | 'á' => "a",
            'ä' => "ae",
            'ç' => "c",
            'é' | 'è' | 'ê' | 'ë' => "e",
            'î' | 'ï' => "i",
            'ô' => "o",
            'ö' => "oe",
            'û' | 'ù' => "u",
            'ü' => "ue",
            'ß' => "ss",
            'ø' | 'œ' => "o",
            '™' | '®' => {
                handle.push(letter);
                continue;
            }
            _ if letter.is_alphanumeric() => {
                handle.push(letter);
                continue;
            }
            _ => "-",
        };
        if folded != "-" || !(handle.is_empty() || handle.ends_with('-')) {
            handle.push_str(folded);
        }
    }
    handle.truncate(handle.trim_end_matches('-').len());
    handle
}

/// Returns a description: most are a few paragraphs and a list, some are missing, empty or full of junk.
pub(super) fn body_html(rng: &mut Rng, profile: &ShopProfile, words: &Words) -> Option<String> {
    match rng.u32(..100) {
        0..2 => return None,
        2..6 => return Some(String::new()),
        6..9 => return Some("<p>&nbsp;</p>".into()),
        _ => {}
    }
    let mut sentences = profile.sentences.to_vec();
    rng.shuffle(&mut sentences);
    sentences.truncate(rng.usize(1..=sentences.len().max(1)));
    let has_editor_junk = chance(rng, 6);
    let mut html = String::new();
    for paragraph in sentences.chunks(rng.usize(1..=3)) {
        html.push_str(if has_editor_junk {
            "<p class=\"MsoNormal\" data-mce-fragment=\"1\">"
        } else {
            "<p>"
        });
        html.push_str(&words.fill(&paragraph.join(" ")).replace('&', "&amp;"));
        html.push_str("</p>\n");
    }
    if chance(rng, 60) {
        html.push_str(&list(rng, profile, words));
    }
    if chance(rng, 1) {
        html.push_str("<style>.size-chart{margin:0}</style>");
    }
    Some(html)
}

fn list(rng: &mut Rng, profile: &ShopProfile, words: &Words) -> String {
    let mut points = profile.points.to_vec();
    rng.shuffle(&mut points);
    points.truncate(rng.usize(1..=points.len().max(1)));
    let items: String = points
        .iter()
        .map(|point| format!("<li>{}</li>\n", words.fill(point)))
        .collect();
    format!("<h3>{}</h3>\n<ul>\n{items}</ul>", profile.heading)
}

/// Returns the tags: none now and then, one in two letter cases at times.
pub(super) fn tags(rng: &mut Rng, choices: &[&str], words: &Words) -> Vec<String> {
    if chance(rng, 15) {
        return vec![];
    }
    let mut tags: Vec<String> = choices.iter().map(ToString::to_string).collect();
    rng.shuffle(&mut tags);
    tags.truncate(rng.usize(1..=tags.len().max(1)));
    if chance(rng, 50) {
        tags.push(words.material.into());
    }
    if chance(rng, 30) {
        tags.push(words.series.into());
    }
    tags
}

/// When a product was made, published and last touched, in the shop's own time.
pub(super) struct Dates {
    pub(super) created: String,
    pub(super) published: Option<String>,
    pub(super) updated: String,
}

impl Dates {
    pub(super) fn make(rng: &mut Rng, profile: &ShopProfile) -> Self {
        let created_s = NEWEST_S - rng.i64(DAY_S..900 * DAY_S);
        let published_s = match rng.u32(..100) {
            0..3 => None,
            3..8 => Some(created_s - rng.i64(0..20 * DAY_S)),
            8..60 => Some(created_s + rng.i64(0..120)),
            _ => Some(created_s + rng.i64(0..30 * DAY_S)),
        };
        let updated_s = rng.i64(created_s..=NEWEST_S);
        let shown = |unix_s: i64| local_time(unix_s.min(NEWEST_S), profile.utc_offsets_min);
        Self {
            created: shown(created_s),
            published: published_s.map(shown),
            updated: shown(updated_s),
        }
    }
}

const DAY_S: i64 = 86_400;
const NEWEST_S: i64 = 1_748_735_999; // 2025-05-31T23:59:59Z

fn local_time(unix_s: i64, (winter_min, summer_min): (i32, i32)) -> String {
    let shown =
        |offset_min: i32| UnixMs::new((unix_s + i64::from(offset_min) * 60) * 1000).to_string();
    let is_summer = matches!(shown(winter_min)[5..7].parse(), Ok(4..=10));
    let offset_min = if is_summer { summer_min } else { winter_min };
    let sign = if offset_min < 0 { '-' } else { '+' };
    let (hours, minutes) = (offset_min.abs() / 60, offset_min.abs() % 60);
    let time = shown(offset_min);
    format!(
        "{}{sign}{hours:02}:{minutes:02}",
        time.trim_end_matches('Z')
    )
}

/// Returns a title in one of the shop's forms.
pub(super) fn title(rng: &mut Rng, profile: &ShopProfile, words: &Words) -> String {
    words.fill(pick(rng, profile.title_forms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_fold_accents_and_keep_other_scripts_and_marks() {
        for (title, expected) in [
            ("Brushed Steel Kettle | Cove", "brushed-steel-kettle-cove"),
            (" Müslischale „Häher“ ", "mueslischale-haeher"),
            ("Lampe « Écume » — verre", "lampe-ecume-verre"),
            ("Alder™ Bench", "alder™-bench"),
            ("和紙のノート「朝霧」", "和紙のノート-朝霧"),
        ] {
            assert_eq!(handle(title), expected);
        }
    }

    #[test]
    fn local_times_carry_the_offset_of_their_season() {
        assert_eq!(
            local_time(1_736_942_400, (60, 120)),
            "2025-01-15T13:00:00+01:00"
        );
        assert_eq!(
            local_time(1_747_310_400, (60, 120)),
            "2025-05-15T14:00:00+02:00"
        );
        assert_eq!(
            local_time(1_747_310_400, (-420, -210)),
            "2025-05-15T08:30:00-03:30"
        );
    }
}
