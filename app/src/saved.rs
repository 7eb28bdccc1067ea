//! Saved shop responses: `.json` documents and `.jsonl` lines, plain or gzip, under a bound of memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use catalog::{IdError, ShopKey};
use flate2::bufread::MultiGzDecoder;

/// The most bytes of one document, inflated; of one line in a file of lines.
const MAX_DOCUMENT_BYTES: u64 = 256 << 20;

/// One file of saved responses.
#[derive(Debug, Clone)]
pub(crate) struct SavedFile {
    path: PathBuf,
    is_packed: bool,
    has_lines: bool,
}

/// Where a document stands in its file, counted in inflated bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub(crate) offset: u64,
    pub(crate) n_bytes: u64,
}

impl SavedFile {
    /// Opens `path` once to see what it is: gzip by its first bytes, lines by its name (`.jsonl`, `.ndjson`).
    pub(crate) fn inspect(path: &Path) -> io::Result<Self> {
        // A second look at a file must find the same bytes, which no pipe can promise.
        if !std::fs::metadata(path)?.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is no regular file",
            ));
        }
        let mut first = Vec::new();
        File::open(path)?.take(2).read_to_end(&mut first)?;
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        Ok(Self {
            path: path.to_owned(),
            is_packed: first == [0x1f, 0x8b],
            has_lines: name.ends_with(".jsonl") || name.ends_with(".ndjson"),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns whether every line is a document of its own.
    pub(crate) fn has_lines(&self) -> bool {
        self.has_lines
    }

    /// Returns a reader of the file's documents, in their order; empty lines are none.
    pub(crate) fn documents(&self) -> io::Result<Documents> {
        Ok(Documents {
            reader: self.reader()?,
            has_lines: self.has_lines,
            offset: 0,
            n_given: 0,
            buffer: Vec::new(),
        })
    }

    /// Reads the documents at `spans`, which are in the file's order.
    pub(crate) fn read_at(&self, spans: &[Span]) -> io::Result<Vec<Vec<u8>>> {
        let mut documents = Vec::with_capacity(spans.len());
        if self.is_packed {
            let mut reader = self.reader()?;
            let mut position = 0;
            for span in spans {
                io::copy(
                    &mut reader.by_ref().take(span.offset - position),
                    &mut io::sink(),
                )?;
                documents.push(read_exactly(&mut reader, span.n_bytes)?);
                position = span.offset + span.n_bytes;
            }
        } else {
            let mut file = File::open(&self.path)?;
            for span in spans {
                file.seek(SeekFrom::Start(span.offset))?;
                documents.push(read_exactly(&mut file, span.n_bytes)?);
            }
        }
        Ok(documents)
    }

    fn reader(&self) -> io::Result<Box<dyn BufRead>> {
        let file = BufReader::with_capacity(1 << 18, File::open(&self.path)?);
        if self.is_packed {
            return Ok(Box::new(BufReader::with_capacity(
                1 << 18,
                MultiGzDecoder::new(file),
            )));
        }
        Ok(Box::new(file))
    }
}

/// Reads one document after the other.
pub(crate) struct Documents {
    reader: Box<dyn BufRead>,
    has_lines: bool,
    offset: u64,
    /// Bytes of the reader's own buffer that were given out and are to be passed over.
    n_given: usize,
    /// A document that does not stand in the reader's buffer as a whole.
    buffer: Vec<u8>,
}

impl Documents {
    /// Returns the next document and its place, or `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<(Span, &[u8])>> {
        loop {
            self.reader.consume(std::mem::take(&mut self.n_given));
            let n_in_place = if self.has_lines {
                line_length(self.reader.fill_buf()?)
            } else {
                None
            };
            let n_bytes = match n_in_place {
                Some(n_bytes) => n_bytes as u64,
                None => self.copy_next()?,
            };
            if n_bytes == 0 {
                return Ok(None);
            }
            let span = Span {
                offset: self.offset,
                n_bytes,
            };
            self.offset += n_bytes;
            self.n_given = n_in_place.unwrap_or(0);
            let is_blank = match n_in_place {
                Some(n_bytes) => self.reader.fill_buf()?[..n_bytes].trim_ascii().is_empty(),
                None => self.buffer.trim_ascii().is_empty(),
            };
            if is_blank {
                continue;
            }
            let document = match n_in_place {
                Some(n_bytes) => &self.reader.fill_buf()?[..n_bytes],
                None => &self.buffer,
            };
            if span.offset == 0
                && memchr::memmem::find(document, b"\"popularity_source\":").is_some()
            {
                let text = "it is a list that trouvaille wrote, not a shop's answer; rank or export the store itself";
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
            return Ok(Some((span, document.trim_ascii())));
        }
    }

    /// Copies the next document, and returns its length; 0 at the end.
    fn copy_next(&mut self) -> io::Result<u64> {
        self.buffer.clear();
        let mut bounded = self.reader.by_ref().take(MAX_DOCUMENT_BYTES + 1);
        let n_bytes = if self.has_lines {
            bounded.read_until(b'\n', &mut self.buffer)?
        } else {
            bounded.read_to_end(&mut self.buffer)?
        } as u64;
        if n_bytes > MAX_DOCUMENT_BYTES {
            let what = if self.has_lines {
                "a line"
            } else {
                "the document"
            };
            let text = format!("{what} is larger than {} MiB", MAX_DOCUMENT_BYTES >> 20);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
        }
        Ok(n_bytes)
    }
}

/// Returns the length of the first line of `bytes`, its end included, if the end is there.
fn line_length(bytes: &[u8]) -> Option<usize> {
    memchr::memchr(b'\n', bytes).map(|at| at + 1)
}

/// Returns the shop's key that a file's name gives: `shop.example.json.gz` is `shop.example`.
pub(crate) fn shop_key_of(path: &Path) -> Result<ShopKey, IdError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut stem = name.as_ref();
    for ending in [".gz", ".json", ".jsonl", ".ndjson"] {
        stem = stem.strip_suffix(ending).unwrap_or(stem);
    }
    ShopKey::encode(stem)
}

