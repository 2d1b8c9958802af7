//! Explores the shipped machine: every order of stages of every scene.
//!
//! `cargo run --release -p countersign-proof --bin model [-- --quick | -- scene NAME… | -- counts]`
//!
//! Ends with 0 if every law held in every state, and there were as many states as there should be; with 100 and the number of the law if
//! one was broken; with 1 for anything else.

use std::process::ExitCode;

use countersign_proof::model::{self, Bent, Found};

#[allow(clippy::disallowed_methods, reason = "a program takes its arguments from somewhere")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let wanted = |name: &str, quick: bool| match words.as_slice() {
        ["--quick"] => quick,
        ["scene", names @ ..] => names.iter().any(|wanted| name.starts_with(wanted)),
        _ => true,
    };
    if words == ["counts"] {
        let mut found = model::explore(wanted, 2, |_| {});
        found.sort_by(|a, b| a.scene.cmp(&b.scene));
        found.iter().for_each(|found| println!("{} {}", found.scene, found.unique));
        return ExitCode::SUCCESS;
    }
    println!(
        "{:<44} {:>9} {:>9} {:>5} {:>9} {:>7}  laws",
        "scene", "steps", "states", "depth", "decided", "s"
    );
    let found = model::explore(wanted, 2, tell);
    let (scenes, states) = found.iter().fold((0, 0), |(scenes, states): (usize, usize), found| {
        (scenes.saturating_add(found.scenes), states.saturating_add(found.unique))
    });
    println!("{scenes} scenes, {states} states");
    found.iter().filter(|found| !found.is_good()).for_each(|found| println!("\n{}", found.complaint()));
    let unseen = if words.first() == Some(&"scene") { Vec::new() } else { unseen() };
    // The law that is broken, so that whoever breaks one on purpose can tell which was found out.
    let law =
        found.iter().find_map(|found| found.broken.as_ref().map(|(law, _)| 100_u8.saturating_add(*law)));
    match law {
        Some(law) => ExitCode::from(law),
        None if !found.is_empty() && found.iter().all(Found::is_good) && unseen.is_empty() => {
            ExitCode::SUCCESS
        }
        None => ExitCode::FAILURE,
    }
}

fn tell(found: &Found) {
    let counted = if found.expected.is_some() { "" } else { ", not counted before" };
    let held = found.broken.as_ref().map_or("all held".into(), |(law, _)| format!("law {law} broken"));
    let Found { scene, states, unique, depth, stages, took, .. } = found;
    println!(
        "{scene:<44} {states:>9} {unique:>9} {depth:>5} {stages:>9} {:>7.1}  {held}{counted}",
        took.as_secs_f64()
    );
}

/// Hosts that are broken on purpose and were not found out.
fn unseen() -> Vec<Bent> {
    println!("\n{:<44} {:>9}  found out by", "a host that …", "states");
    let (seen, unseen): (Vec<_>, Vec<_>) = model::bent().into_iter().partition(Bent::is_found_out);
    for Bent { what, law, found } in &seen {
        println!("{what:<44} {:>9}  law {law} in {}", found.unique, found.scene);
    }
    for Bent { what, law, found } in &unseen {
        println!("{what:<44} {:>9}  not by law {law} in {}: {:?}", found.unique, found.scene, found.broken);
    }
    unseen
}
