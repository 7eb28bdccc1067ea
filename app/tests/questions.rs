//! Real questions of people, the calls that answer them, and the facts that a right answer needs: each fact is in
//! reach of three calls at most.

mod shops;

use serde::Deserialize;
use serde_json::Value;

use crate::past::run_at;
use crate::program::Home;
use shops::{NOW, Shops};

/// `questions.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Questions {
    question: Vec<Question>,
}

/// What a person asks of an assistant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    ask: String,
    /// Tool and arguments. `{1/products/0/id}` stands for a value of the first call's answer.
    calls: Vec<(String, String)>,
    /// The call's number, where in its answer, and what is there.
    facts: Vec<(usize, String, toml::Value)>,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fact_is_in_reach_of_three_calls() {
    let home = Home::new();
    let shops = Shops::crawled(&home).await;
    let questions = include_str!("questions/questions.toml");
    let Questions {
        question: questions,
    } = toml::from_str(questions).unwrap();
    assert!(questions.len() >= 25, "{}", questions.len());
    let wrong: Vec<String> = questions
        .iter()
        .flat_map(|it| it.wrong(&home, &shops))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

impl Question {
    /// Asks, and returns what is not as it should be.
    fn wrong(&self, home: &Home, shops: &Shops) -> Vec<String> {
        assert!(
            (1..=3).contains(&self.calls.len()) && !self.facts.is_empty(),
            "{}",
            self.ask
        );
        let mut answers: Vec<Value> = Vec::new();
        for (tool, arguments) in &self.calls {
            let arguments = filled(&shops.named(arguments), &answers);
            let run = run_at(NOW, home, ["query", tool, &arguments, "--json"]);
            match serde_json::from_str(&run.stdout) {
                Ok(answer) if run.code == Some(0) => answers.push(answer),
                _ => return vec![format!("{}: {tool} {arguments}: {run:#?}", self.ask)],
            }
        }
        let wrong = |(call, pointer, expected): &(usize, String, toml::Value)| {
            let expected = shops.named(&serde_json::to_string(expected).unwrap());
            let expected = filled(&expected, &answers);
            let expected: Value = serde_json::from_str(&expected).unwrap();
            let answer = &answers[call - 1];
            let found = answer.pointer(pointer);
            (found != Some(&expected)).then(|| {
                format!(
                    "{}: call {call}, {pointer}: {found:?}, not {expected}; in {answer:#}",
                    self.ask
                )
            })
        };
        self.facts.iter().filter_map(wrong).collect()
    }
}

/// Returns arguments with values of earlier answers.
fn filled(arguments: &str, answers: &[Value]) -> String {
    let mut filled = arguments.to_owned();
    for (n, answer) in (1..).zip(answers) {
        let mark = format!("{{{n}/");
        while let Some(begin) = filled.find(&mark) {
            let end = begin + filled[begin..].find('}').expect("a closing brace");
            let pointer = &filled[begin + mark.len() - 1..end];
            let value = answer
                .pointer(pointer)
                .and_then(Value::as_str)
                .expect(pointer)
                .to_owned();
            filled.replace_range(begin..=end, &value);
        }
    }
    filled
}
