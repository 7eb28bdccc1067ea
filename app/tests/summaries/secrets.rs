//! An endpoint that repeats the key wherever it can: nothing that stays behind or is shown has it.

use serde_json::{Value, json};
use testkit::{LlmFault, LlmOn, LlmPlan};

use super::{KEY, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_the_endpoint_repeats_is_neither_shown_nor_stored() {
    let said = format!("Bearer {KEY}");
    let completion = |message: Value| {
        let body = json!({ "model": said, "choices": [{ "message": message }] });
        LlmFault::Custom(200, "application/json", body.to_string())
    };
    for fault in [
        completion(json!({ "content": format!("{{\"{said}\": 1}}") })),
        completion(json!({ "refusal": said })),
        LlmFault::Redirect(format!("https://example.com/{said}")),
    ] {
        let world = World::of(1, LlmPlan::none().fault(LlmOn::any(), fault.clone())).await;
        // It looks at what is shown.
        world.run(&["-vv", "--out", "texts.md"]);
        for entry in std::fs::read_dir(world.home.path()).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap_or_default();
            let is_in = bytes.windows(KEY.len()).any(|it| it == KEY.as_bytes());
            assert!(!is_in, "{fault:?}: {}", path.display());
        }
    }
}
