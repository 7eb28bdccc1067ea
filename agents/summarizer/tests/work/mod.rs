//! Summaries as work, on a real store and against an endpoint that misbehaves on demand.

mod budget;
mod ends;
mod faults;
mod hostile;
mod kills;
mod left;
mod world;
