//! The least HTTP/1.1 client that can look at every byte of an answer.

use std::io::Read;
use std::net::SocketAddr;

use serde_json::Value;
use testkit::{Catalogue, FakeShop, FaultPlan, NORTH_LOFT};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(it, _)| it == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The ids of the products, in order.
    pub(crate) fn ids(&self) -> Vec<u64> {
        let json = self.json();
        let products = json["products"].as_array().unwrap();
        products
            .iter()
            .map(|it| it["id"].as_u64().unwrap())
            .collect()
    }
}

/// A healthy shop with so many products.
pub(crate) async fn shop(n_products: usize) -> FakeShop {
    faulty_shop(n_products, FaultPlan::none()).await
}

pub(crate) async fn faulty_shop(n_products: usize, plan: FaultPlan) -> FakeShop {
    let catalogue = Catalogue::generate(&NORTH_LOFT, n_products, 1);
    FakeShop::start(catalogue, plan).await.unwrap()
}

pub(crate) async fn get(shop: &FakeShop, path: &str) -> Answer {
    get_with(shop.addr(), path, "").await
}

pub(crate) async fn get_with(addr: SocketAddr, path: &str, headers: &str) -> Answer {
    let mut stream = send(addr, path, headers).await;
    let mut bytes = vec![];
    stream.read_to_end(&mut bytes).await.unwrap();
    parse(&bytes)
}

/// Asks the shop under another name than `shop.example`.
pub(crate) async fn get_at(shop: &FakeShop, host: &str, path: &str) -> Answer {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    whole(shop, &request).await
}

pub(crate) async fn post(shop: &FakeShop, path: &str, document: &Value) -> Answer {
    let body = document.to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    whole(shop, &request).await
}

async fn whole(shop: &FakeShop, request: &str) -> Answer {
    let mut stream = TcpStream::connect(shop.addr()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = vec![];
    stream.read_to_end(&mut bytes).await.unwrap();
    parse(&bytes)
}

/// Sends a request and leaves the answer unread.
pub(crate) async fn send(addr: SocketAddr, path: &str, headers: &str) -> TcpStream {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

pub(crate) fn parse(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|it| it == b"\r\n\r\n").unwrap();
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let (status_line, header_lines) = head.split_once("\r\n").unwrap();
    let headers: Vec<(String, String)> = header_lines
        .split("\r\n")
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect();
    let mut answer = Answer {
        status: status_line.split(' ').nth(1).unwrap().parse().unwrap(),
        headers,
        body: bytes[end + 4..].to_vec(),
    };
    if answer.header("transfer-encoding") == Some("chunked") {
        answer.body = without_chunks(&answer.body);
    }
    answer
}

fn without_chunks(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = vec![];
    loop {
        let end = bytes.windows(2).position(|it| it == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return body;
        }
        body.extend(&bytes[end + 2..end + 2 + size]);
        bytes = &bytes[end + 2 + size + 2..];
    }
}

pub(crate) fn inflated(bytes: &[u8]) -> Vec<u8> {
    let mut inflated = vec![];
    flate2::read::GzDecoder::new(bytes)
        .read_to_end(&mut inflated)
        .unwrap();
    inflated
}
