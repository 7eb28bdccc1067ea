use super::*;

const KEY: &str = "s3cret-key";

fn config(changes: &str) -> Result<LlmConfig, String> {
    let mut table: toml::Table = toml::from_str(super::super::DEFAULT).unwrap();
    let changes: toml::Table = toml::from_str(changes).unwrap();
    super::super::merge(
        &mut table,
        toml::Table::from_iter([("llm".to_owned(), changes.into())]),
    );
    let config = super::super::Config::deserialize(table).map_err(|it| it.to_string())?;
    config.llm.check().map_err(|it| it.to_string())?;
    Ok(config.llm)
}

fn endpoint(config: &LlmConfig) -> EndpointConfig {
    match config.endpoint().unwrap() {
        Llm::Endpoint(endpoint) => *endpoint,
        Llm::None(why) => unreachable!("{why}"),
    }
}

fn why_none(config: &LlmConfig) -> &'static str {
    match config.endpoint().unwrap() {
        Llm::Endpoint(_) => "",
        Llm::None(why) => why,
    }
}

#[test]
fn nothing_is_asked_before_a_model_is_configured() {
    assert!(why_none(&config("").unwrap()).contains("set llm.model"));
    let with_key = config(&format!("api_key = '{KEY}'")).unwrap();
    assert!(why_none(&with_key).starts_with("a key is set, but no model"));
}

#[test]
fn openai_needs_a_key_and_others_may_not() {
    let without = config("model = 'm'").unwrap();
    assert!(why_none(&without).contains("no key for api.openai.com"));
    let own = config("model = 'm'\nbase_url = 'http://127.0.0.1:11434/v1/'").unwrap();
    let endpoint = endpoint(&own);
    assert_eq!(endpoint.base_url, "http://127.0.0.1:11434/v1");
    assert_eq!((endpoint.api_key, endpoint.temperature), (None, Some(0.0)));
}

#[test]
fn the_key_comes_from_one_place_and_is_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, format!(" {KEY}\r\n")).unwrap();
    let of_file = format!("model = 'm'\napi_key_file = '{}'", path.display());
    let from_file = config(&of_file).unwrap();
    assert_eq!(endpoint(&from_file).api_key.as_deref(), Some(KEY));
    let both = config(&format!("{of_file}\napi_key = '{KEY}'")).unwrap_err();
    assert!(
        both.contains("both are set") && !both.contains(KEY),
        "{both}"
    );
    let shown = config(&format!("api_key = '{KEY}'\nproxy = 'http://u:{KEY}@p'")).unwrap();
    assert!(!format!("{shown:?}").contains(KEY));
    for (bytes, words) in [
        (&b" \n"[..], "empty"),
        (b"s3cret\xff", "UTF-8"),
        (b"s3c ret", "visible"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let error = from_file.endpoint().unwrap_err().0;
        assert!(error.contains(words) && !error.contains("s3c"), "{error}");
    }
    std::fs::remove_file(&path).unwrap();
    let error = from_file.endpoint().unwrap_err().0;
    assert!(error.contains("No such file"), "{error}");
}

#[test]
fn addresses_that_cannot_work_are_refused_without_being_shown() {
    for (url, words) in [
        ("api.example.com/v1", "expected the address up to /v1"),
        ("ftp://api.example.com", "no http or https"),
        ("https://u:s3cret@api.example.com/v1", "llm.api_key"),
        ("https://api.example.com/v1?key=s3cret", "? or a #"),
        (
            "https://api.example.com/v1/chat/completions",
            "is added to it",
        ),
    ] {
        let error = config(&format!("base_url = '{url}'")).unwrap_err();
        assert!(
            error.contains(words) && !error.contains("s3cret"),
            "{error}"
        );
    }
    let error = config("proxy = 'socks5://u:s3cret@h'").unwrap_err();
    assert!(
        error.contains("llm.proxy") && !error.contains("s3cret"),
        "{error}"
    );
}

#[test]
fn values_out_of_range_are_refused_by_name() {
    for (change, words) in [
        (
            "in_flight = 0",
            "llm.in_flight = 0: expected a whole number from 1 to 256",
        ),
        ("in_flight = 257", "llm.in_flight = 257"),
        ("max_tokens = 1", "llm.max_tokens = 1"),
        ("max_tries = 0", "llm.max_tries = 0"),
        ("temperature = 3", "llm.temperature = 3"),
        ("temperature = 'hot'", "or \"default\""),
        ("deadline_seconds = nan", "llm.deadline_seconds = NaN"),
        ("max_cost = -1.0", "llm.max_cost = -1"),
        ("mode = 'xml'", "json_schema"),
        ("price_currency = 'dollars'", "such as USD"),
        (
            "prices = { m = { input = -1.0, output = 1 } }",
            "llm.prices.\"m\".input = -1",
        ),
        ("prices = { m = { in = 1.0, output = 1 } }", "input"),
    ] {
        let error = config(change).unwrap_err();
        assert!(error.contains(words), "{change}: {error}");
    }
    let own = config("temperature = 'default'\nmodel = 'm'\nbase_url = 'http://h/v1'").unwrap();
    assert_eq!(endpoint(&own).temperature, None);
}

#[test]
fn a_limit_of_the_cost_needs_a_price() {
    let unpriced = config("model = 'm'\nmax_cost = 0.5").unwrap();
    let error = unpriced.limits(BudgetFlags::default()).unwrap_err().0;
    assert!(error.contains("[llm.prices] \"m\" = { input = "), "{error}");
    let free = BudgetFlags {
        max_cost: Some(0.0),
        ..BudgetFlags::default()
    };
    assert_eq!(unpriced.limits(free).unwrap(), MeterLimits::default());
    let text = "model = 'm'\nmax_requests = 7\nmax_cost = 0.5\nbase_url = 'http://h'\nprices = { m = { input = 0.15, output = 1 } }";
    let priced = config(text).unwrap();
    let price = endpoint(&priced).price.unwrap();
    assert_eq!((price.input_nanos, price.output_nanos), (150, 1_000));
    let flags = BudgetFlags {
        max_tokens: Some(1_000),
        ..BudgetFlags::default()
    };
    let limits = priced.limits(flags).unwrap();
    assert_eq!(
        (limits.requests, limits.tokens, limits.cost_nanos),
        (Some(7), Some(1_000), Some(500_000_000))
    );
}

#[test]
fn money_is_never_shown_as_nothing() {
    assert_eq!(money(0, "USD"), "0.00 USD");
    assert_eq!(money(1, "USD"), "0.000001 USD");
    assert_eq!(money(21_300_000, "USD"), "0.0213 USD");
    assert_eq!(money(12_500_000_000, "EUR"), "12.50 EUR");
}
