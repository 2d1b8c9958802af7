//! Codes against the vectors of the RFCs, and the check over the whole range of times, steps and secrets.

use alloc::string::ToString;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::Entropy;

/// RFC 6238 App. A: the seed of each algorithm, as long as the output of its hash.
fn seed(algorithm: Algorithm) -> TotpSecret {
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

/// RFC 4226 App. D, the columns before the last: tag and number before it is cut to digits.
#[test]
fn r35_truncation_is_that_of_rfc_4226_appendix_d() {
    let tag = |hex: &str| -> Vec<u8> {
        (0..20).map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap()).collect()
    };
    assert_eq!(truncated(&tag("cc93cf18508d94934c64b65d8ba7667fb7cde4b0")), 0x4c93_cf18);
    assert_eq!(truncated(&tag("75a48a19d4cbe100644e8ac1397eea747a2d33ab")), 0x4139_7eea);
    assert_eq!(truncated(&tag("0bacb7fa082fef30782211938bc1c5e70416ff44")), 0x82f_ef30);
    assert_eq!(truncated(&tag("66c28227d03a2d5529262ff016a1e6ef76557ece")), 0x66ef_7655);
    assert_eq!(truncated(&tag("a904c900a64b35909874b33e61c5938a8e15ed1c")), 0x61c5_938a);
    assert_eq!(truncated(&tag("1b3c89f65e6c9e883012052823443f048b4332db")), 0x2823_443f);
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

/// R40, B057: fewer than 128 bits are refused, as bytes and as text.
#[test]
fn r40_b057_short_secrets_are_refused() {
    for length in 0..=80 {
        let made = TotpSecret::from_bytes(&[7; 80][..length]).map(|secret| secret.expose().len());
        let expected = match length {
            ..16 => Err(TotpSecretError::TooShort),
            16..=64 => Ok(length),
            _ => Err(TotpSecretError::TooLong),
        };
        assert_eq!(made, expected);
    }
    let read = |text: &str| TotpSecret::from_base32(text).map(|secret| secret.expose().len());
    assert_eq!(read("JBSWY3DPEHPK3PXP"), Err(TotpSecretError::TooShort), "80 bits");
    assert_eq!(read("JBSWY3DPEHPK3PXPJBSWY3DP"), Err(TotpSecretError::TooShort), "120 bits");
    assert_eq!(read("JBSWY3DPEHPK3PXPJBSWY3DPEA"), Ok(16));
    assert_eq!(read(""), Err(TotpSecretError::TooShort));
    assert_eq!(read(&"A".repeat(104)), Err(TotpSecretError::TooLong));
    assert_eq!(read(&"A".repeat(257)), Err(TotpSecretError::TooLong));
}

#[test]
fn r40_r41_drawn_secrets_are_long_enough_and_differ() {
    let mut draw = Entropy::from_seed([3; 32]).stream(0);
    for (bits, bytes) in [(0, 16), (128, 16), (129, 17), (160, 20), (256, 32), (512, 64), (u16::MAX, 64)] {
        let (one, other) = (TotpSecret::draw(&mut draw, bits), TotpSecret::draw(&mut draw, bits));
        assert_eq!((one.expose().len(), other.expose().len()), (bytes, bytes));
        assert_ne!(one.expose(), other.expose());
    }
    for algorithm in Algorithm::ALL {
        let secret = TotpSecret::draw(&mut draw, algorithm.secret_bits());
        assert_eq!(secret.expose().len() * 8, usize::from(algorithm.secret_bits()));
    }
}

/// §10 of the requirements: the seeds of RFC 6238 in Base32.
#[test]
fn r45_base32_is_that_of_rfc_4648_in_upper_case_without_padding() {
    let sixteen = "GEZDGNBVGY3TQOJQ";
    assert_eq!(seed(Algorithm::Sha1).expose_base32(), sixteen.repeat(2));
    assert_eq!(seed(Algorithm::Sha256).expose_base32(), sixteen.repeat(3) + "GEZA");
    assert_eq!(seed(Algorithm::Sha512).expose_base32(), sixteen.repeat(6) + "GEZDGNA");
}

#[test]
fn base32_is_read_as_people_copy_it() {
    let text = seed(Algorithm::Sha256).expose_base32();
    let groups: Vec<_> = text.as_bytes().chunks(4).map(|four| core::str::from_utf8(four).unwrap()).collect();
    for tolerated in [
        text.to_ascii_lowercase(),
        groups.join(" "),
        groups.join("-"),
        text.clone() + "====",
        text.clone() + "= = = = ",
        groups.join(" ").to_lowercase() + " ====",
    ] {
        let read = TotpSecret::from_base32(&tolerated).unwrap();
        assert_eq!(read.expose(), seed(Algorithm::Sha256).expose(), "{tolerated}");
    }
    for refused in ["0", "1", "8", "9", "é", "=A", "\n", "_", "ſ", "\u{212a}"] {
        let text = text[..26].to_string() + refused + &text[..26];
        assert_eq!(TotpSecret::from_base32(&text).err(), Some(TotpSecretError::Encoding), "{refused:?}");
    }
    for symbols in [25, 27, 30, 33] {
        let read = TotpSecret::from_base32(&"A".repeat(symbols));
        assert_eq!(read.err(), Some(TotpSecretError::Encoding), "no bytes have {symbols} symbols");
    }
}

#[test]
fn law_11_a_secret_is_not_seen_in_debug() {
    assert_eq!(alloc::format!("{:?}", seed(Algorithm::Sha1)), "TotpSecret(…)");
}

/// RFC 4226 §5.3 word for word, as a second opinion on the shifts.
fn by_the_letter(tag: &[u8]) -> u32 {
    let offset = usize::from(tag[tag.len() - 1] & 0xf);
    (u32::from(tag[offset]) & 0x7f) << 24
        | u32::from(tag[offset + 1]) << 16
        | u32::from(tag[offset + 2]) << 8
        | u32::from(tag[offset + 3])
}

fn algorithms() -> impl Strategy<Value = Algorithm> {
    proptest::sample::select(&Algorithm::ALL[..])
}

fn secrets() -> impl Strategy<Value = TotpSecret> {
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
    #[test]
    fn truncation_is_that_of_the_rfc(tag in proptest::collection::vec(any::<u8>(), 64)) {
        for length in [20, 32, 64] {
            prop_assert_eq!(truncated(&tag[..length]), by_the_letter(&tag[..length]));
        }
    }

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
    fn secrets_come_back_from_their_text(secret in secrets()) {
        let text = secret.expose_base32();
        prop_assert!(text.bytes().all(|b| matches!(b, b'A'..=b'Z' | b'2'..=b'7')));
        let read = TotpSecret::from_base32(&text).unwrap();
        prop_assert_eq!(read.expose(), secret.expose());
    }

    #[test]
    fn any_text_is_a_secret_or_an_error(text in ".*", ascii in "[A-Za-z2-7 =-]{0,300}") {
        for text in [text, ascii] {
            if let Ok(secret) = TotpSecret::from_base32(&text) {
                prop_assert!((16..=64).contains(&secret.expose().len()));
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
