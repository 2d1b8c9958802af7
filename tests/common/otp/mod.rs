//! A model of one-time-code sessions and what it takes to compare the machine with it.

pub mod answer;
pub mod drive;
pub mod forgetting;
pub mod laws;
pub mod limits;
pub mod model;
pub mod ops;
pub mod requests;
pub mod small;
pub mod story;
