//! Tests of the room through its public face; the other files beside this one are its modules.
#![cfg(test)]

mod endpoint;
mod evaluation;
mod work;
