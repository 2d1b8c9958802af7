//! The shipped machine, model-checked.
//!
//! Not a model of the machine: the machine. Every stage of every request is the library's own code, and so is every byte in the store. What is
//! explored is the order of things: which request begins when, whose stage comes next, what fails, what is cut off, what the clock does.
//! Of each scene *all* orders are looked at, and of each step what it must not do.
//!
//! | file | what |
//! |---|---|
//! | `scenes/` | who asks for what at once: the tables to read first |
//! | `scene.rs` | what a scene is made of |
//! | `laws.rs` | what no step may do |
//! | `explore.rs` | what can happen next, and what comes of it |
//! | `state.rs`, `book.rs` | where everything stands, as numbers; requests as paths in a tree of answers |
//! | `run.rs`, `told.rs`, `host.rs` | stages as plain values; their ends; the store and the directory |
//! | `bend.rs` | hosts broken on purpose, which must be found out |
//! | `report.rs` | a line for each scene; the story of the shortest way to break a law |
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a program for whoever checks the library: what breaks here is a finding"
)]

mod bend;
mod book;
mod explore;
mod host;
mod laws;
mod report;
mod run;
mod scene;
mod scenes;
mod state;
mod told;

use std::sync::Mutex;

pub use report::Found;

/// The scenes, by name, and whether each is quick.
#[must_use]
pub fn names() -> Vec<(String, bool)> {
    scenes::all().iter().map(|scene| (scene.name.clone(), scene.quick)).collect()
}

/// Explores the scenes that are wanted, so many at a time, and tells of each as it ends.
pub fn explore(wanted: impl Fn(&str, bool) -> bool, at_once: usize, tell: impl Fn(&Found) + Sync) -> Vec<Found> {
    let scenes: Vec<_> =
        scenes::all().into_iter().filter(|scene| wanted(&scene.name, scene.quick)).map(std::sync::Arc::new).collect();
    let waiting = Mutex::new(scenes.iter());
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let Some(scene) = waiting.lock().expect("nobody panics").next() else { break };
                    let end = report::explore(scene, bend::Bend::None);
                    tell(&end);
                    found.lock().expect("nobody panics").push(end);
                }
            });
        }
    });
    found.into_inner().expect("nobody panics")
}
