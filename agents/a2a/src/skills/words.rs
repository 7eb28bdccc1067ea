//! Words of strangers in what callers read: one line, of bearable length.

/// Returns `text` on one line without control characters, cut to `max_chars` characters.
pub(crate) fn one_line(text: &str, max_chars: usize) -> String {
    let mut line: String = text
        .chars()
        .map(|it| if it.is_control() { ' ' } else { it })
        .take(max_chars + 1)
        .collect();
    if let Some((end, _)) = line.char_indices().nth(max_chars) {
        line.truncate(end);
        line.pop();
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_and_a_wild_one_tamed() {
        assert_eq!(one_line("a\nb\u{1b}c", 10), "a b c");
        assert_eq!(one_line("éééé", 4), "éééé");
        assert_eq!(one_line("ééééé", 4), "ééé…");
    }
}
