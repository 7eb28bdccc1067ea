//! What docs/operations.md says is seen when something is wrong is what is seen. Full disks, clocks and kills have tests of
//! their own.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::house::root;
use crate::program::{Home, PROGRAM, Run};

const PAGE: &str = include_str!("../../docs/operations.md");

/// Where SQLite keeps a file's `user_version`, four bytes, the highest first: its file format, section 1.3.
const USER_VERSION: u64 = 60;

/// A call that is wrong in one way.
struct Wrong {
    args: &'static [&'static str],
    /// A setting in the environment.
    setting: (&'static str, &'static str),
    code: i32,
    /// What is said, here and on the page.
    words: &'static str,
}

#[test]
fn what_is_wrong_with_a_setting_is_said_as_the_page_has_it() {
    let home = Home::new();
    let wrong = |args, setting, code, words| Wrong {
        args,
        setting,
        code,
        words,
    };
    let cases = [
        wrong(
            &["check", "--store", "mongodb://me@127.0.0.1:1/x"],
            ("MONGODB__PASSWORD_FILE", "/run/secrets/none"),
            2,
            "cannot read mongodb.password_file /run/secrets/",
        ),
        wrong(
            &["mcp", "--http"],
            ("HTTP__TOKENS", ""),
            2,
            "wrong configuration in the environment variable TROUVAILLE__HTTP__TOKENS: http.tokens: expected a list",
        ),
        wrong(
            &["agent", "shopify", "--listen", "0.0.0.0:8800"],
            ("LOG", "text"),
            2,
            "--listen 0.0.0.0:8800 lets other machines in, and nobody is asked who they are: set http.tokens",
        ),
        wrong(
            &["check"],
            ("STROE", "x"),
            2,
            "unknown configuration key \"stroe\" in the environment variable TROUVAILLE__STROE: did you mean \"store\"?",
        ),
        wrong(
            &["check"],
            ("STORE", "postgres://x/y"),
            2,
            "cannot use the store postgres://x/y: use sqlite:PATH",
        ),
        wrong(
            &["check"],
            ("STORE", "mongodb+srv://db.example/x"),
            2,
            "this build does not look up SRV records; use the form mongodb://host1,host2/db",
        ),
        wrong(
            &["rank"],
            ("STORE", "sqlite:none.db"),
            1,
            "there is no store yet",
        ),
        wrong(
            &["check"],
            ("STORE", "sqlite:no-store.txt"),
            1,
            "it is not a SQLite database, or it is damaged",
        ),
    ];
    home.write("no-store.txt", "a text ".repeat(900));
    for it in cases {
        let mut command = home.bare_command(Path::new(PROGRAM));
        let (name, value) = it.setting;
        command
            .args(it.args)
            .env(format!("TROUVAILLE__{name}"), value);
        let run: Run = command.output().unwrap().into();
        run.assert_fails(it.code, &[it.words]);
        assert!(PAGE.contains(it.words), "the page lacks {:?}", it.words);
    }
}

#[test]
fn a_store_of_a_newer_version_is_refused_and_left_as_it_is() {
    let home = Home::new();
    home.ok(["shops", "add", "shop.example", "--store", "sqlite:shop.db"]);
    let path = home.path().join("shop.db");
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.write_all_at(&99_u32.to_be_bytes(), USER_VERSION)
        .unwrap();
    let before = fs::read(&path).unwrap();
    let words = [
        "has schema version",
        "and this program knows up to",
        "use a newer trouvaille, or another --store",
    ];
    for args in [
        &["check"][..],
        &["rank"],
        &["crawl", "--all"],
        &[
            "agent",
            "shopify",
            "--listen",
            "127.0.0.1:0",
            "--ops",
            "none",
        ],
        &["export", "products"],
    ] {
        let run = home.run(args.iter().chain(&["--store", "sqlite:shop.db"]));
        run.assert_fails(1, &words);
        assert!(run.stderr.contains("schema version 99"), "{run:#?}");
    }
    assert!(words.iter().all(|it| PAGE.contains(it)));
    assert!(fs::read(&path).unwrap() == before);
}

/// Kustomize renders what it is given, and a misspelt name ends each Pod that has it.
#[test]
fn every_variable_that_a_manifest_sets_is_a_setting() {
    let home = Home::new();
    let mut folders = vec![root().join("k8s")];
    let mut files = vec![
        root().join("compose.yaml"),
        root().join("Dockerfile"),
        root().join("Dockerfile.local"),
    ];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false => files.push(entry.path()),
            }
        }
    }
    let mut names = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(file).unwrap();
        let is_of_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
        let words = text.split(|char| !is_of_name(char));
        names.extend(
            words
                .filter(|it| it.starts_with("TROUVAILLE__"))
                .map(str::to_owned),
        );
    }
    assert!(names.len() >= 10, "{names:?}");
    names.insert("TROUVAILLE__NO__SUCH_KEY".to_owned());
    let unknown = |name: &&String| {
        let mut check = home.command(["check"]);
        check.env(name, "x");
        let run = Run::from(check.output().unwrap());
        run.stderr.contains("error: unknown configuration ")
    };
    let unknown: Vec<&String> = names.iter().filter(unknown).collect();
    assert_eq!(unknown, ["TROUVAILLE__NO__SUCH_KEY"]);
}
