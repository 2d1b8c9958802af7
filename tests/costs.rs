//! What each operation asks of the host: the table in `docs/operations.md`, which this writes.
//!
//! `COUNTERSIGN_COSTS=write cargo test --test costs` writes it anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "a test that compares with a file")]

mod common;
#[path = "common/owner.rs"]
mod owner;
#[path = "common/people.rs"]
mod people;

use common::*;
use countersign::*;
use owner::session;
use people::*;

const WHO: &str = "jo@example.com";

/// How often each part of the host is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Cost {
    loads: usize,
    commits: usize,
    directory: usize,
    hashes: usize,
    mails: usize,
}

/// What something costs that is done in a world.
fn cost<T>(world: &World, what: impl FnOnce() -> T) -> (T, Cost) {
    world.seen.calls.lock().unwrap().clear();
    let done = what();
    let mut cost = Cost::default();
    for call in world.calls() {
        match call {
            "load" => cost.loads += 1,
            "commit" => cost.commits += 1,
            "find" | "create" | "rename" | "release" => cost.directory += 1,
            "hash" => cost.hashes += 1,
            "mail" => cost.mails += 1,
            _ => {}
        }
    }
    (done, cost)
}

/// Each operation of a person's life, in the order of it, and what it costs.
fn all() -> Vec<(&'static str, Cost)> {
    let world = World::recommended();
    let mut rows = Vec::new();
    let mut row = |name, cost| rows.push((name, cost));

    let (started, it) = cost(&world, || world.sign_up(WHO).unwrap());
    row("sign up: a code is mailed", it);
    let code = world.last_code();
    let (_, it) = cost(&world, || world.verify(Purpose::SignUp, &started.session, &wrong(&code)));
    row("a wrong code", it);
    let (_, it) = cost(&world, || world.verify(Purpose::SignUp, &started.session, &code).unwrap());
    row("the right code: the account is made", it);
    let (_, it) = cost(&world, || world.stepwise("nobody@example.com", PASSWORD).unwrap_err());
    row("sign in by password, unknown identifier", it);
    let (_, it) = cost(&world, || world.stepwise(WHO, WRONG_PASSWORD).unwrap_err());
    row("the same, wrong password", it);
    world.seconds(61);
    let (progress, it) = cost(&world, || world.stepwise(WHO, PASSWORD).unwrap());
    row("the same, right: signed in", it);
    let token = session(progress);
    let check = || world.check(&token).unwrap();
    let (_, it) = cost(&world, check);
    row("check a session", it);
    world.seconds(301);
    let (_, it) = cost(&world, check);
    row("the same, once in five minutes, to note the use", it);
    let (_, it) = cost(&world, || world.start(Purpose::SignIn, WHO).unwrap());
    row("a code to sign in is mailed", it);
    let (_, it) = cost(&world, || world.start(Purpose::Recover, WHO).unwrap());
    row("forgotten password: a code and a link are mailed", it);

    let person = world.owner("sam@example.com", Has { totp: true, mailed: false, codes: true });
    world.seconds(61);
    let (login, it) = cost(&world, || world.login(&person.who));
    row("password right, an app is asked for", it);
    let (_, it) = cost(&world, || world.prove(&login, person.wrong_totp(&world)).unwrap_err());
    row("a wrong code of the app", it);
    let (_, it) = cost(&world, || world.prove(&login, person.totp(&world)).unwrap());
    row("the right one: signed in", it);
    let fresh = world.fresh(&person);
    let (_, it) = cost(&world, || world.change_password(&fresh, PASSWORD, "AnotherPassword1!").unwrap());
    row("change the password", it);
    let fresh = world.fresh_with(&person, "AnotherPassword1!");
    let (_, it) = cost(&world, || world.end_sessions(&fresh, Which::Others).unwrap());
    row("end the other sessions", it);
    let (_, it) = cost(&world, || world.delete(&fresh, None).unwrap());
    row("delete the account", it);
    rows
}

fn table() -> String {
    let mut table = String::from(
        "| operation | loads | commits | directory | hashes | mails |\n|---|---|---|---|---|---|\n",
    );
    for (name, Cost { loads, commits, directory, hashes, mails }) in all() {
        table.push_str(&format!("| {name} | {loads} | {commits} | {directory} | {hashes} | {mails} |\n"));
    }
    table
}

const BEGIN: &str = "<!-- costs -->\n";
const END: &str = "<!-- end of costs -->\n";

#[test]
fn the_docs_tell_what_each_operation_asks_of_the_host() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("where the table begins");
    let (_, after) = rest.split_once(END).expect("where it ends");
    let wanted = format!("{before}{BEGIN}{}{END}{after}", table());
    if std::env::var_os("COUNTERSIGN_COSTS").is_some() {
        std::fs::write(path, &wanted).unwrap();
        return;
    }
    assert!(text == wanted, "docs/operations.md tells other costs:\n{}", table());
}

/// What the docs say of it: one more load and one more commit, of a row of its own.
#[test]
fn a_metered_client_costs_one_load_and_one_commit_more() {
    let world = World::recommended();
    world.member(WHO);
    let ask = |client: Client| {
        world.seconds(61);
        cost(&world, || world.ask(PasswordSignIn { client, ..knock(WHO, PASSWORD, Steps::Stepwise) })).1
    };
    let (without, with) = (ask(Client::unmetered()), ask(Client::ip([192, 0, 2, 1].into())));
    assert_eq!(with, Cost { loads: without.loads + 1, commits: without.commits + 1, ..without });
}

/// Law 2 needs one conditional write for each guess; none costs more than that and the account behind it.
#[test]
fn no_operation_makes_more_than_two_commits() {
    for (name, cost) in all() {
        assert!(cost.commits <= 2 && cost.loads <= 2 && cost.mails <= 1, "{name}: {cost:?}");
    }
}
