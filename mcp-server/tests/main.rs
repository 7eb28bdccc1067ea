#![cfg(test)]
//! Tests of the MCP server through its public face.

mod http;
mod world;
