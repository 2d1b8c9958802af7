//! What each broken host must be found out by.

use countersign::record::RecordKind;

use super::bend::Bend;
use super::report::{Found, explore};

/// A host that is broken on purpose, and what came of it.
pub struct Bent {
    /// What is wrong with it.
    pub what: &'static str,
    /// The law that it breaks.
    pub law: u8,
    /// What was found.
    pub found: Found,
}

impl Bent {
    /// Whether it was found out, by the law that it breaks.
    #[must_use]
    pub fn is_found_out(&self) -> bool {
        self.found.broken.as_ref().is_some_and(|(law, _)| *law == self.law)
    }
}

/// The law, what is wrong, the scene, and the host.
fn table() -> Vec<(u8, &'static str, &'static str, Bend)> {
    vec![
        (1, "tells before it commits", "passwords-guessed", Bend::ToldBeforeCommitted),
        (2, "writes whatever was there", "codes-four-guesses", Bend::BlindStore),
        (
            2,
            "answers a resend from an old copy",
            "codes-another-replaces",
            Bend::OldCopy { by: 0, rows: [].into() },
        ),
        (2, "sweeps rows that have not expired", "passwords-lock", Bend::SweepsEarly),
        (3, "writes whatever was there", "drawer", Bend::BlindStore),
        (4, "takes any password", "app-no-rescue", Bend::AnyPassword),
        (
            5,
            "forgets that a password was changed",
            "password-changed",
            Bend::Forgets { by: 0, kind: RecordKind::Account },
        ),
        (6, "has a clock that is behind", "codes-deadlines", Bend::ClockBehind),
        (8, "writes nothing for the unknown", "worlds", Bend::SkipsForUnknown { by: 0 }),
        (
            9,
            "writes the account for strangers, too",
            "strangers-and-owner",
            Bend::AlsoWritesAccount { by: 0 },
        ),
        (
            9,
            "writes one's account for another, too",
            "neighbours-one-client",
            Bend::AlsoWritesAccount { by: 0 },
        ),
        (10, "takes a failed commit for done", "codes-faults", Bend::CarriesOnAfterFailure),
        (12, "tells what was cut off", "codes-guessed", Bend::TellsAfterCrash),
    ]
}

/// Explores each.
#[must_use]
pub fn bent() -> Vec<Bent> {
    let explored = |(law, what, scene, bend)| Bent { what, law, found: explore(&super::named(scene), bend) };
    table().into_iter().map(explored).collect()
}
