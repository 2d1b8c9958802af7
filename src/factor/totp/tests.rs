//! Codes against the vectors of the RFCs, and the check over the whole range of times, steps and secrets.
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;

/// RFC 6238 App. A: the seed of each algorithm, as long as the output of its hash.
pub(super) fn seed(algorithm: Algorithm) -> TotpSecret {
    let bytes: Vec<u8> =
        (0..usize::from(algorithm.secret_bits() / 8)).map(|at| b"1234567890"[at % 10]).collect();
    TotpSecret::from_bytes(&bytes).unwrap()
}

fn params(algorithm: Algorithm, digits: u8, period: u32) -> TotpParams {
    TotpParams::new(algorithm, digits, period).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

fn plain() -> (TotpSecret, TotpParams) {
    (seed(Algorithm::Sha1), TotpParams::default())
}

/// The code that an app shows in a step.
fn shown(secret: &TotpSecret, params: &TotpParams, step: u64) -> Code {
    hotp(secret, step, params.digits(), params.algorithm())
}

const RFC_4226_D: [&str; 10] =
    ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];

const RFC_6238_B: [(i64, u64, [&str; 3]); 6] = [
    (59, 0x1, ["94287082", "46119246", "90693936"]),
    (1_111_111_109, 0x0235_23EC, ["07081804", "68084774", "25091201"]),
    (1_111_111_111, 0x0235_23ED, ["14050471", "67062674", "99943326"]),
    (1_234_567_890, 0x0273_EF07, ["89005924", "91819424", "93441116"]),
    (2_000_000_000, 0x03F9_40AA, ["69279037", "90698825", "38618901"]),
    (20_000_000_000, 0x27BC_86AA, ["65353130", "77737706", "47863826"]),
];

#[test]
fn r35_codes_are_those_of_rfc_4226_appendix_d() {
    for (counter, code) in (0..).zip(RFC_4226_D) {
        assert_eq!(hotp(&seed(Algorithm::Sha1), counter, 6, Algorithm::Sha1).expose(), code);
    }
}

#[test]
fn r35_codes_are_those_of_rfc_6238_appendix_b() {
    for (seconds, step, codes) in RFC_6238_B {
        for (algorithm, code) in Algorithm::ALL.into_iter().zip(codes) {
            let (secret, params) = (seed(algorithm), params(algorithm, 8, 30));
            assert_eq!(params.step_at(at(seconds)), Some(step));
            assert_eq!(hotp(&secret, step, 8, algorithm).expose(), code, "{seconds} {algorithm:?}");
            assert_eq!(params.check(&secret, &Code::typed(code), at(seconds), 0, 0, None), Some(step));
        }
    }
}

/// A code is text: `07081804` is one and `7081804` is none, also not where seven digits are asked for.
#[test]
fn r35_leading_zeros_count() {
    let (secret, now) = (seed(Algorithm::Sha1), at(1_111_111_109));
    let check = |digits, typed: &str| {
        params(Algorithm::Sha1, digits, 30).check(&secret, &Code::typed(typed), now, 0, 0, None).is_some()
    };
    assert!(check(8, "07081804") && check(7, "7081804") && check(6, "081804"));
    for (digits, typed) in [(8, "7081804"), (8, "007081804"), (7, "07081804"), (6, "81804"), (6, "7081804")] {
        assert!(!check(digits, typed), "{typed} with {digits} digits");
    }
}

#[test]
fn r32_b041_what_is_no_code_matches_nothing() {
    let (secret, params) = plain();
    for typed in
        ["", "0", "      ", "+94287", "-94287", "28708", "２８７０８２", "287082\0", "4294967295", "abcdef"]
    {
        assert_eq!(params.check(&secret, &Code::typed(typed), at(59), 2, 2, None), None, "{typed:?}");
    }
}

/// R36, R87, B027, B029: an accepted step and all before it are dead, whatever flow asks.
#[test]
fn r36_a_step_that_was_used_never_matches_again() {
    let (secret, params) = plain();
    let code = |step| shown(&secret, &params, step);
    let check = |step, last| params.check(&secret, &code(step), at(300), 1, 1, last);
    assert_eq!(check(10, None), Some(10));
    assert_eq!(check(10, Some(9)), Some(10));
    assert_eq!(check(10, Some(10)), None, "the same step");
    assert_eq!(check(9, Some(10)), None, "an older one");
    assert_eq!(check(11, Some(10)), Some(11), "the next");
    for step in 9..=11 {
        assert_eq!(check(step, Some(u64::MAX)), None, "nothing is later than the last of all");
    }
}

