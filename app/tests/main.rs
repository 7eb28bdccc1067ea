#![cfg(test)]
//! The tests of the whole: the house's own rules, and the program from outside.

mod bad_input;
mod commands;
mod crawling;
mod documents;
mod durability;
mod exports;
mod hostile;
mod house;
mod kills;
mod leases;
mod licences;
mod migrate;
mod mongodb;
mod mongodb_kills;
mod past;
mod program;
mod prune;
mod real_files;
mod robots;
mod rooms;
#[path = "../../store/tests/store/server.rs"]
mod server;
mod shops;
mod stored;
