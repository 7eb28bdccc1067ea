#![cfg(test)]
//! The store's tests: one contract for every backend, and what is special about SQLite and MongoDB.

mod contract;
mod damage;
mod leases;
mod live;
mod made;
mod made_tasks;
mod migration;
mod mongodb;
mod mongodb_server;
mod server;
mod sqlite;
mod sqlite_tasks;
