//! A code of an authenticator app, checked: beside `totp-rs`, and beside the bare HMACs that no checker can do without.
//!
//! What is timed is what a host does at its door: take the text, say which step it is of. `totp-rs` goes through the steps
//! from the earliest and stops at the one that matches, each with a fresh key; the library takes the key in once and
//! computes every step whatever was typed, so that the time tells nothing. For a code that is a step late, stopping early is
//! half the work or less; that ratio is printed and no goal: it is the price of not telling.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a benchmark"
)]

mod ratio;

use std::hint::black_box;
use std::time::Duration;

use countersign::factor::{Algorithm, TotpParams, TotpSecret, hotp};
use countersign::{Code, Timestamp};
use criterion::Criterion;
use hmac::{Hmac, KeyInit, Mac};
use ratio::Rounds;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

/// Checks in a slice.
const BATCH: usize = 2_000;
/// 2026-11-21T20:00:00Z.
const NOW: i64 = 1_795_291_200;
const STEP: u64 = 59_843_040;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500))
        .sample_size(20)
        .configure_from_args();
    for algorithm in Algorithm::ALL {
        let door = Door::new(algorithm);
        let mut group = criterion.benchmark_group(format!("totp/{}", algorithm.name()));
        for (name, skew, code) in door.cases() {
            group
                .bench_function(format!("{name}, countersign"), |bench| bench.iter(|| door.ours(skew, code)));
            group.bench_function(format!("{name}, totp-rs"), |bench| bench.iter(|| door.theirs(skew, code)));
            group.bench_function(format!("{name}, bare"), |bench| bench.iter(|| door.bare(skew)));
        }
        group.finish();
    }
    criterion.final_summary();
    if ratio::wanted() {
        Algorithm::ALL.into_iter().for_each(compare);
    }
}

fn compare(algorithm: Algorithm) {
    let door = Door::new(algorithm);
    for (name, skew, code) in door.cases() {
        assert_eq!(door.ours(skew, code), door.theirs(skew, code), "both say the same of: {name}");
        let rounds = Rounds::run(|rounds| {
            rounds.time("ours", BATCH, || (0..BATCH).for_each(|_| _ = black_box(door.ours(skew, code))));
            rounds.time("theirs", BATCH, || (0..BATCH).for_each(|_| _ = black_box(door.theirs(skew, code))));
            rounds.time("bare", BATCH, || (0..BATCH).for_each(|_| _ = black_box(door.bare(skew))));
        });
        let (what, ratio) = (format!("{name}, {}", algorithm.name()), rounds.ratio("ours", "theirs"));
        if name.contains("late") {
            ratio.note(&format!("totp check/totp-rs {what}"));
        } else {
            ratio.print(&format!("totp check/totp-rs {what}"), "<= 1.0");
        }
        rounds.ratio("ours", "bare").note(&format!("totp check/bare HMACs {what}"));
    }
}

/// One authenticator, as each of the three has it.
struct Door {
    params: TotpParams,
    secret: TotpSecret,
    /// One for each skew.
    peers: [totp_rs::Totp; 2],
    right: String,
    late: String,
    wrong: String,
}

impl Door {
    fn new(algorithm: Algorithm) -> Self {
        let bytes: Vec<u8> = (1..).take(usize::from(algorithm.secret_bits() / 8)).collect();
        let peer = |skew| {
            totp_rs::Builder::new()
                .with_algorithm(match algorithm {
                    Algorithm::Sha1 => totp_rs::Algorithm::SHA1,
                    Algorithm::Sha256 => totp_rs::Algorithm::SHA256,
                    Algorithm::Sha512 => totp_rs::Algorithm::SHA512,
                })
                .with_secret(bytes.clone())
                .with_skew(skew)
                .build()
                .unwrap()
        };
        let secret = TotpSecret::from_bytes(&bytes).unwrap();
        let params = TotpParams::new(algorithm, 6, 30).unwrap();
        let shown = |step| hotp(&secret, step, 6, algorithm).expose().to_owned();
        let (right, late) = (shown(STEP), shown(STEP - 1));
        Self { right, late, wrong: shown(STEP + 9), params, peers: [peer(0), peer(1)], secret }
    }

    fn cases(&self) -> [(&'static str, u8, &str); 5] {
        [
            ("right, skew 0", 0, &self.right),
            ("wrong, skew 0", 0, &self.wrong),
            ("right, skew 1", 1, &self.right),
            ("late, skew 1", 1, &self.late),
            ("wrong, skew 1", 1, &self.wrong),
        ]
    }

    fn ours(&self, skew: u8, code: &str) -> Option<u64> {
        let (typed, now) = (Code::typed(black_box(code)), Timestamp::from_unix_seconds(black_box(NOW)));
        self.params.check(&self.secret, &typed, now, skew, skew, None)
    }

    fn theirs(&self, skew: u8, code: &str) -> Option<u64> {
        self.peers[usize::from(skew)].check(black_box(code), u64::try_from(black_box(NOW)).unwrap())
    }

    /// The key once, and an HMAC for each step.
    fn bare(&self, skew: u8) -> u8 {
        let steps = STEP - u64::from(skew)..=STEP + u64::from(skew);
        match self.params.algorithm() {
            Algorithm::Sha1 => tags::<Hmac<Sha1>>(self.secret.expose(), steps),
            Algorithm::Sha256 => tags::<Hmac<Sha256>>(self.secret.expose(), steps),
            Algorithm::Sha512 => tags::<Hmac<Sha512>>(self.secret.expose(), steps),
        }
    }
}

fn tags<M: Mac + KeyInit + Clone>(key: &[u8], steps: std::ops::RangeInclusive<u64>) -> u8 {
    let keyed = <M as KeyInit>::new_from_slice(black_box(key)).unwrap();
    steps.fold(0, |all, step| {
        let mut mac = keyed.clone();
        mac.update(&black_box(step).to_be_bytes());
        all ^ mac.finalize().into_bytes()[0]
    })
}
