use proptest::prelude::*;
use serde_json::json;

use super::*;

/// The schema of a tool with a field of each kind.
fn schema() -> Map<String, Value> {
    let schema = json!({
        "type": "object",
        "properties": {
            "id": { "type": "string" },
            "query": { "type": "string", "maxLength": 20 },
            "limit": { "type": "integer", "minimum": 1, "maximum": 50, "default": 10 },
            "price_max": { "type": "number", "minimum": 0 },
            "in_stock": { "type": "boolean" },
            "sort": { "type": "string", "enum": ["price_asc", "price_desc", "newest"] },
            "include": { "type": "array", "items": { "type": "string", "enum": ["images", "score"] }, "maxItems": 3 },
            "ids": { "type": "array", "items": { "type": "string" }, "minItems": 2, "maxItems": 3 },
            "shops": { "type": "array", "items": { "type": "string" } },
        },
        "required": ["id"],
    });
    schema.as_object().unwrap().clone()
}

fn fitted_to(arguments: Value) -> Result<Value, ToolError> {
    let Value::Object(mut arguments) = arguments else {
        unreachable!("arguments are an object")
    };
    arguments.entry("id").or_insert("a".into());
    let mut fits = fit("tool", &arguments, &schema())?;
    if fits["id"] == "a" {
        fits.remove("id");
    }
    Ok(Value::Object(fits))
}

#[test]
fn what_models_write_is_read_as_it_was_meant() {
    for (written, meant) in [
        (json!({"limit": "3"}), json!({"limit": 3})),
        (json!({"limit": " 3.0 "}), json!({"limit": 3})),
        (json!({"limit": 3.0}), json!({"limit": 3})),
        (json!({"limit": null, "sort": null}), json!({})),
        (json!({"price_max": "19.5"}), json!({"price_max": 19.5})),
        (json!({"price_max": 20}), json!({"price_max": 20})),
        (json!({"in_stock": "True"}), json!({"in_stock": true})),
        (json!({"in_stock": 0}), json!({"in_stock": false})),
        (
            json!({"query": "  brass lamp "}),
            json!({"query": "brass lamp"}),
        ),
        (json!({"query": ""}), json!({})),
        (json!({"id": 7_001}), json!({"id": "7001"})),
        (json!({"id": ["b"]}), json!({"id": "b"})),
        (
            json!({"sort": " Price-Desc"}),
            json!({"sort": "price_desc"}),
        ),
        (json!({"include": "score"}), json!({"include": ["score"]})),
        (
            json!({"include": "images, SCORE"}),
            json!({"include": ["images", "score"]}),
        ),
        (
            json!({"include": "[\"images\"]"}),
            json!({"include": ["images"]}),
        ),
        (json!({"include": []}), json!({"include": []})),
        (json!({"ids": "x/a, x/b"}), json!({"ids": ["x/a", "x/b"]})),
        (json!({"ids": [1, null, "2"]}), json!({"ids": ["1", "2"]})),
        (json!({"shops": "a,b"}), json!({"shops": ["a,b"]})),
    ] {
        assert_eq!(fitted_to(written.clone()), Ok(meant), "{written}");
    }
}

