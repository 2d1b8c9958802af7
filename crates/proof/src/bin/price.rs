//! Attacks policies and prints what each figure of their price came to: `cargo run --release -p countersign-proof --bin price [name]`.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::arithmetic_side_effects,
    reason = "a program"
)]

use std::process::ExitCode;

use countersign_proof::price::{Effort, figures, named, random};

fn main() -> ExitCode {
    let only = std::env::args().nth(1).unwrap_or_default();
    let mut failed = 0;
    for (name, settings) in named().into_iter().chain(random(6)).filter(|(name, _)| name.contains(&only)) {
        println!("\n{name}");
        println!("{:<58}{:>14}{:>14}{:>8}", "figure", "computed", "simulated", "ratio");
        for figure in figures(&settings, Effort::Full) {
            let (computed, simulated) = (figure.computed, figure.simulated);
            let verdict = if figure.holds() { "" } else { "  FAILED" };
            println!("{:<58}{computed:>14}{simulated:>14}{:>8.4}{verdict}", figure.what, figure.ratio());
            println!("    {}", figure.by);
            if let Some(why) = figure.loose.filter(|_| figure.ratio() < 0.99) {
                println!("    less than computed: {why}");
            }
            failed += u32::from(!figure.holds());
        }
    }
    println!("\n{failed} figures do not hold");
    ExitCode::from(u8::from(failed > 0))
}