/// B028: what is used up is the step that matched, not the current one.
#[test]
fn b028_the_step_that_matched_is_named_not_the_current_one() {
    let (secret, params) = plain();
    let check = |step, last| params.check(&secret, &shown(&secret, &params, step), at(300), 1, 1, last);
    let last = check(9, None);
    assert_eq!(last, Some(9));
    assert_eq!(check(9, last), None, "replayed");
    assert_eq!(check(10, last), Some(10), "the code that comes next");
}

/// R37, B032: exactly b + f + 1 steps match.
#[test]
fn r37_b032_exactly_the_steps_of_the_window_match() {
    let (secret, params) = plain();
    for back in 0..=2 {
        for forward in 0..=2 {
            let matching: Vec<u64> = (0..=200)
                .filter(|step| {
                    let typed = shown(&secret, &params, *step);
                    params.check(&secret, &typed, at(3000), back, forward, None) == Some(*step)
                })
                .collect();
            let window: Vec<u64> = (100 - u64::from(back)..=100 + u64::from(forward)).collect();
            assert_eq!(matching, window, "{back} back, {forward} forward");
        }
    }
}

/// B032: with no skew the code of a step ends with the step, to the millisecond.
#[test]
fn b032_a_code_ends_with_its_step() {
    let (secret, params) = plain();
    let code = shown(&secret, &params, 1);
    let check =
        |millis| params.check(&secret, &code, Timestamp::from_unix_millis(millis), 0, 0, None).is_some();
    assert_eq!([29_999, 30_000, 59_999, 60_000].map(check), [false, true, true, false]);
}

/// B081: a skew of 255 neither overflows nor opens the window beyond two steps each way.
#[test]
fn b081_an_absurd_skew_is_taken_as_two() {
    let (secret, params) = plain();
    let check = |step| params.check(&secret, &shown(&secret, &params, step), at(3000), 255, 255, None);
    assert_eq!((96..=104).filter_map(check).collect::<Vec<_>>(), [98, 99, 100, 101, 102]);
    for now in [0, i64::MAX / 1000] {
        assert_eq!(params.check(&secret, &Code::typed("000000"), at(now), 255, 255, Some(u64::MAX)), None);
    }
}

/// Two steps with one code: the later is named, so that the code is dead in both.
#[test]
fn r36_of_several_steps_with_one_code_the_latest_is_used_up() {
    let (secret, params) = plain();
    let (early, late) = twins(&secret, &params);
    let code = shown(&secret, &params, early);
    assert_eq!(code.expose(), shown(&secret, &params, late).expose());
    let now = at(i64::try_from(early + 1).unwrap() * 30);
    assert_eq!(params.check(&secret, &code, now, 1, 1, None), Some(late));
    assert_eq!(params.check(&secret, &code, now, 1, 1, Some(early)), Some(late), "later than the last");
    assert_eq!(params.check(&secret, &code, now, 1, 1, Some(late)), None);
}

/// The first step whose code comes again within two steps.
fn twins(secret: &TotpSecret, params: &TotpParams) -> (u64, u64) {
    let keyed = Keyed::new(secret, params.algorithm());
    (0..).map(|step| (step, step + 2)).find(|(a, b)| keyed.number(*a, 6) == keyed.number(*b, 6)).unwrap()
}

#[test]
fn r38_no_step_before_1970_and_none_that_wraps() {
    let params = TotpParams::default();
    let step = |millis| params.step_at(Timestamp::from_unix_millis(millis));
    assert_eq!([i64::MIN, -30_000, -1].map(step), [None; 3]);
    assert_eq!([0, 29_999, 30_000].map(step), [Some(0), Some(0), Some(1)]);
    // 2038-01-19T03:14:08Z and beyond 32 bits of steps.
    assert_eq!(step(2_147_483_648_000), Some(71_582_788));
    assert_eq!(step(4_294_967_296 * 30_000), Some(4_294_967_296));
    assert_eq!(step(i64::MAX), Some(307_445_734_561_825));
    let (secret, params) = plain();
    for now in [Timestamp::MIN, Timestamp::from_unix_millis(-1)] {
        for step in [0, 1, u64::MAX] {
            assert_eq!(params.check(&secret, &shown(&secret, &params, step), now, 2, 2, None), None);
        }
    }
    let last = params.step_at(Timestamp::MAX).unwrap();
    let typed = shown(&secret, &params, last + 2);
    assert_eq!(params.check(&secret, &typed, Timestamp::MAX, 2, 2, None), Some(last + 2));
}

