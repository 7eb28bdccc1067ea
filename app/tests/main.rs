#![cfg(test)]
//! The tests of the whole: the house's own rules, and the program from outside.

mod bad_input;
mod commands;
mod crawling;
mod documents;
mod durability;
mod hostile;
mod house;
mod kills;
mod licences;
mod program;
mod real_files;
mod rooms;
mod stored;
