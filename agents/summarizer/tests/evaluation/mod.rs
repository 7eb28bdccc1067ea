//! Judges the checks: how many lies they let through, how many correct summaries they refuse.

pub(crate) mod blind;
pub(crate) mod corpus;
pub(crate) mod corrupt;
#[cfg(test)]
mod injection;
pub(crate) mod measure;
#[cfg(test)]
mod tests;
