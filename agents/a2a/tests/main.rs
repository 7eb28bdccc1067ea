#![cfg(test)]
//! Tests of the agents through their public face.

mod client;
mod crawl;
mod edge;
mod summaries;
mod world;
