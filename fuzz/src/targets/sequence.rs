//! Any bytes are a story of one-time-code sessions; the machine and the model must tell it alike.

use countersign::Settings;
use countersign::policy::ResendPolicy;

use crate::otp::ops::Reader;
use crate::otp::small::small;
use crate::otp::story::play;

/// Longer stories find nothing that shorter ones do not, and cost the model time.
const MOST: usize = 80;

pub fn otp_sequence(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let settings = match first % 8 {
        0 => Settings::recommended(),
        1..=3 => small(ResendPolicy::KeepPrevious),
        _ => small(ResendPolicy::Replace),
    };
    let mut reader = Reader(rest);
    let ops: Vec<_> = core::iter::from_fn(|| reader.op()).take(MOST).collect();
    if let Err(broken) = play(&settings, &ops) {
        panic!("{broken}");
    }
}
