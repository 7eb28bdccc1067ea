//! The crawler's tests from outside, in one binary.
#![cfg(test)]

mod fetch;
mod hostile;
mod identity;
mod limits;
mod numbers;
mod reader;
mod surfaces;
