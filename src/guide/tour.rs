//! Ten minutes: one wrong password, one wrong code, and law 2.
//!
//! # One wrong password
//!
//! | room | file | what happens there | what an attacker finds |
//! |---|---|---|---|
//! | the request | `src/flow/sign_in/password.rs`, [`PasswordSignIn`](crate::PasswordSignIn) | text has become an [`Identifier`](crate::Identifier) and a [`Password`](crate::Password): one spelling, bounded lengths | another spelling is the same record |
//! | the meter | `src/flow/meter.rs` | the request is counted for its [`Client`](crate::Client) and operation, in a row and a commit of its own | a flood is refused here, before a hash |
//! | who is this | [`Step::Find`](crate::Step::Find) | the host's directory is asked | it is asked for everybody, and its answer shows in nothing below |
//! | load | [`Step::Load`](crate::Step::Load) | two rows: the visitor's, named by the identifier, and the account's, or one that does not exist | the same read for known and unknown |
//! | may I? | `Knock::work` | the budget of the visitor's row is asked first; where it is shut nothing is hashed | the right password is refused as well, and not looked at |
//! | prove | [`Step::Prove`](crate::Step::Prove) | one hash: of the stored one, or of a decoy | one hash either way |
//! | decide | `Knock::decide` | wrong: `charge_guess`, and a refusal; right: a value that leads to the account's turn. Pure: rows, time and randomness in, a decision out | nothing: it has not been told yet |
//! | commit | [`Step::Commit`](crate::Step::Commit) | the counted row is written *if it is still the one that was read*; else all begins again at "load", with the row as it is now | two guesses at once are two guesses |
//! | done | [`Step::Done`](crate::Step::Done) | [`Refusal::InvalidCredentials`](crate::Refusal::InvalidCredentials) | one word for unknown, wrong and suspended |
//!
//! The account's row was read and not written: what strangers do cannot fill, lock or contend with what the owner has (law 9).
//!
//! # One wrong code
//!
//! [`Verify`](crate::Verify), in `src/flow/codes/verify.rs`, has fewer rooms: meter, load, decide, commit, done. The ticket leads to
//! the one row. Then, each telling less than the next: is there such a session, and for this purpose; has its code expired; is the
//! budget shut; is the code right. A wrong one is counted twice in one commit, for the session (five end it) and for the factor over
//! all sessions; and another message gives back neither, since [`Resend`](crate::Resend) replaces the code and touches no count.
//!
//! # Law 2, believed
//!
//! That no interleaving of requests gets more guesses answered than the policy says follows from four sentences, each of which is a few
//! lines:
//!
//! 1. *What is answered was charged in the commit before it.* [`Commit::resume`](crate::machine::Commit::resume) is the only way from a
//!    decision to its outcome, and lets it out on [`Committed::Applied`](crate::Committed::Applied) only (`src/machine/mod.rs`).
//!    Looking before, or asking twice, does not compile (below).
//! 2. *A commit is applied only to the row that was decided on.* That is [`Store::commit`](crate::host::Store::commit), and what the
//!    conformance suite tries a store for.
//! 3. *A decision answers only if the row's budget is open, and then charges it.* `may_guess` and `charge_guess` in `src/flow/desk.rs`;
//!    a right guess is written too, by `guessed_right`, or any number of right ones at once would find the budget as it was.
//! 4. *Only age makes room in a budget*, and a success ends the run of failures, nothing else: [`Budget`](crate::throttle::Budget),
//!    arithmetic on a value, in one file.
//!
//! So the answered guesses at one factor in one partition form a sequence, each charged on top of the one before, and the budget says
//! how long that can be. Here are twelve wrong passwords, all of which have read and decided before the first is written:
//!
//! ```
//! use countersign::host::{HashError, MemoryStore, PasswordHasher, Store};
//! use countersign::{
//!     Client, Context, Entropy, Identifier, KeyRing, Label, LocatorKey, Machine, Password, PasswordHash, PasswordSignIn,
//!     Progress, Refusal, Salt, Settings, Step, Steps, Timestamp, policy,
//! };
//!
//! /// Takes no time: this is about counting.
//! struct Quick;
//! impl PasswordHasher for Quick {
//!     fn hash(&self, _: &Password, _: &Salt) -> Result<PasswordHash, HashError> {
//!         PasswordHash::new("$quick$").map_err(|why| HashError(why.to_string()))
//!     }
//!     fn verify(&self, _: &Password, _: &PasswordHash) -> Result<bool, HashError> {
//!         Ok(false)
//!     }
//!     fn rehash_due(&self, _: &PasswordHash) -> bool {
//!         false
//!     }
//! }
//!
//! const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
//!
//! /// One stage further.
//! fn on(step: Step<Progress>, store: &MemoryStore) -> Result<Step<Progress>, Box<dyn std::error::Error>> {
//!     Ok(match step {
//!         Step::Find(find) => find.resume(None), // nobody is known here, and it makes no difference
//!         Step::Load(load) => {
//!             let rows = store.load(load.keys())?;
//!             load.resume(rows)?
//!         }
//!         Step::Prove(prove) => {
//!             let hashed = prove.work().run(&Quick)?;
//!             prove.resume(hashed)?
//!         }
//!         Step::Commit(commit) => {
//!             let answer = store.commit(commit.key(), commit.expected(), commit.write(NOW)?)?;
//!             commit.resume(answer)?
//!         }
//!         other => other,
//!     })
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = |byte: u8| -> Vec<u8> { (byte..).take(32).collect() };
//! let policy = Settings::recommended().build()?;
//! let machine = Machine::new(policy, LocatorKey::new(&key(1))?, KeyRing::new(&key(2), &[])?);
//! let store = MemoryStore::new();
//! let mut waiting = Vec::new();
//! for n in 0..12 {
//!     let request = PasswordSignIn {
//!         client: Client::unmetered(),
//!         identifier: Identifier::parse("jo@example.com")?,
//!         password: Password::typed("not the password")?,
//!         steps: Steps::Stepwise,
//!         label: Label::new("guide"),
//!         locale: None,
//!         device: None,
//!     };
//!     let context = Context { now: NOW, entropy: Entropy::from_seed([n; 32]) };
//!     let mut step = machine.begin(request, context);
//!     while !matches!(step, Step::Commit(_)) {
//!         step = on(step, &store)?;
//!     }
//!     waiting.push(step); // decided, and locked up: the answer is in there, and there is no method for it
//! }
//! let (mut answered, mut refused) = (0, 0);
//! for mut step in waiting {
//!     let outcome = loop {
//!         step = match on(step, &store)? {
//!             Step::Done(done) => break done.outcome,
//!             further => further,
//!         };
//!     };
//!     match outcome.refusal() {
//!         Some(Refusal::InvalidCredentials) => answered += 1,
//!         Some(Refusal::Limited { rule, .. }) => {
//!             assert_eq!(*rule, policy::RULE_GUESSES_LOCK);
//!             refused += 1;
//!         }
//!         other => panic!("{other:?}"),
//!     }
//! }
//! assert_eq!((answered, refused), (10, 2)); // ten are free in fifteen minutes, however they are sent
//! # Ok(()) }
//! ```
//!
//! To look into a decision before its commit, or to go on from one commit twice, is not possible:
//!
//! ```compile_fail,E0616
//! fn look(commit: &countersign::machine::Commit<countersign::Progress>) {
//!     let _ = &commit.decided;
//! }
//! ```
//! ```compile_fail,E0382
//! use countersign::{Committed, Progress, machine::Commit};
//! fn twice(commit: Commit<Progress>) {
//!     let _ = commit.resume(Committed::Stale);
//!     let _ = commit.resume(Committed::Applied);
//! }
//! ```
//!
//! What is done here for twelve requests in one order is done by `tests/sign_in_laws/parallel.rs` and `tests/otp_model/parallel.rs` for
//! random requests in random orders, and by the model checker for every order of a few.
