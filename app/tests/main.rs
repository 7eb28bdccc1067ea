#![cfg(test)]
//! The tests of the whole: the house's own rules, and the program from outside.

mod agents;
mod backtest;
mod backups;
mod bad_input;
#[path = "report_browser.rs"]
mod browser;
mod commands;
mod crawling;
mod currencies;
mod documents;
mod durability;
mod explain;
mod exports;
mod hostile;
mod house;
mod identity;
mod interrupted;
mod kills;
mod large;
mod leases;
mod licences;
mod manifests;
mod mcp;
mod migrate;
mod mongodb;
mod mongodb_kills;
mod operations;
mod operators;
mod past;
mod pauses;
mod pipeline;
mod popularity;
mod presets;
mod program;
mod proxies;
mod prune;
mod questions;
mod ranking;
mod real_files;
mod recrawl_kills;
mod report;
mod restarts;
mod robots;
mod rooms;
mod routes;
mod segments;
#[path = "../../store/tests/store/server.rs"]
mod server;
mod shops;
mod stored;
mod summaries;
mod summaries_kills;
mod versions;
mod via;
mod webdriver;
