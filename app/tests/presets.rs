//! Presets: the program's own, those of users, and what is none.

use serde_json::Value;

use crate::program::{Home, Run};
use crate::ranking::{
    BALANCED, assert_meets_reference, columns, eighteen, rank_eighteen, testdata,
};

#[test]
fn a_preset_of_ones_own_has_its_caps_and_its_name() {
    let home = Home::new();
    let text = BALANCED
        .replace("\"balanced\"", "\"mine\"")
        .replace("max_per_store = 0", "max_per_store = 3");
    home.write("mine.toml", text);
    let args = ["-k", "12", "--preset", "mine.toml"];
    let run = rank_eighteen(&home, &args);
    assert!(run.stdout.contains("preset mine"), "{run:#?}");
    assert_meets_reference(&home.read("top_k.csv"), "eighteen_balanced_capped.csv");
    let json = rank_eighteen(&home, &[&args[..], &["--json"]].concat());
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["preset"], "mine");
    assert_eq!(json["weights"]["demand"], 0.2);
    assert_eq!(json["rows"][8]["rank"], 9);
    let reference = std::fs::read_to_string(testdata("eighteen_balanced_capped.csv")).unwrap();
    for (row, expected) in columns(&reference, &["rank_uncapped"]).iter().enumerate() {
        assert_eq!(
            json["rows"][row]["rank_uncapped"].as_f64(),
            Some(expected[0])
        );
    }
}

#[test]
fn weights_of_ones_own_count_in_both_ways_of_scoring() {
    let home = Home::new();
    home.write(
        "fresh.toml",
        "name = \"fresh\"\nmethod = \"quantiles\"\n[weights]\nfreshness = 2\n[stability]\ndraws = 0\n",
    );
    rank_eighteen(&home, &["--preset", "fresh.toml"]);
    let csv = home.read("top_k.csv");
    assert!(
        csv.contains(",coverage,contrib_demand,"),
        "no draws, no columns"
    );
    let rows = columns(&csv, &["score", "coverage", "contrib_freshness"]);
    assert!(rows.iter().all(|row| (row[0] - 0.5 - row[2]).abs() < 1e-12));
    let is_known = |row: &Vec<f64>| row[1] > 0.5;
    assert!(rows.iter().all(|row| is_known(row) || row[2].abs() < 1e-12));
    assert_eq!(rows.iter().filter(|row| is_known(row)).count(), 17);
    home.write(
        "sold.toml",
        "name = \"sold\"\nmethod = \"quantiles\"\n[weights]\ndemand = 1\n",
    );
    let nothing_known = rank_eighteen(&home, &["--preset", "sold.toml"]);
    assert!(
        nothing_known.stdout.contains("\nCoverage 0 %"),
        "{nothing_known:#?}"
    );
    assert!(!home.read("top_k.csv").contains("-0.0"));
    home.write(
        "tags.toml",
        "name = \"tags\"\nmethod = \"min_max\"\n[weights]\nnum_tags = 1\n",
    );
    rank_eighteen(&home, &["--preset", "tags.toml", "-k", "2"]);
    let rows = columns(
        &home.read("top_k.csv"),
        &["id", "score", "contrib_num_tags"],
    );
    assert_eq!(rows, [[104.0, 1.0, 1.0], [101.0, 0.75, 0.75]]);
}

#[test]
fn the_configured_preset_begins_at_the_configurations_folder() {
    let home = Home::new();
    std::fs::create_dir(home.path().join("etc")).unwrap();
    home.write(
        "etc/mine.toml",
        BALANCED.replace("\"balanced\"", "\"mine\""),
    );
    home.write("etc/my.toml", "[rank]\npreset = \"mine.toml\"\n");
    let (file, config) = (eighteen(), ["--config", "etc/my.toml"]);
    let rank = [&["rank", &file][..], &config].concat();
    assert!(home.ok(&rank).contains("preset mine"));
    let flag = home.run([&rank[..], &["--preset", "mine.toml"]].concat());
    flag.assert_fails(2, &["cannot read the preset mine.toml: No such file"]);
    let mut command = home.command(&rank);
    command.env("TROUVAILLE__RANK__PRESET", "mine.toml");
    let run = Run::from(command.output().unwrap());
    run.assert_fails(2, &["cannot read the preset mine.toml: No such file"]);
    let mut command = home.command(&rank);
    command.env("TROUVAILLE__RANK__PRESET", "classic");
    let run = Run::from(command.output().unwrap());
    assert!(run.stdout.contains("preset classic"), "{run:#?}");
    home.ok(["import", &file]);
    home.ok([&["report"][..], &config].concat());
    let again = "trouvaille report --config etc/my.toml --preset etc/mine.toml -k 50";
    assert!(home.read("report.html").contains(again));
    let again: Vec<&str> = again.split(' ').skip(1).collect();
    home.ok(&again);
    home.write("etc/my.toml", "[rank]\npreset = \"fair\"\n");
    home.run([&["check"][..], &config].concat())
        .assert_fails(2, &["unknown preset \"fair\""]);
}

#[test]
fn a_copy_of_a_preset_may_keep_its_name_while_it_says_the_same() {
    let home = Home::new();
    home.write("copy.toml", format!("# Mine.\n{BALANCED}"));
    let copy = rank_eighteen(&home, &["--preset", "copy.toml", "--out", "-"]);
    assert_eq!(copy.stdout, rank_eighteen(&home, &["--out", "-"]).stdout);
}

#[test]
fn what_is_no_preset_is_told_with_what_would_be_right() {
    let home = Home::new();
    home.write("large.toml", format!("#{}", "x".repeat(64 << 10)));
    home.write("latin.toml", b"name = \"caf\xe9\"");
    home.write("broken.toml", "name = \"x\"\n[weights\n");
    home.write(
        "unknown.toml",
        BALANCED.replace("freshness =", "fresness ="),
    );
    home.write(
        "negative.toml",
        BALANCED.replace("demand = 0.20", "demand = -0.20"),
    );
    let no_weights = "name = \"x\"\nmethod = \"quantiles\"\n[weights]\ndemand = 0\n";
    home.write("nothing.toml", no_weights);
    home.write(
        "copy.toml",
        BALANCED.replace("demand = 0.20", "demand = 0.30"),
    );
    let file = eighteen();
    for (preset, words) in [
        (
            "magic",
            &["unknown preset \"magic\"", "\"balanced\"", "\"classic\""][..],
        ),
        (
            "Balance",
            &["unknown preset \"Balance\"", "did you mean \"balanced\"?"],
        ),
        (
            "none.toml",
            &["cannot read the preset none.toml: No such file"],
        ),
        (".", &["cannot read the preset .: it is no regular file"]),
        ("large.toml", &["preset large.toml", "larger than 64 KiB"]),
        ("latin.toml", &["preset latin.toml", "no UTF-8"]),
        ("broken.toml", &["wrong preset in broken.toml", "line 2"]),
        (
            "unknown.toml",
            &["wrong preset in unknown.toml", "fresness", "freshness"],
        ),
        (
            "negative.toml",
            &["negative.toml", "weights.demand", "-0.2", "must be 0, or"],
        ),
        ("nothing.toml", &["nothing.toml", "weights sum to 0"]),
        (
            "copy.toml",
            &[
                "copy.toml",
                "\"balanced\" is the program's own preset",
                "name = \"my-balanced\"",
            ],
        ),
    ] {
        let run = home.run(["rank", &file, "--preset", preset]);
        run.assert_fails(2, words);
        assert_eq!(run.stderr.lines().count(), 1, "{run:#?}");
    }
}