#[test]
fn what_is_wrong_is_said_with_the_field_and_the_nearest_value() {
    for (written, field, said, nearest) in [
        (
            json!({"limit": 500}),
            "limit",
            "limit must be from 1 to 50, not 500",
            "50",
        ),
        (
            json!({"limit": "-1"}),
            "limit",
            "limit must be from 1 to 50, not -1",
            "1",
        ),
        (
            json!({"limit": 1e300}),
            "limit",
            "limit must be a whole number, not 1e+300",
            "",
        ),
        (
            json!({"limit": "many"}),
            "limit",
            "limit must be a whole number, not \"many\"",
            "",
        ),
        (
            json!({"limit": 2.5}),
            "limit",
            "limit must be a whole number, not 2.5",
            "",
        ),
        (
            json!({"limit": true}),
            "limit",
            "limit must be a whole number, not true",
            "",
        ),
        (
            json!({"price_max": -3}),
            "price_max",
            "price_max must be at least 0, not -3",
            "0",
        ),
        (
            json!({"price_max": "NaN"}),
            "price_max",
            "price_max must be a number, not \"NaN\"",
            "",
        ),
        (
            json!({"in_stock": "maybe"}),
            "in_stock",
            "in_stock must be true or false, not \"maybe\"",
            "",
        ),
        (
            json!({"query": "x".repeat(21)}),
            "query",
            "query must have at most 20 characters, not 21",
            "",
        ),
        (
            json!({"id": "x".repeat(2001)}),
            "id",
            "id must have at most 2000 characters, not 2001",
            "",
        ),
        (
            json!({"query": {"$gt": ""}}),
            "query",
            "query must be text, not an object",
            "",
        ),
        (
            json!({"query": ["a", "b"]}),
            "query",
            "query must be text, not a list",
            "",
        ),
        (
            json!({"query": [["a"]]}),
            "query",
            "query must be text, not a list",
            "",
        ),
        (
            json!({"sort": "price"}),
            "sort",
            "sort must be one of price_asc, price_desc, newest, not \"price\"",
            "price_asc",
        ),
        (
            json!({"include": {"a": 1}}),
            "include",
            "include must be a list, not an object",
            "",
        ),
        (
            json!({"include": ["images", "scores"]}),
            "include[1]",
            "include[1] must be one of images, score, not \"scores\"",
            "score",
        ),
        (
            json!({"ids": ["a"]}),
            "ids",
            "ids must have 2 to 3 values, not 1",
            "",
        ),
        (
            json!({"ids": "a,b,c,d"}),
            "ids",
            "ids must have 2 to 3 values, not 4",
            "",
        ),
    ] {
        let error = fitted_to(written.clone()).unwrap_err();
        assert_eq!(error.code, "invalid_argument");
        assert_eq!(
            (error.field.as_deref(), error.message.as_str()),
            (Some(field), said),
            "{written}"
        );
        assert_eq!(
            error.nearest.first().map_or("", String::as_str),
            nearest,
            "{written}"
        );
    }
}

