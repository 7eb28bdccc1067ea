#![cfg(test)]
//! The store's tests: one contract for every backend, and what is special about SQLite.

mod contract;
mod damage;
mod made;
mod sqlite;
