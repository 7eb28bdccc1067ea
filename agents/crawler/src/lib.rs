//! Polite fetching, pure platform readers, and the one crawl loop.

pub mod platforms;
