//! Law 14 as an experiment: the best attacker that the rules allow, against the shipped machine, with a clock that jumps to the next
//! moment at which something is permitted.
//!
//! A policy says what an attack comes to (`Price`). Here somebody attacks: starts flows, sends codes again, waits out locks to the
//! millisecond, never takes the guess that would lock, or takes it and the next ones; uses every purpose, every factor, both partitions; has
//! clients without end; and the owner signs in at the moment that helps most. What is counted is what comes out of the machine: wrong
//! guesses *answered*, codes that would have been *taken* at that moment, messages that *arrive*, rows that *lie there*.
//!
//! A figure may never be passed. Where the policy says that it is exact, the attack must come within one per cent of it; where it says that
//! it is more than anybody gets, the reason is given with it.

mod flood;
mod guesses;
mod hold_off;
mod mails;
mod policies;

pub use policies::{named, random};

use countersign::Settings;
use countersign::policy::Price;

/// A figure of the price, beside what an attack came to.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What is counted.
    pub what: &'static str,
    /// Where it stands in a price.
    pub of: fn(&Price) -> u64,
    /// What the policy says.
    pub computed: u64,
    /// What the best attack got.
    pub simulated: u64,
    /// Which attack that was.
    pub by: String,
    /// Why nobody gets as much as is computed, where that is so.
    pub loose: Option<&'static str>,
}

impl Figure {
    /// The same attack beside what another price says of it.
    #[must_use]
    pub fn beside(&self, price: &Price) -> Self {
        Self { computed: (self.of)(price), ..self.clone() }
    }

    /// What the attack got of what is computed.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        if self.computed == 0 { 1.0 } else { self.simulated as f64 / self.computed as f64 }
    }

    /// Never more than computed; and not less by more than one per cent, unless there is a reason.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.simulated <= self.computed && (self.loose.is_some() || self.ratio() >= 0.99)
    }
}

/// How much is to be tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effort {
    /// What a test of the library has time for.
    Test,
    /// Everything.
    Full,
}

/// Attacks a policy of these settings, and compares with its price.
#[must_use]
pub fn figures(settings: &Settings, effort: Effort) -> Vec<Figure> {
    let price = Price::of(settings);
    let mut figures = guesses::figures(settings, &price, effort);
    figures.extend(mails::figures(settings));
    figures.extend(hold_off::figures(settings, &price));
    figures.extend(flood::figures(settings, effort));
    figures.iter().map(|figure| figure.beside(&price)).collect()
}