#[test]
fn r38_r43_b085_parameters_out_of_range_cannot_be_made_or_read() {
    for (digits, period, expected) in [
        (6, 1, None),
        (8, 120, None),
        (5, 30, Some(TotpParamsError::Digits)),
        (9, 30, Some(TotpParamsError::Digits)),
        (0, 0, Some(TotpParamsError::Digits)),
        (255, 30, Some(TotpParamsError::Digits)),
        (6, 0, Some(TotpParamsError::Period)),
        (6, 121, Some(TotpParamsError::Period)),
        (6, u32::MAX, Some(TotpParamsError::Period)),
    ] {
        for algorithm in Algorithm::ALL {
            let made = TotpParams::new(algorithm, digits, period);
            assert_eq!(made.err(), expected, "{digits} {period}");
            let stored = postcard::to_allocvec(&(algorithm, digits, period)).unwrap();
            assert_eq!(postcard::from_bytes::<TotpParams>(&stored).ok(), made.ok(), "{digits} {period}");
        }
    }
}

/// The stored form: append only.
#[test]
fn stored_parameters_keep_their_form() {
    let stored = |algorithm| postcard::to_allocvec(&params(algorithm, 8, 120)).unwrap();
    assert_eq!(Algorithm::ALL.map(stored), [[0, 8, 120], [1, 8, 120], [2, 8, 120]]);
}

fn algorithms() -> impl Strategy<Value = Algorithm> {
    proptest::sample::select(&Algorithm::ALL[..])
}

pub(super) fn secrets() -> impl Strategy<Value = TotpSecret> {
    proptest::collection::vec(any::<u8>(), TotpSecret::MIN_BYTES..=TotpSecret::MAX_BYTES)
        .prop_map(|bytes| TotpSecret::from_bytes(&bytes).unwrap())
}

fn any_params() -> impl Strategy<Value = TotpParams> {
    (algorithms(), 6_u8..=8, 1_u32..=120).prop_map(|(a, d, p)| params(a, d, p))
}

/// Any time, and more often one where people live or a range ends.
fn times() -> impl Strategy<Value = Timestamp> {
    prop_oneof![any::<i64>(), 0_i64..5_000_000_000_000, -100_000_i64..100_000, i64::MAX - 200_000..=i64::MAX]
        .prop_map(Timestamp::from_unix_millis)
}

proptest! {
    /// What is named is in the window, later than the last, and has the code that was typed; and if such a step exists,
    /// one is named.
    #[test]
    fn r36_r37_what_is_named_is_right_and_later(
        secret in secrets(), params in any_params(), now in times(), back in any::<u8>(), forward in any::<u8>(),
        away in -4_i64..=4, last in -6_i64..=6, first_ever in any::<bool>(),
    ) {
        let current = params.step_at(now);
        let step = current.unwrap_or(0).saturating_add_signed(away);
        let last = (!first_ever).then(|| current.unwrap_or(0).saturating_add_signed(last));
        let typed = shown(&secret, &params, step);
        let named = params.check(&secret, &typed, now, back, forward, last);
        let live = |step: u64| {
            let (back, forward) = (u64::from(back.min(2)), u64::from(forward.min(2)));
            current.is_some_and(|c| step + back >= c && step <= c + forward) && last.is_none_or(|l| step > l)
        };
        prop_assert_eq!(named.is_some_and(|named| named >= step), live(step) || named.is_some_and(|n| n > step));
        if let Some(named) = named {
            prop_assert!(live(named));
            let code = shown(&secret, &params, named);
            prop_assert_eq!(code.expose(), typed.expose());
        }
    }

    /// Whatever is typed whenever, the steps that are accepted strictly increase (law 3).
    #[test]
    fn b028_accepted_steps_strictly_increase(
        start in 0_i64..10_000, story in proptest::collection::vec((-3_i64..=3, -3_i64..=3), 1..40),
    ) {
        let (secret, params) = plain();
        let (mut last, mut step) = (None, start);
        for (clock, off) in story {
            step = (step + clock).max(0);
            let typed = shown(&secret, &params, u64::try_from(step + off).unwrap_or(0));
            if let Some(named) = params.check(&secret, &typed, at(step * 30), 1, 1, last) {
                prop_assert!(last.is_none_or(|last| named > last));
                last = Some(named);
            }
        }
    }

    #[test]
    fn r43_codes_have_six_to_eight_digits(secret in secrets(), counter in any::<u64>(), digits in any::<u8>(), algorithm in algorithms()) {
        let code = hotp(&secret, counter, digits, algorithm);
        prop_assert_eq!(code.expose().len(), usize::from(digits.clamp(6, 8)));
        prop_assert!(code.expose().bytes().all(|b| b.is_ascii_digit()));
        let typed = Code::typed(code.expose());
        prop_assert_eq!(typed.expose(), code.expose());
    }
}
