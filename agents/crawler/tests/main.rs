//! The crawler's tests from outside, in one binary.
#![cfg(test)]

mod fetch;
mod hostile;
mod numbers;
mod reader;
