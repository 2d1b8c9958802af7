//! The examples, as a reader runs them, and the directory of one of them over a deletion.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(missing_docs, reason = "tests")]

use std::sync::Arc;

use countersign::{Client, DeleteAccount};

#[path = "../examples/by_hand.rs"]
mod by_hand;
#[path = "../examples/embed.rs"]
mod embed;

/// Each ends with an error unless somebody is signed in.
#[test]
fn the_examples_end_with_somebody_signed_in() {
    by_hand::main().unwrap();
    embed::main().unwrap();
}

/// Whoever signs up after a deletion gets an id that nobody else has, and gets in.
#[test]
fn a_sign_up_after_a_deletion_gets_an_id_of_its_own() {
    let mailbox = Arc::new(embed::Terminal::default());
    let sentry = embed::sentry(Arc::clone(&mailbox) as _).unwrap();
    let sign_up = |email| embed::sign_up(&sentry, &mailbox, email);
    let (a, b) = (sign_up("a@example.com").unwrap(), sign_up("b@example.com").unwrap());

    let (client, session, password) = (Client::unmetered(), a.session().clone(), None);
    assert!(sentry.run(DeleteAccount { client, session, password }).unwrap().granted().is_some());
    let c = sign_up("c@example.com").unwrap();
    assert_eq!(c.identifier().as_str(), "c@example.com");
    assert!(c.account() != a.account() && c.account() != b.account(), "{:?}", c.account());
}
