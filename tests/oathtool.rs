//! Codes as another program computes them: `oathtool`, of the OATH Toolkit.
//!
//! It fails where the program is missing. `cargo test --test oathtool -- --ignored`
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, clippy::disallowed_methods, reason = "tests")]

use std::process::Command;

use countersign::factor::{Algorithm, TotpParams, TotpSecret, hotp};
use countersign::{Code, Timestamp};
use proptest::prelude::*;

/// What `oathtool` says to these arguments.
fn oathtool(arguments: &[String]) -> String {
    let run = Command::new("oathtool")
        .args(arguments)
        .output()
        .expect("oathtool, such as of apt's package `oathtool`");
    assert!(run.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap().trim().to_owned()
}

fn algorithm() -> impl Strategy<Value = (Algorithm, &'static str)> {
    prop::sample::select(vec![
        (Algorithm::Sha1, "--totp=sha1"),
        (Algorithm::Sha256, "--totp=sha256"),
        (Algorithm::Sha512, "--totp=sha512"),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// R35, R38: any secret, any time from 1970 to after 2038, any algorithm, digits and period.
    #[test]
    #[ignore = "needs oathtool; .ci/full runs it"]
    fn r35_r38_codes_by_time_are_those_of_oathtool(
        secret in prop::collection::vec(any::<u8>(), 16..=64),
        (algorithm, flag) in algorithm(),
        digits in 6..=8_u8,
        period in 1..=120_u32,
        now in prop_oneof![0..4_294_967_296_i64, 0..120_i64, 2_147_483_640..2_147_483_700_i64],
    ) {
        let secret = TotpSecret::from_bytes(&secret).unwrap();
        let said = oathtool(&[
            flag.into(),
            "--base32".into(),
            format!("--digits={digits}"),
            format!("--time-step-size={period}s"),
            format!("--now=@{now}"),
            secret.expose_base32(),
        ]);
        let params = TotpParams::new(algorithm, digits, period).unwrap();
        let at = Timestamp::from_unix_seconds(now);
        let step = params.step_at(at).unwrap();
        let computed = hotp(&secret, step, digits, algorithm);
        prop_assert_eq!(computed.expose(), &said);
        prop_assert_eq!(params.check(&secret, &Code::typed(&said), at, 0, 0, None), Some(step));
    }

    /// R35: any counter.
    #[test]
    #[ignore = "needs oathtool; .ci/full runs it"]
    fn r35_codes_by_counter_are_those_of_oathtool(
        secret in prop::collection::vec(any::<u8>(), 16..=64),
        digits in 6..=8_u8,
        counter in prop_oneof![any::<u64>().prop_map(|n| n >> 1), 0..10_u64],
    ) {
        let secret = TotpSecret::from_bytes(&secret).unwrap();
        let said = oathtool(&[
            "--hotp".into(),
            "--base32".into(),
            format!("--digits={digits}"),
            format!("--counter={counter}"),
            secret.expose_base32(),
        ]);
        let computed = hotp(&secret, counter, digits, Algorithm::Sha1);
        prop_assert_eq!(computed.expose(), &said);
    }
}
