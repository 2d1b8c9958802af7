//! For whoever has to say whether this crate may be trusted: where to begin, what to believe, what not.
//!
//! | chapter | what | minutes |
//! |---|---|---|
//! | [`tour`] | one wrong password and one wrong code, from request to refusal; law 2 believed | 10 |
//! | [`laws`] | the threat model and the fourteen laws: where each is kept, how it is checked, what it costs an attacker | 20 |
//! | [`limits`] | what is *not* claimed, and where that is said | 5 |
//! | [`past`] | the mechanisms by which such systems have failed, and why each cannot work here | 20 |
//!
//! # Three commands
//!
//! From the root of the repository:
//!
//! ```text
//! cargo run --release -p countersign-proof --bin model -- --quick   # every interleaving of a few requests, on the shipped stages
//! tests/mutants/run -f 'src/throttle/**'                            # the code broken on purpose, line by line: which tests notice
//! cargo test -p countersign-proof --test assurance                  # every law, requirement and known defect has its tests, and they are there
//! ```
//!
//! The first takes seconds once it is built; without `--quick` it explores longer scenes, for a quarter of an hour or more. The second takes a quarter of a
//! minute for each change; without `-f` it changes all of the core, which is a night's work. Beside them, `crates/proof/planted/run` plants twenty-five defects in
//! the source, one for each way to break a law, and expects the first to find each (five minutes), and `cargo run --release -p countersign-proof --bin price`
//! carries out the attacks that the policy prices.
//!
//! The first looks for a counterexample, the second for a test that cannot fail, the third for a claim that nobody tests. What the
//! third checks can be read as a page: `docs/assurance.md`, 14 laws, 96 requirements of the standards and 122 known defects, each with
//! its tests, or with what is missing and why.
//!
//! # How to read the code
//!
//! It is written so that one person can read one operation once. An operation is a file in `src/flow/`, its turns are `decide`
//! functions without I/O, clock or generator, and everything that they may do to the world is in what they return. So a question such
//! as "can this be answered before it is counted?" is one about types: who can construct what. These are the doors:
//!
//! | value | can be made by | and so |
//! |---|---|---|
//! | [`SignedIn`](crate::SignedIn) | one function, `enter` in `src/flow/sign_in/signed_in.rs` | nobody is in who was not asked for every factor (law 4) |
//! | [`Step::Done`](crate::Step::Done) | a commit that was applied, or a decision that changes nothing | nothing is told that was not counted (law 1) |
//! | [`Policy`](crate::Policy) | [`Settings::build`](crate::Settings::build) | no limit is absent or absurd (law 14) |
//! | [`Identifier`](crate::Identifier), [`Address`](crate::Address) | their `parse` | one spelling, one record, one mailbox |
//! | [`Code`](crate::Code), [`RecoveryCode`](crate::RecoveryCode), [`Ticket`](crate::Ticket) | typed in, or drawn | shown by `expose` and by nothing else: `grep expose` finds every place (law 11) |
//!
//! Comparisons of secrets are all in one function, `matches` in `src/secret.rs`, but for hashes of passwords, which
//! `src/password/hash.rs` compares when a stored one is looked for again. `b059_secrets_are_compared_in_one_place` counts the uses of
//! the constant-time comparison; that no two digests are compared beside it is for you to see: they are arrays, which have an `==`.

pub mod laws;
pub mod limits;
pub mod past;
pub mod tour;
