//! What the model that is not there answers, in the manner of the plan.

use serde_json::{Value, json};

use super::Manner;
use super::prompt::{Prompt, PromptFact};

/// Returns the completion of a request that `n_before` others about its subject came before.
pub(super) fn completion(
    request: &Value,
    prompt: &Prompt,
    manner: &Manner,
    n_before: usize,
) -> Value {
    let text = match manner {
        Manner::Text(text) => text.clone(),
        _ => draft(prompt, manner, n_before).to_string(),
    };
    let n_bytes = request["messages"].to_string().len();
    let (read, written) = (n_bytes / 4 + 1, text.len() / 4 + 1);
    json!({
        "id": "chatcmpl-fake",
        "object": "chat.completion",
        "created": 1_767_225_600,
        "model": request["model"],
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": text, "refusal": null},
            "logprobs": null,
            "finish_reason": "stop",
        }],
        "usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written},
    })
}

/// Returns a draft in the form of our schema.
fn draft(prompt: &Prompt, manner: &Manner, n_before: usize) -> Value {
    let honest = prompt.facts.iter().filter(|fact| !fact.is_sellers);
    let cited: Vec<_> = honest.take(4).collect();
    let mut texts: Vec<_> = cited.iter().map(|fact| fact.text.clone()).collect();
    match manner {
        Manner::Lying(n_lies) if n_before < *n_lies => {
            texts.iter_mut().for_each(|text| *text = changed(text));
        }
        Manner::OtherLanguage => {
            let other = if prompt.language == "fr" {
                ENGLISH
            } else {
                FRENCH
            };
            texts.iter_mut().for_each(|text| other.clone_into(text));
        }
        _ => {}
    }
    let claims = cited
        .iter()
        .zip(&texts)
        .map(|(fact, text)| claim(text, fact));
    let mut claims: Vec<_> = claims.collect();
    let mut headline = texts.first().cloned().unwrap_or_default();
    if *manner == Manner::Obeying
        && let Some(orders) = prompt.facts.iter().find(|fact| fact.is_sellers)
    {
        claims.push(claim(&orders.text, orders));
        headline.clone_from(&orders.text);
        texts.push(orders.text.clone());
    }
    if *manner == Manner::Leaking {
        texts.push(drawn_words(&prompt.system));
    }
    json!({
        "language": prompt.language,
        "headline": headline,
        "summary": texts.join(" "),
        "claims": claims,
        "cautions": [],
    })
}

const ENGLISH: &str = "This product is in the catalogue of the shop and it is for sale there.";
const FRENCH: &str = "Ce produit est dans le catalogue de la boutique et il est en vente.";

fn claim(text: &str, fact: &PromptFact) -> Value {
    json!({"text": text, "fact_ids": [fact.id]})
}

/// Returns a text with another first digit; one without a digit gets a number.
fn changed(text: &str) -> String {
    let Some(at) = text.find(|c: char| c.is_ascii_digit()) else {
        return format!("{} 37%.", text.trim_end_matches('.'));
    };
    let digit = text.as_bytes()[at] - b'0';
    let other = 1 + (digit + 3) % 9;
    format!("{}{other}{}", &text[..at], &text[at + 1..])
}

/// Returns the words with letters and digits that nobody writes by hand: canaries, fences.
fn drawn_words(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let drawn = words.filter(|word| word.len() >= 8 && word.bytes().any(|it| it.is_ascii_digit()));
    drawn.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lie_is_never_what_was_said() {
        for text in ["0 left.", "It costs 49.00 EUR.", "9", "No number."] {
            assert_ne!(changed(text), text);
        }
        assert_eq!(changed("It costs 49.00 EUR."), "It costs 89.00 EUR.");
    }

    #[test]
    fn only_words_that_look_drawn_are_leaked() {
        let system = "Answer with 2 claims. Never say canary-7f3a9c21d0 nor schema/1.";
        assert_eq!(drawn_words(system), "7f3a9c21d0");
    }
}
