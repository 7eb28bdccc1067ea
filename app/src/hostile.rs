//! Hostile bytes for what the program reads from disk: its configuration and saved answers.

use std::fs::{self, File};
use std::io::{Read, Seek, Write};

use flate2::bufread::MultiGzDecoder;
use testkit::feed_hostile_bytes;

use crate::config::Config;
use crate::exit::UsageError;
use crate::saved::{SavedFile, Span};

const CONFIGURATIONS: [&[u8]; 4] = [
    include_bytes!("../../config/default.toml"),
    include_bytes!("../../config/example.toml"),
    b"log = 'json'\n[crawl]\nallow_private = [\"10.0.0.0/8\", \"::1/128\"]\nresume_hours = 1e1\n[currencies]\n'a.b' = 'eur'\n",
    b"[crawl]\nproxy = 'http://u:p@h:1'\nallow_ports = [8443]\n[identity]\nkey_file = 'k'\nsignature_agent = 'https://o.example'\n\
    [identity.merchants.'a.b']\nsignature_agent = '\"https://a.b\"'\nsignature = 's=:YQ==:'\nexpires = 2026-12-01\n\
    signature_input = 's=(\"@authority\" \"x\";key=\"y\" \"@query-param\";name=\"z\");expires=1;tag=\"t\"'\n",
];

const SAVED: [&[u8]; 4] = [
    b"{\"id\":1}\n\n{\"id\":2,\"title\":\"caf\xc3\xa9\"}\r\n  \n{\"id\":3}",
    include_bytes!("../../agents/crawler/testdata/shopify/storefront.json"),
    include_bytes!("../../agents/crawler/testdata/hostile/gzip/members.gz"),
    include_bytes!("../../agents/crawler/testdata/hostile/gzip/stored.gz"),
];

/// The size of the buffer through which files are read: lines across its end take another way than others.
const BUFFER_SIZE: usize = 1 << 18;

#[test]
fn hostile_configurations_are_loaded_or_refused_on_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let mut file = File::create(&path).unwrap();
    feed_hostile_bytes("configuration", &CONFIGURATIONS, |text| {
        overwrite(&mut file, &[text]);
        match Config::load(Some(&path)) {
            Ok(config) => {
                // Every setting that passes can be used.
                let fetch_config = config.crawl.fetch_config();
                assert!(fetch_config.max_tries >= 1);
                for shop in config.currencies.keys() {
                    assert_eq!(config.currencies[shop].trim().len(), 3);
                }
            }
            Err(error) => {
                let told = format!("{error:#}");
                assert!(error.is::<UsageError>(), "{told}");
                assert!(!told.contains('\n'), "{told}");
            }
        }
    });
}

#[test]
fn hostile_saved_files_give_their_lines_and_the_same_ones_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saved.jsonl");
    let mut file = File::create(&path).unwrap();
    let filler = b"{\"filler\":true}\n".repeat(BUFFER_SIZE / 16);
    feed_hostile_bytes("saved files", &SAVED, |bytes| {
        if bytes.len() % 32 == 0 && !bytes.starts_with(&[0x1f, 0x8b]) {
            let before = &filler[..BUFFER_SIZE - bytes.len() % 977];
            overwrite(&mut file, &[before, bytes]);
        } else {
            overwrite(&mut file, &[bytes]);
        }
        let saved = SavedFile::inspect(&path).unwrap();
        let Ok(found) = documents(&saved) else {
            return;
        };
        let expected = lines(&fs::read(&path).unwrap());
        assert!(
            found == expected,
            "{} and not {} lines",
            found.len(),
            expected.len()
        );
        let some: Vec<Span> = found
            .iter()
            .rev()
            .take(3)
            .rev()
            .map(|(span, _)| *span)
            .collect();
        let again = saved.read_at(&some).unwrap();
        for (text, (_, first)) in again.iter().rev().zip(found.iter().rev()) {
            assert!(text == first);
        }
    });
}

/// Gives a file other bytes. Making it anew would have some file systems write each one to the disk.
fn overwrite(file: &mut File, parts: &[&[u8]]) {
    file.rewind().unwrap();
    for part in parts {
        file.write_all(part).unwrap();
    }
    let n_bytes = file.stream_position().unwrap();
    file.set_len(n_bytes).unwrap();
}

fn documents(saved: &SavedFile) -> std::io::Result<Vec<(Span, Vec<u8>)>> {
    let mut documents = saved.documents()?;
    let mut found = vec![];
    while let Some((span, text)) = documents.next()? {
        found.push((span, text.to_vec()));
    }
    Ok(found)
}

/// Returns what [`documents`] must, from the file as a whole.
fn lines(bytes: &[u8]) -> Vec<(Span, Vec<u8>)> {
    let mut inflated = vec![];
    let text = if bytes.starts_with(&[0x1f, 0x8b]) {
        MultiGzDecoder::new(bytes)
            .read_to_end(&mut inflated)
            .unwrap();
        &inflated
    } else {
        bytes
    };
    let mut offset = 0;
    let mut found = vec![];
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let n_bytes = line.len() as u64;
        if !line.trim_ascii().is_empty() {
            found.push((Span { offset, n_bytes }, line.trim_ascii().to_vec()));
        }
        offset += n_bytes;
    }
    found
}
