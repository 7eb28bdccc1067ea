//! Fake shops, asked over real connections.
#![cfg(test)]

mod client;
mod demo;
mod endpoints;
mod faults;
mod generated;
mod lifetime;
mod limits;
mod llm;
mod surfaces;
