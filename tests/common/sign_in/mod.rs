//! A model of signing in, written from the design, and what it takes to compare the machine with it.

pub mod accounts;
pub mod answer;
pub mod changes;
pub mod changing;
pub mod counts;
pub mod devices;
pub mod entering;
pub mod forgetting;
pub mod fresh;
pub mod given;
pub mod losing;
pub mod mailboxes;
pub mod mailing;
pub mod model;
pub mod moving;
pub mod ops;
pub mod owners;
pub mod proving;
pub mod reader;
pub mod recovering;
pub mod requests;
pub mod resetting;
pub mod small;
pub mod story;
pub mod typed;
pub mod watching;