fn read_exactly(reader: &mut impl Read, n_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(n_bytes).read_to_end(&mut bytes)?;
    Ok(bytes.trim_ascii().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, SavedFile) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let saved = SavedFile::inspect(&path).unwrap();
        (folder, saved)
    }

    fn documents(saved: &SavedFile) -> Vec<(Span, String)> {
        let mut found = Vec::new();
        let mut documents = saved.documents().unwrap();
        while let Some((span, bytes)) = documents.next().unwrap() {
            found.push((span, String::from_utf8(bytes.to_vec()).unwrap()));
        }
        found
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn lines_and_documents_come_with_their_places_and_can_be_read_again() {
        let text = b"{\"a\":1}\n\n{\"b\":2}\r\n{\"c\":3}";
        for (name, bytes) in [("x.jsonl", text.to_vec()), ("x.jsonl.gz", gzip(text))] {
            let (_folder, saved) = file(name, &bytes);
            let found = documents(&saved);
            let texts: Vec<&str> = found.iter().map(|(_, text)| text.as_str()).collect();
            assert_eq!(texts, ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"]);
            let again = saved.read_at(&[found[0].0, found[2].0]).unwrap();
            assert_eq!(again, [b"{\"a\":1}", b"{\"c\":3}"]);
        }
    }

    #[test]
    fn a_json_file_is_one_document() {
        let (_folder, saved) = file("shop.example.json", b"[\n{},\n{}\n]\n");
        assert_eq!(documents(&saved).len(), 1);
        assert_eq!(shop_key_of(saved.path()).unwrap().as_str(), "shop.example");
    }

    #[test]
    fn our_own_lists_and_what_is_no_file_are_refused() {
        let (folder, saved) = file(
            "x.jsonl",
            b"{\"id\":\"1\",\"popularity_source\":\"simulated\"}",
        );
        assert!(saved.documents().unwrap().next().is_err());
        assert!(SavedFile::inspect(folder.path()).is_err());
    }

    #[test]
    fn a_broken_gzip_is_an_error() {
        let mut bytes = gzip(b"{\"a\":1}");
        bytes.truncate(bytes.len() - 6);
        let (_folder, saved) = file("x.json.gz", &bytes);
        assert!(saved.documents().unwrap().next().is_err());
    }
}