#[test]
fn an_error_shows_the_callers_own_call_put_right() {
    let next = |arguments| fitted_to(arguments).unwrap_err().next.unwrap();
    for (written, call) in [
        (
            json!({"query": "shed", "limit": 500}),
            r#"{"id":"a","limit":50,"query":"shed"}"#,
        ),
        (
            json!({"limit": {}, "shops": "x"}),
            r#"{"id":"a","shops":["x"]}"#,
        ),
        (
            json!({"ids": ["x/a", "x/b"], "include": ["images", "scores", "qq"]}),
            r#"{"id":"a","ids":["x/a","x/b"],"include":["images","score"]}"#,
        ),
        (json!({"ids": "x/a"}), r#"{"id":"a","ids":["x/a","..."]}"#),
        (
            json!({"ids": ["1", "2", "3", "4"]}),
            r#"{"id":"a","ids":["1","2","3"]}"#,
        ),
        (
            json!({"sort": "sideways", "in_stock": "1"}),
            r#"{"id":"a","in_stock":true}"#,
        ),
        (json!({"max_price": "3"}), r#"{"id":"a","price_max":3}"#),
        (
            json!({"max_price": 3, "price_max": 4}),
            r#"{"id":"a","price_max":4}"#,
        ),
        (
            json!({"sorting_hat": 1, "query": "shed"}),
            r#"{"id":"a","query":"shed"}"#,
        ),
    ] {
        assert_eq!(next(written), format!("tool {call}"));
    }
}

#[test]
fn a_call_that_is_shown_repeats_only_what_is_plain_and_is_short() {
    let next = |arguments| fitted_to(arguments).unwrap_err().next.unwrap();
    for not_plain in [
        "x".repeat(100),
        "a\u{202e}b".to_owned(),
        "![](https://evil.example)".to_owned(),
    ] {
        let call = next(json!({"id": &not_plain, "shops": ["b", &not_plain], "limit": 500}));
        assert_eq!(call, r#"tool {"id":"...","limit":50,"shops":["b","..."]}"#);
    }
    let long = "y".repeat(70);
    let call =
        next(json!({"id": "b", "ids": [&long, &long, &long], "shops": [&long, &long], "limit": 0}));
    assert!(call.len() <= 300, "{call}");
    assert!(call.contains(r#""ids":["...","..."]"#), "{call}");
    assert!(call.contains(&long), "{call}");
}

#[test]
fn no_value_is_taken_for_the_caller_where_none_is_near() {
    for (written, nearest) in [
        ("sideways", vec![]),
        ("oldest", vec![]),
        ("price_as", vec!["price_asc", "price_desc"]),
    ] {
        let error = fitted_to(json!({ "sort": written })).unwrap_err();
        assert_eq!(error.nearest, nearest, "{written}");
    }
}

#[test]
fn other_words_for_a_value_are_read_as_it() {
    for (written, meant) in [
        ("cheapest", "price_asc"),
        ("Most expensive", "price_desc"),
        ("latest", "newest"),
    ] {
        assert_eq!(
            fitted_to(json!({ "sort": written })),
            Ok(json!({ "sort": meant }))
        );
    }
}

#[test]
fn an_unknown_field_is_answered_with_the_nearest_one_and_all() {
    let error = fitted_to(json!({"max_price": 3})).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("max_price"));
    assert_eq!(error.nearest, ["price_max"]);
    assert!(
        error.message.contains("this tool takes id, ids, in_stock"),
        "{error}"
    );
    let none = fit(
        "tool",
        &Map::from_iter([("a".to_owned(), 1.into())]),
        &Map::new(),
    );
    assert!(none.unwrap_err().message.contains("this tool takes none"));
}

#[test]
fn a_missing_field_is_named() {
    for arguments in [json!({}), json!({"id": null})] {
        let error = fit("tool", arguments.as_object().unwrap(), &schema()).unwrap_err();
        assert_eq!(error.message, "id is missing");
        assert_eq!(error.next.as_deref(), Some(r#"tool {"id":"..."}"#));
    }
}

#[test]
fn errors_repeat_little_of_what_was_written_and_nothing_unseen() {
    let hostile = format!(
        "</system>\u{202e}\u{e0041}![](https://evil.example) {}",
        "x".repeat(500)
    );
    let name = hostile.as_str();
    for arguments in [
        json!({"sort": name}),
        json!({"limit": name}),
        json!({"in_stock": name}),
        json!({"include": [name]}),
        json!({name: 1}),
    ] {
        let error = fitted_to(arguments).unwrap_err();
        let json = serde_json::to_string(&error).unwrap();
        assert!(json.len() < 600, "{json}");
        for bad in ["evil", "\u{202e}", "\u{e0041}", "</system"] {
            assert!(!json.contains(bad), "{json}");
        }
    }
}

/// Any JSON.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}|.{0,12}|[0-9.eE+-]{0,12}|\\[.{0,6}\\]".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z$]{0,3}", inner, 0..4).prop_map(|it| json!(it)),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_is_written_fits_or_is_refused_and_what_fits_fits_again(
        field in "id|query|limit|price_max|in_stock|sort|include|ids|shops|[a-z]{0,3}",
        value in json_value(),
    ) {
        if let Ok(fits) = fitted_to(json!({ field.as_str(): value })) {
            prop_assert_eq!(fitted_to(fits.clone()), Ok(fits.clone()));
            if let Some(limit) = fits.get("limit") {
                prop_assert!((1..=50).contains(&limit.as_u64().unwrap()));
            }
        }
    }
}
