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
//! | `bend.rs`, `bent.rs` | hosts broken on purpose, which must be found out |
//! | `counts.txt` | how many states each scene has |
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
mod bent;
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

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

pub use bent::{Bent, bent};
pub use report::Found;
use scene::Scene;

/// How many states each scene has, a line each.
const COUNTS: &str = include_str!("counts.txt");

/// Explores the scenes that are wanted, by name and by whether they are quick, so many at a time; tells of each as it ends, and of families of
/// small ones together.
pub fn explore(
    wanted: impl Fn(&str, bool) -> bool,
    at_once: usize,
    tell: impl Fn(&Found) + Sync,
) -> Vec<Found> {
    let all: Vec<_> = scenes::all().into_iter().map(Arc::new).collect();
    let mut families = BTreeMap::<String, usize>::new();
    for family in all.iter().filter_map(|scene| scene.family.clone()) {
        *families.entry(family).or_default() += 1;
    }
    let scenes: Vec<_> = all.into_iter().filter(|scene| wanted(&scene.name, scene.quick)).collect();
    let (waiting, found) =
        (Mutex::new(scenes.iter()), Mutex::new((Vec::new(), BTreeMap::<String, Found>::new())));
    let work = || {
        loop {
            let next = waiting.lock().expect("nobody panics").next();
            let Some(scene) = next else { break };
            let end = report::explore(scene, bend::Bend::None);
            let mut found = found.lock().expect("nobody panics");
            let whole = match &scene.family {
                None => Some(end),
                Some(family) => {
                    let so_far = found.1.remove(family);
                    let so_far = match so_far {
                        Some(so_far) => so_far.with(end),
                        None => Found { scene: family.clone(), ..end },
                    };
                    if families.get(family) == Some(&so_far.scenes) {
                        Some(so_far)
                    } else {
                        found.1.insert(family.clone(), so_far);
                        None
                    }
                }
            };
            if let Some(whole) = whole {
                let whole = Found { expected: expected(&whole.scene), ..whole };
                tell(&whole);
                found.0.push(whole);
            }
        }
    };
    std::thread::scope(|scope| (0..at_once).for_each(|_| drop(scope.spawn(work))));
    let (mut whole, parts) = found.into_inner().expect("nobody panics");
    parts.values().for_each(&tell);
    whole.extend(parts.into_values());
    whole
}

/// What the operations are called of which all pairs are explored: each begins with the name of a request.
#[must_use]
pub fn operations() -> Vec<String> {
    scenes::operations()
}

/// How many states a scene must have, where that is recorded: for all that are quick.
fn expected(name: &str) -> Option<usize> {
    let line = COUNTS.lines().find_map(|line| line.rsplit_once(' ').filter(|(scene, _)| *scene == name));
    line.and_then(|(_, states)| states.parse().ok())
}

/// A scene by its name.
fn named(name: &str) -> Arc<Scene> {
    Arc::new(scenes::all().into_iter().find(|scene| scene.name == name).expect(name))
}
