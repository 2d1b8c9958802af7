//! Explores the shipped machine: every order of stages of every scene.
//!
//! `cargo run --release -p countersign-proof --bin model [-- --quick | -- scene NAME…]`

use std::process::ExitCode;

use countersign_proof::model;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let wanted = |name: &str, quick: bool| match words.as_slice() {
        ["--quick", ..] => quick,
        ["scene", names @ ..] => names.iter().any(|wanted| name.starts_with(wanted)),
        _ => true,
    };
    println!("{:<28} {:>9} {:>9} {:>5} {:>9} {:>6}  laws", "scene", "steps", "states", "depth", "decided", "s");
    let found = model::explore(wanted, 2, |found| {
        let held = found.broken.as_ref().map_or("all held".into(), |(law, _)| format!("law {law} broken"));
        let model::Found { scene, states, unique, depth, stages, took, .. } = found;
        println!("{scene:<28} {states:>9} {unique:>9} {depth:>5} {stages:>9} {:>6.1}  {held}", took.as_secs_f64());
    });
    let states: usize = found.iter().map(|found| found.unique).sum();
    println!("{} scenes, {states} states", found.len());
    for complaint in found.iter().filter(|found| !found.is_good()).map(model::Found::complaint) {
        println!("\n{complaint}");
    }
    if found.is_empty() {
        println!("no such scene");
        return ExitCode::from(2);
    }
    // The law that is broken, so that whoever breaks one on purpose can tell which was found out.
    let law = found.iter().find_map(|found| found.broken.as_ref().map(|(law, _)| 100_u8.saturating_add(*law)));
    match law {
        Some(law) => ExitCode::from(law),
        None if found.iter().all(model::Found::is_good) => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    }
}
