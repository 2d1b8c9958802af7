//! The threat model, and the fourteen laws: where each is kept, how it is checked, what it costs an attacker.
//!
//! # Who attacks
//!
//! What is trusted and what is not, boundary by boundary, is in [SECURITY]. Within it, somebody stands in one of these places:
//!
//! | somebody who has | gets at most, with the recommended settings | and never |
//! |---|---|---|
//! | an identifier | ten guesses in 15 minutes at each factor of strangers', one per lock after that, 100 in 90 days; 80 messages a day into that mailbox; the door for passwords shut, as long as he goes on | a word on whether anybody is there; the account's record; the owner's sessions, devices, links |
//! | the password as well | 100 wrong codes of the app in a row, until it is disabled, and 100 in 90 days however often the owner signs in; of which the owner is told | a session; a change; the recovery codes' budget by the app's, or the other way round |
//! | the mailbox | an account without an app | one that has an app: neither its password nor its factors |
//! | password and mailbox, not the app | after a wait of 72 hours, of which the owner is told with a link that stops it: the app turned off | it earlier |
//! | a signed-in session that is not fresh | what the host shows it; guesses at the factors by stepping up, out of the budget that the owner's sign-in has, too | a change of anything that signs in |
//! | a trusted device's ticket | eight wrong passwords, before it is trusted no more | a fresh proof; a level above 1 |
//! | a copy of all rows | how many there are, when they end | whose they are; a code, a ticket, a secret |
//!
//! The numbers are the policy's own, and it prints them:
//!
//! ```
//! use countersign::Settings;
//! use countersign::policy::{Odds, Price};
//!
//! let price: Price = Settings::recommended().build()?.price();
//! assert_eq!((price.guesses_until_disabled, price.guesses_per_year), (100, 500));
//! assert_eq!(price.mails_by_strangers_per_day, 80);
//! assert_eq!(price.totp.until_disabled, Odds::of(3, 10_000)); // three codes of a million are live
//! assert_eq!(price.totp.per_year_with_owner, Odds::of(15, 10_000));
//! println!("{price}");
//! # Ok::<(), countersign::PolicyError>(())
//! ```
//!
//! # How they are checked
//!
//! | by | what it does | where |
//! |---|---|---|
//! | *model* | explores every interleaving of a few requests, crashes included, on the shipped stages | `crates/proof` |
//! | *reference* | a second implementation, written from the documents, answers random stories beside the real one; every answer, message and number of hashes must be the same. So do the fuzz targets | `tests/common/otp/`, `tests/common/sign_in/`, `fuzz/` |
//! | *two worlds* | any requests, in two worlds that differ in one of 37 secrets; all that shows must be the same. So does a fuzz target | `tests/two_worlds.rs`, `tests/common/worlds/`, `tests/otp_model/strangers.rs`, `crates/argon2/tests/instructions.rs` |
//! | *faults* | every call of the host fails, before or after it took effect, hangs, or lies: old rows, others' rows, a commit done twice or late; the host dies at every stage | `tests/*/faults.rs`, `tests/faults/` |
//! | *secrecy* | secrets are marked undefined and whole requests run under memcheck: no branch and no address depends on them up to the verdict | `tests/secrecy/run` |
//! | *races* | two requests meet at every stage; many in random orders | `tests/*/parallel.rs`, the [conformance suite](crate::host::Store) |
//! | *price* | figures worked out by hand, and attacks carried out on the machine, with a clock that jumps: never more than computed | `tests/policy/`, `crates/proof/src/price/` |
//! | *mutants* | the code is changed line by line; a change that no test notices is a hole in the tests | `tests/mutants/run` |
//!
//! | law | begin to read at | checked by | to break it, an attacker needs |
//! |---|---|---|---|
//! | 1 counted before told | [`Commit::resume`](crate::machine::Commit::resume): the outcome is a private field until then | model, faults, mutants | a host that makes up [`Applied`](crate::Committed::Applied) |
//! | 2 budget | [`Budget`](crate::throttle::Budget); the [tour](super::tour#law-2-believed) | model, reference, races, mutants | a store that is not linearizable, or rows put back |
//! | 3 spent once | `Ledger::spend` in `src/record/ledger.rs`; the commit that grants is the one that spends | model, races, reference | the same |
//! | 4 no skipping | [`SignedIn`](crate::SignedIn): no constructor; `missing` and `enter` beside it | model, reference, random stories against a table written from the documents, mutants | every factor that the account asks for |
//! | 5 bound | `Challenge` in `src/record/challenge.rs`: account, generation and address, sealed; [`Purpose`](crate::Purpose) stated at the door | model, reference, mutants | the ring's key |
//! | 6 two deadlines | [`Lifetimes`](crate::policy::Lifetimes); `src/flow/codes/send.rs` | model, reference with clocks that move to the edges | the host's clock |
//! | 7 time may misbehave | `settle` in `src/record/ledger.rs`; [`Timestamp`](crate::Timestamp) has no arithmetic that wraps | reference under any clock, mutants | the host's clock, which ends waits early; or nodes whose clocks differ by more than the tolerance, which refills budgets |
//! | 8 indistinguishable | `Knock` in `src/flow/sign_in/password.rs`; [`Envelope::suppressed`](crate::Envelope::suppressed) | two worlds, model, instruction counts | to see the host's own side channels, or the mailbox |
//! | 9 locks are local | [`Partition`](crate::Partition); links outside of it, `src/flow/recovery/link.rs` | model, two worlds, attackers who try anything for a while and an owner who gets in after it | to have what the partition is for |
//! | 10 fail closed | [`host::Error`](crate::host::Error), [`Commit::unsure`](crate::machine::Commit::unsure) | faults, model | a host that goes on after an `Err` |
//! | 11 secrets stay put | `src/secret.rs`, `src/keys.rs`; [`Ticket`](crate::Ticket) | secrecy, searches of everything stored, shown and logged | the keys and the rows |
//! | 12 one record at a time | one [`Step::Commit`](crate::Step::Commit) a turn | faults, model | |
//! | 13 bounded | [`MAX_RECORD_BYTES`](crate::record::MAX_RECORD_BYTES); decoders that ask for the length first | fuzzing, rows filled for days | more clients than the price allows for |
//! | 14 priced | [`Policy::price`](crate::Policy::price) | price, mutants | luck, of which it says how much |
//!
//! What follows is `docs/laws.md`: each law in its own words, who keeps it, the tests that fail without it, and its stated exceptions.
//!
//! [SECURITY]: https://github.com/countersign-rs/countersign/blob/main/SECURITY.md
//!
#![doc = include_str!("../../docs/laws.md")]
