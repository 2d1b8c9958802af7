//! What is not claimed.
//!
//! No law says anything about what follows, and none can: the core sees rows, a time, randomness and answers of its host. Where the
//! text is elsewhere this page says where, and does not say it again; [`laws`](super::laws#stated-exceptions) has the exceptions within
//! the laws themselves.
//!
//! | not claimed | because | who can do something | said in |
//! |---|---|---|---|
//! | that the host's own code tells nothing (routing, TLS, its user table, its logs) | it runs around the core; of itself the core counts instructions and calls (law 8) | the host | [SECURITY], "Request input"; [duties](crate#the-hosts-duties) 4 |
//! | that a mailbox is its owner's | whoever reads it passes for him: a mailed code proves the mailbox. An account with an authenticator app is not entered by it | the owner, with an app; the policy, with `factors.required` | [SECURITY], "Mailer"; `missing` in `src/flow/sign_in/signed_in.rs` |
//! | anything, where somebody can *write* rows | a row is no proof of itself: counts, ends, and which factors are on, stand in it in plain, and one that is put back is as it was. What such a person cannot make is what needs the row's own key: a digest of a code or ticket, a seal around a secret or an address | whoever runs the store | [SECURITY], "Store" |
//! | anything, where somebody has the keys and the rows | then digests can be searched and seals opened; what protects passwords still is their hash | whoever keeps the keys, apart from the rows | [SECURITY], "Database reader"; [`KeyRing`](crate::KeyRing) |
//! | a host that lies | it can call an `Err` a success, use a generator that repeats, take the client's word for [`Client`](crate::Client) | its author, with the [duties](crate#the-hosts-duties) | [SECURITY], "Embedding API" |
//! | a store that is not linearizable | two commits on one row, both applied, count one guess for two. The conformance suite finds such stores by trying; one that passes can still be wrong | the store's author | [`Store`](crate::host::Store) |
//! | service, under any number of requests | requests are refused early and cheaply, and a client has a meter; but many clients are many, and a store that is full takes no new rows. The price of that is computed, not prevented | the host, in front of it; [`Price`](crate::policy::Price) says by how much | law 14 |
//! | that strangers cannot hold the door for passwords shut | they can, as long as they keep guessing; a trusted device and a mailed link are not shut with it | the owner, by those | [`HoldOff`](crate::policy::HoldOff); law 9 |
//! | right times, with a clock that is wrong by more than the tolerance | one that jumps ahead ends locks, and codes, early. What was spent stays spent. Nodes whose clocks differ by more than the tolerance are another matter: a client that chooses the node ages every window by the difference at each write, so that guess budgets refill | the host: keep clocks within the tolerance, and look at `clock.rebased` | [`Settings::clock_tolerance`](crate::Settings::clock_tolerance); law 7 |
//! | that hashes of other systems take as long as this hasher's own | until each owner's next sign-in they do not, and time tells them apart | the host, by hashing them again under its own | [exceptions](super::laws#stated-exceptions) |
//! | that memory holds no trace | secrets are wiped when dropped; what the host copied, swapped or dumped is its own | the host | `src/secret.rs` |
//!
//! [SECURITY]: https://github.com/countersign-rs/countersign/blob/main/SECURITY.md
