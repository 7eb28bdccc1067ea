//! As much of HTTP/1.1 as it takes to answer one client, and to misbehave below the level of HTTP.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::fault::{End, Reply};

/// A request with its whole body.
pub(super) struct Request {
    pub(super) path: String,
    pub(super) authorization: String,
    pub(super) body: Vec<u8>,
}

/// Head and body together.
const MOST_BYTES: usize = 16 << 20;

/// Reads one request; `None` once the client is gone. `buffer` keeps what came behind it.
pub(super) async fn read(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> io::Result<Option<Request>> {
    let n_head = loop {
        if let Some(at) = buffer.windows(4).position(|it| it == b"\r\n\r\n") {
            break at + 4;
        }
        if !more(stream, buffer).await? {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&buffer[..n_head]).into_owned();
    let n_body: usize = header(&head, "content-length").parse().unwrap_or(0);
    let n_bytes = n_head.saturating_add(n_body);
    while buffer.len() < n_bytes {
        if !more(stream, buffer).await? {
            return Ok(None);
        }
    }
    let rest = buffer.split_off(n_bytes);
    let mut body = std::mem::replace(buffer, rest);
    body.drain(..n_head);
    Ok(Some(Request {
        path: head.split(' ').nth(1).unwrap_or_default().to_owned(),
        authorization: header(&head, "authorization").to_owned(),
        body,
    }))
}

async fn more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<bool> {
    if buffer.len() > MOST_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(stream.read_buf(buffer).await? > 0)
}

/// Returns a header's value; empty where there is none.
fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let mut pairs = head.lines().filter_map(|line| line.split_once(':'));
    let found = pairs.find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map_or("", |(_, value)| value.trim())
}

/// When every answer is from: a `Retry-After` with a date is meant against it.
const DATE: &str = "Sat, 21 Nov 2026 10:00:00 GMT";

/// Sends a reply; false once the connection is to be closed.
pub(super) async fn write(stream: &mut TcpStream, reply: Reply) -> io::Result<bool> {
    if reply.end == End::BeforeHead {
        return Ok(false);
    }
    if reply.end == End::Never {
        return std::future::pending().await;
    }
    tokio::time::sleep(reply.delay).await;
    let mut head = format!(
        "HTTP/1.1 {} Status\r\ndate: {DATE}\r\ncontent-type: {}\r\n",
        reply.status, reply.content_type
    );
    if reply.end != End::Endless {
        head.push_str(&format!("content-length: {}\r\n", reply.body.len()));
    }
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let half = reply.body.len() / 2;
    match reply.end {
        End::Whole if reply.drip.is_zero() => {
            let mut bytes = head.into_bytes();
            bytes.extend_from_slice(&reply.body);
            stream.write_all(&bytes).await?;
            return Ok(true);
        }
        _ => stream.write_all(head.as_bytes()).await?,
    }
    match reply.end {
        End::Whole => drip(stream, &reply.body, reply.drip).await?,
        End::InBody => stream.write_all(&reply.body[..half]).await?,
        End::AfterHead => return std::future::pending().await,
        End::Endless => loop {
            stream.write_all(&[b' '; 16 << 10]).await?;
        },
        End::BeforeHead | End::Never => {}
    }
    Ok(reply.end == End::Whole)
}

async fn drip(stream: &mut TcpStream, body: &[u8], pause: Duration) -> io::Result<()> {
    for piece in body.chunks(16) {
        tokio::time::sleep(pause).await;
        stream.write_all(piece).await?;
    }
    Ok(())
}
