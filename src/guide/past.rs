//! How such systems have failed, and why that does not work here.
//!
//! A hundred and twenty-two published defects, in twenty-seven classes. One paragraph for each class: the mechanism, and what stands in
//! its way: a type, a law, a test. The single defects, each with its tests and with what is covered only in part, are in
//! `docs/assurance.md` under their numbers.
//!
//! # Guessing
//!
//! **C01 No limit on a code that can be guessed** (B001–B006). The password had a limit, and the code after it, or the recovery beside
//! it, had none; or a life of a minute was taken for one. Here a comparison is reached only past `may_guess` (`src/flow/desk.rs`),
//! which asks the budget of the factor, and [`BudgetSettings::new`](crate::throttle::BudgetSettings::new) builds none without a bound.
//! `b001_every_factor_stops_answering` tries each factor; `b002_…` ten thousand guesses in a second.
//!
//! **C02 A budget given back** (B007–B012). Sending again, signing in again, another factor's success or a lock's end reset the count.
//! Here counts are in the record and not in the challenge, only age makes room, and a success ends the run of failures and nothing else
//! (law 2; [`Budget`](crate::throttle::Budget)). The reference models hold every answer to that over random stories.
//!
//! **C03 A limit beaten by requests in parallel** (B013–B016). Read, compare, write: a hundred requests read the same count. Here a
//! guess is written by a compare-and-swap before it is answered, a right one too; see the [tour](super::tour#law-2-believed). A store
//! that cannot do that fails the conformance suite, which is itself tried with stores that are wrong on purpose
//! (`src/conformance/planted.rs`).
//!
//! **C04 A limit or factor evaded by another spelling** (B017–B022). The limiter tells `Jo@` from `jo@` and the look-up does not. Here
//! both have the same value: [`Identifier::parse`](crate::Identifier::parse) makes one normal form, and records, budgets and the
//! directory are asked with that. Limits are the operation's, not a path's. Two identifiers of one account are a [stated
//! exception](super::laws#stated-exceptions).
//!
//! **C05 A limit beaten by changing the source** (B023–B026). A forwarded header made everybody new at will. Here no limit of an
//! identifier or account depends on the [`Client`](crate::Client), which is the host's own view of the connection, one network of 64
//! bits at a time; and nodes share their counts with the store.
//!
//! **C18 Stores that a flood fills** (B086–B088). A table of failures, flooded with other names, forgets the one that counts; or it is
//! never swept. Here a row that has not ended is kept, and a store that lets one go fails `many_rows_push_none_out`; every row of a
//! stranger's has an end (law 13), and what a flood can fill is part of the [price](crate::policy::Flood).
//!
//! # Codes and links
//!
//! **C06 One-time codes used twice, or too long** (B027–B032). The step that matched was not the one that was burned; or replays were
//! looked for at one door. Here the record of the app has the last accepted step, and accepts only later ones, at all doors, in the
//! commit that grants (law 3; `law3_accepted_steps_strictly_increase`).
//!
//! **C08 Empty codes, and failing open** (B041–B045). No code had been made, and an empty one equalled it; an error was taken for a
//! yes. Here what is compared are digests of one length by type, so that "no code" is no value to compare with; what cannot be a code
//! is a wrong one, and counted; an error is an [`Err`](crate::host::Error), from which no outcome can be had (law 10).
//!
//! **C09 Codes not bound to account, session, purpose** (B046–B052). A code was looked up by itself, and the form said for whom. Here a
//! ticket of 128 random bits leads to the row, the code is compared there, and whose it is and for what was sealed when it was sent
//! (law 5). Kinds of tickets are [types](crate::TicketKind) with digests of their own. `b050_a_code_is_good_for_one_purpose` tries
//! every purpose at every other's door.
//!
//! **C10 Secrets told by the system itself** (B053–B055). The code was in the answer to "send me one"; the password waited in the
//! session. Here a [`Code`](crate::Code) is in one [`Envelope`](crate::Envelope), and what waits for a second factor holds what was
//! proven and when. The tests search everything that is stored, shown and logged for everything that was secret (law 11).
//!
//! **C11 Weak randomness** (B056–B058). Codes followed from a seed that could be asked for; secrets were too short. Here all is drawn
//! from 256 bits of the host's generator, fresh for each request ([`Entropy`](crate::Entropy)), uniformly; lengths have lower bounds
//! where values are made and where they are read.
//!
//! **C12 Comparisons that take longer the more is right** (B059, B060). Here there is one function that compares, over digests of a
//! fixed length. What people type and what clients hold cannot be compared at all:
//!
//! ```compile_fail,E0369
//! fn same(a: countersign::Code, b: countersign::Code) -> bool {
//!     a == b
//! }
//! ```
//! ```compile_fail,E0369
//! fn same(a: countersign::Ticket<countersign::Session>, b: countersign::Ticket<countersign::Session>) -> bool {
//!     a == b
//! }
//! ```
//! ```compile_fail,E0369
//! fn same(a: countersign::RecoveryCode, b: countersign::RecoveryCode) -> bool {
//!     a == b
//! }
//! ```
//!
//! **C15 Recovery tokens used again, or left over** (B071–B075). Used, superseded, or older than the new password, and still good. Here
//! the commit that grants spends all that was pending for the purpose, and every change of credentials raises the account's generation,
//! which every code, link and grant carries: an account turn refuses any other (law 5). A password that is refused uses nothing up.
//!
//! **C16 What has expired is accepted** (B076–B080). The end was stored and not looked at, or was another purpose's. Here a record is
//! brought to the request's time when it is opened, before anything is decided, and what has ended is erased in that commit; lives are
//! chosen in one place, by purpose ([`Policy::lifetimes`](crate::Policy::lifetimes)), and are [`Duration`](core::time::Duration)s. Each
//! is tested at its last millisecond and its end.
//!
//! **C17 Numbers and times at their ends** (B081–B085). Windows, lives and digits that wrap. Here arithmetic is checked or saturates
//! (lints refuse the rest), an overflow is "ended" or "never", settings have two ends each, and decoders bound their input first; fuzz
//! targets try them.
//!
//! # Sign-in
//!
//! **C07 The second factor skipped** (B033–B040). Another view, another path, a code instead of the password, a session that is taken
//! back too late. Here all doors end in one function, which alone can make a [`SignedIn`](crate::SignedIn): a line that forges one does
//! not compile. With a wrong password no code is compared or burned (`b039_…`), and before the second factor nothing exists that a host
//! could take for a session (law 4).
//!
//! **C13 Telling who has an account** (B061–B067). Words, waits, attempts left, mails or milliseconds that differ. Here an unknown
//! identifier is no special case: the same turn on the same kind of record, one hash on a decoy, a message handed over and marked as
//! suppressed. Nobody and twelve kinds of owners are compared request by request (law 8; `tests/account_laws/streets.rs`).
//!
//! **C14 Locks that shut the owner out** (B068–B070). A lock that strangers can cause, or none for fear of it. Here counts are kept by
//! [`Partition`](crate::Partition), strangers write no account's record, and a mailed link and a trusted device are outside of what
//! they can lock (law 9). That they can hold the door for passwords is said, and priced.
//!
//! **C22 Recovery codes** (B099–B104). Not used up, used up in memory, anybody's, readable, spoilt by each other. Here a code is a
//! keyed digest under the account's own key, and goes in the commit that grants; the others are not touched.
//!
//! **C23 Sessions that outlive a change** (B105–B108). Here a change raises the generation and ends the other sessions, the waiting
//! sign-ins and the devices in one commit, and a sign-in that crosses it is refused (`r79_no_sign_in_outlives_the_change_it_crossed`).
//!
//! **C24 Remembered devices** (B109–B111). Tokens that nobody checked, of another account, with the end kept in the cookie. Here a
//! device's ticket is as any ticket: random, a digest on the account's record, with an end there; it is rotated, and a copy of an old
//! one ends the device. It is no factor.
//!
//! **C25 Enrolment** (B112–B115). An app that was never confirmed gates, or replaces; the code that confirmed it signs in; somebody
//! sets up an account at an address that is not his. Here an app waits beside the one in force until a code of it was shown, which is
//! then used up; an account exists once its address was proven, with what was chosen by who proved it.
//!
//! **C26 Factors changed without proof** (B116–B120). Here one gate, `src/flow/account/fresh.rs`, stands before every change of what
//! signs in, and asks for what a sign-in would ask for, within the last minutes ([`StepUp`](crate::StepUp),
//! [`RequireFresh`](crate::RequireFresh)); names of sessions and devices mean something on their own account only.
//!
//! # Around it
//!
//! **C19 Links made of request data** (B089, B090). Here a message carries a ticket ([`MailedLink`](crate::MailedLink)) and no request
//! has a field for a host or a URL; the reference server builds links from its configuration, whatever headers say.
//!
//! **C20 Mail bombs** (B091–B093). Here every message is charged to the identifier's record by purpose, also where nobody gets it, and
//! to the account's as well where somebody signed in caused it; how many a victim can get in a day is part of the
//! [price](crate::policy::Price).
//!
//! **C21 The wrong recipient** (B094–B098). Two mailboxes in one field, line breaks, look-alikes. Here
//! [`Address::parse`](crate::Address::parse) takes one mailbox made of characters from a list of what is allowed, and mail goes to the
//! address on record, never to the one typed.
//!
//! **C27 Failures that were not kept** (B121, B122). The lock was rolled back with the request that failed. Here a refusal is an answer
//! and not an error: its commit is a commit as any other, and a delete that found another version deleted nothing, says so, and the
//! turn begins again.
