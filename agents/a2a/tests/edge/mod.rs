//! What is said over HTTP, byte by byte: all that the SDK's routers leave to do around them.

mod artifacts;
mod audit;
mod cards;
pub(crate) mod http;
mod operations;
mod rest;
mod rpc;
mod server;

use server::{Answer, Server};

const JSON: &str = "application/json";
const V1: &str = "A2A-Version: 1.0";
