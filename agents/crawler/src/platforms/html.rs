//! Takes out of a page the few tags that state facts, before a tree is made of them.
//!
//! A tree of a whole page can cost a stranger nothing and us gigabytes: HTML repeats open tags like `<b>` in every later
//! paragraph. Of these tags none holds others.

/// The most bytes that are kept of a page.
const MAX_KEPT: usize = 512 << 10;

/// The longest tag that is kept; only scripts have more behind it.
const MAX_TAG: usize = 8 << 10;

/// The tags that are kept; a script, with its text.
const KEPT: [&str; 6] = ["script", "meta", "link", "form", "body", "title"];

/// Returns the tags of `html` that state facts, in their order. Comments are left out.
pub(super) fn head_matter(html: &str) -> String {
    let mut kept = String::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let Some(name) = kept_name(rest) else {
            rest = &rest[1..];
            continue;
        };
        let Some(tag) = tag(rest) else {
            // What was looked at is not looked at again, or a page of such beginnings would take minutes.
            rest = &rest[rest.floor_char_boundary(MAX_TAG)..];
            continue;
        };
        rest = &rest[tag.len()..];
        let content = if name == "script" {
            let end = end_of_script(rest);
            let content = &rest[..end];
            rest = &rest[end..];
            content
        } else {
            ""
        };
        if kept.len() + tag.len() + content.len() > MAX_KEPT {
            break;
        }
        kept.push_str(tag);
        kept.push_str(content);
        if matches!(name, "script" | "form" | "title") {
            kept.push_str("</");
            kept.push_str(name);
            kept.push('>');
        }
    }
    kept
}

/// Returns which of the tags that are kept `html` begins with.
fn kept_name(html: &str) -> Option<&'static str> {
    let after = html.as_bytes().get(1..)?;
    KEPT.into_iter().find(|name| {
        after
            .get(..name.len())
            .is_some_and(|it| it.eq_ignore_ascii_case(name.as_bytes()))
            && after
                .get(name.len())
                .is_some_and(|it| it.is_ascii_whitespace() || matches!(it, b'>' | b'/'))
    })
}

/// Returns the tag that `html` begins with, to its `>` outside of quoted values.
fn tag(html: &str) -> Option<&str> {
    let (mut quote, mut before) = (None, b' ');
    for (at, byte) in html.bytes().enumerate().take(MAX_TAG) {
        match (quote, byte) {
            (None, b'>') => return Some(&html[..=at]),
            (None, b'"' | b'\'') if before == b'=' => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            before = byte;
        }
    }
    None
}

fn end_of_script(html: &str) -> usize {
    let mut at = 0;
    while let Some(found) = html[at..].find("</") {
        let after = &html.as_bytes()[at + found + 2..];
        if after
            .get(..6)
            .is_some_and(|it| it.eq_ignore_ascii_case(b"script"))
        {
            return at + found;
        }
        at += found + 2;
    }
    html.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tags_that_state_facts_are_kept() {
        let html = "<!doctype html><head><meta name='a' content='x > y'><title>T</title><!-- <meta> -->
            <b><i><Script src=x>if (a < b) '<meta>'</SCRIPT ></i></b><body class=z><form action='/p'><p><metal>";
        assert_eq!(
            head_matter(html),
            "<meta name='a' content='x > y'><title></title><Script src=x>if (a < b) '<meta>'</script>\
             <body class=z><form action='/p'></form>"
        );
    }

    #[test]
    fn what_breaks_off_is_no_tag() {
        for html in [
            "<",
            "<meta",
            "<meta a='",
            "<script>x",
            "<!-- <meta>",
            "</",
            "<script",
        ] {
            assert!(
                head_matter(html).len() <= html.len() + "</script>".len(),
                "{html}"
            );
        }
        let endless = "<meta x='".repeat(1_000_000);
        assert!(head_matter(&endless).len() <= MAX_KEPT);
    }
}
