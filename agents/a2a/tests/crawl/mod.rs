//! Crawls of fake shops as callers ask for them: over HTTP, as tasks of a real store, done by a worker.

mod ends;
mod pages;
mod questions;
mod results;
