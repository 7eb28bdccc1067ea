#![cfg(test)]
//! The tests of the whole: the house's own rules, and the program from outside.

mod crawling;
mod documents;
mod house;
mod licences;
mod rooms;
