//! What a shop remembers, and how it ends.

use std::net::SocketAddr;
use std::time::Duration;

use testkit::{Fault, FaultPlan, On};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::client::{faulty_shop, get_with, send, shop};

#[tokio::test]
async fn requests_are_remembered_in_order_with_their_headers() {
    let shop = shop(1).await;
    let headers = "User-Agent: Trial/1 (+https://trial.example)\r\nAccept-Encoding: gzip\r\n";
    get_with(shop.addr(), "/robots.txt", headers).await;
    get_with(shop.addr(), "/products.json?limit=250&page=1", "").await;
    let requests = shop.requests();
    let [robots, feed] = requests.as_slice() else {
        panic!("two requests, not {}", requests.len());
    };
    assert_eq!(
        (robots.method.as_str(), robots.path.as_str()),
        ("GET", "/robots.txt")
    );
    assert_eq!(robots.user_agent, "Trial/1 (+https://trial.example)");
    assert_eq!(
        (robots.host.as_str(), robots.accept_encoding.as_str()),
        ("shop.example", "gzip")
    );
    assert_eq!(feed.path, "/products.json?limit=250&page=1");
    assert!(feed.user_agent.is_empty() && feed.at >= robots.at);
    assert_eq!(shop.most_in_flight(), 1);
}

#[tokio::test]
async fn requests_at_the_same_time_are_counted() {
    let shop = faulty_shop(1, FaultPlan::none().fault(On::any(), Fault::Hang)).await;
    let first = send(shop.addr(), "/", "").await;
    let second = send(shop.addr(), "/", "").await;
    shop.wait_for_requests(2).await;
    assert_eq!(shop.most_in_flight(), 2);
    drop((first, second));
}

#[tokio::test]
async fn a_dropped_shop_refuses_connections() {
    let shop = shop(1).await;
    let addr = shop.addr();
    drop(shop);
    refused(addr).await;
}

#[tokio::test]
async fn a_stopped_shop_has_closed_its_port() {
    let shop = shop(1).await;
    let addr = shop.addr();
    shop.stop().await;
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn stopping_ends_answers_that_hang_and_bodies_that_nobody_reads() {
    let plan = FaultPlan::none()
        .fault(On::page(1), Fault::Hang)
        .fault(On::page(2), Fault::Huge { bytes: 1 << 40 });
    let shop = faulty_shop(1, plan).await;
    let mut hanging = send(shop.addr(), "/products.json", "").await;
    let unread = send(shop.addr(), "/products.json?page=2", "").await;
    shop.wait_for_requests(2).await;
    shop.stop().await;
    let mut rest = vec![];
    let ended = hanging.read_to_end(&mut rest).await;
    assert!(ended.is_err() || rest.is_empty());
    drop(unread);
}

#[tokio::test]
async fn dropping_ends_a_connection_that_is_kept_open() {
    let shop = shop(1).await;
    let mut idle = TcpStream::connect(shop.addr()).await.unwrap();
    drop(shop);
    let mut byte = [0];
    let ended = tokio::time::timeout(Duration::from_secs(10), idle.read(&mut byte)).await;
    assert!(matches!(ended.unwrap(), Ok(0) | Err(_)));
}

/// Waits until nothing listens at `addr`: a drop cannot wait for the server's task itself.
async fn refused(addr: SocketAddr) {
    let trying = async {
        while TcpStream::connect(addr).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), trying)
        .await
        .unwrap();
}
