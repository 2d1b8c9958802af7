//! Codes for the drawer: one canonical form, uniform symbols, digests that belong to one record.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::Entropy;

fn stream(seed: u8) -> Draw {
    Entropy::from_seed([seed; 32]).stream(0)
}

fn set(count: usize) -> (DataKey, Vec<RecoveryCode>, Vec<[u8; 16]>) {
    let mut draw = stream(1);
    let key = DataKey::draw(&mut draw);
    let codes: Vec<_> = (0..count).map(|_| RecoveryCode::draw(&mut draw, 80)).collect();
    let digests = codes.iter().map(|code| code.digest(&key)).collect();
    (key, codes, digests)
}

/// R46: never fewer bits than asked for, never fewer than 64, in whole groups.
#[test]
fn r46_b058_codes_have_the_bits_asked_for() {
    let mut draw = stream(2);
    for bits in (0..=300).chain([u16::MAX]) {
        let code = RecoveryCode::draw(&mut draw, bits);
        let groups: Vec<_> = code.expose().split('-').collect();
        assert!(groups.iter().all(|group| group.len() == 4), "{}", code.expose());
        let carried = groups.len() * 20;
        assert!(carried >= usize::from(bits.min(260)) && carried >= 64, "{bits}: {carried}");
        assert!(carried < usize::from(bits).max(80) + 20, "{bits}: {carried}, more than a group too many");
        assert!(code.expose().len() <= RecoveryCode::MAX_TYPED_BYTES / 2);
    }
    assert_eq!(RecoveryCode::draw(&mut draw, 80).expose().len(), 19);
}

/// R46, B058: every symbol is as likely as any other at every place, and no code comes twice.
#[test]
fn r46_b058_codes_are_uniform() {
    let mut draw = stream(3);
    let mut counts = [[0_u32; 128]; 19];
    let mut seen = BTreeSet::new();
    for _ in 0..16_000 {
        let code = RecoveryCode::draw(&mut draw, 80);
        for (place, symbol) in code.expose().bytes().enumerate() {
            counts[place][usize::from(symbol)] += 1;
        }
        assert!(seen.insert(code.expose().to_string()));
    }
    for (place, counts) in counts.iter().enumerate().filter(|(place, _)| place % 5 != 4) {
        // 500 expected each; six standard deviations are 132.
        let fair = |symbol: &u8| (368..=632).contains(&counts[usize::from(*symbol)]);
        assert!(ALPHABET.iter().all(fair), "{place}: {counts:?}");
        assert_eq!(counts.iter().filter(|count| **count > 0).count(), 32);
    }
}

/// R55: no symbol of the alphabet is dropped, refused or read as another.
#[test]
fn r55_no_two_symbols_are_read_as_one() {
    let unique: BTreeSet<_> = ALPHABET.iter().collect();
    assert_eq!(unique.len(), 32);
    for symbol in ALPHABET.iter().copied().map(char::from) {
        let code: String = [symbol; 16].into_iter().collect();
        let read = RecoveryCode::typed(&code).expose().replace('-', "");
        assert_eq!(read, code);
        assert_eq!(RecoveryCode::typed(&code.to_lowercase()).expose().replace('-', ""), code);
    }
}

#[test]
fn r55_every_symbol_is_found_by_its_value() {
    let symbols: Vec<u8> = (0..32).map(symbol).collect();
    assert_eq!(symbols, ALPHABET);
}

#[test]
fn r55_case_spaces_hyphens_and_look_alikes() {
    let canonical = "1100-2345-6789-ABCD";
    for typed in [
        "1100-2345-6789-ABCD",
        "11002345-6789abcd",
        "  1100 2345 6789 abcd ",
        "1-1-0-0-2-3-4-5-6-7-8-9-a-b-c-d",
        "ILOo-2345-6789-ABCD",
        "ilOO 2345 6789 aBcD",
    ] {
        assert_eq!(RecoveryCode::typed(typed).expose(), canonical, "{typed}");
    }
}

/// R55, R32, B041: everything else is the one value that is no code.
#[test]
fn r55_b041_everything_else_is_no_code() {
    let (key, _, digests) = set(10);
    let long = "A".repeat(52);
    for typed in [
        "",
        " ",
        "-",
        "1100-2345-6789-ABC",
        "1100-2345-6789-ABCDE",
        "1100-2345-6789",
        "1100-2345-6789-ABCU",
        "1100-2345-6789-ABC\0",
        "1100\t2345\t6789\tABCD",
        "1100–2345–6789–ABCD",
        "１１００-2345-6789-ABCD",
        "1100-2345-6789-ABCſ",
        "1100_2345_6789_ABCD",
        &(long.clone() + "AAAA"),
        &(long.clone() + &" ".repeat(77)),
        &"A".repeat(1 << 20),
    ] {
        let read = RecoveryCode::typed(typed);
        assert_eq!(read.expose(), "", "{typed:?}");
        assert_eq!(find(&digests, &read.digest(&key)), None);
    }
    assert_eq!(RecoveryCode::typed(&(long.clone() + &" ".repeat(76))).expose().replace('-', ""), long);
}

/// B099, B104: each code of a set is found once, whichever went before, and only it goes.
#[test]
fn b104_each_code_is_found_as_long_as_it_is_there() {
    let (key, codes, digests) = set(6);
    for first in 0..6 {
        let mut left = digests.clone();
        for nth in 0..6 {
            let code = &codes[(first + nth * 5) % 6];
            let typed = RecoveryCode::typed(&code.expose().to_lowercase().replace('-', " "));
            let at = find(&left, &typed.digest(&key)).expect("not used yet");
            assert_eq!(left.remove(at), code.digest(&key));
            assert_eq!(find(&left, &typed.digest(&key)), None, "used");
        }
    }
    assert_eq!(find(&[], &codes[0].digest(&key)), None);
}

#[test]
fn find_names_the_place() {
    let digests: Vec<_> = (0..32_u8).map(|byte| [byte; 16]).collect();
    for (at, digest) in digests.iter().enumerate() {
        assert_eq!(find(&digests, digest), Some(at));
        for changed in 0..16 {
            let mut other = *digest;
            other[changed] ^= 0x80;
            assert_eq!(find(&digests, &other), None, "one bit of byte {changed}");
        }
    }
}

/// R52, B048, B102: a code of one record is worth nothing in another, and its digest is that of nothing else.
#[test]
fn r52_b102_digests_belong_to_one_record_and_one_use() {
    let (key, codes, digests) = set(10);
    let other = DataKey::draw(&mut stream(9));
    for code in &codes {
        assert_eq!(find(&digests, &code.digest(&other)), None);
        for domain in [Domain::MailedCode, Domain::ProvenIdentifier, Domain::PasswordSalt, Domain::SealingKey]
        {
            assert_eq!(find(&digests, &key.digest(domain, &[code.expose().as_bytes()])), None);
        }
    }
    assert_eq!(digests.iter().collect::<BTreeSet<_>>().len(), 10, "no two codes have one digest");
}

#[test]
fn r54_what_is_due_depends_on_what_is_left() {
    let settings = |warn_at, require_at| RecoveryCodes { count: 10, bits: 80, warn_at, require_at };
    use Regenerate::{Advised, None, Required};
    for (left, settings, expected) in [
        (4, settings(3, 0), None),
        (3, settings(3, 0), Advised),
        (1, settings(3, 0), Advised),
        (0, settings(3, 0), Required),
        (3, settings(5, 2), Advised),
        (2, settings(5, 2), Required),
        (0, settings(0, 0), Required),
        (1, settings(0, 0), None),
        (usize::MAX, settings(10, 10), None),
        (10, settings(10, 10), Required),
    ] {
        assert_eq!(Regenerate::at(left, &settings), expected, "{left} left, {settings:?}");
    }
}

#[test]
fn law_11_a_code_is_not_seen_in_debug() {
    assert_eq!(alloc::format!("{:?}", RecoveryCode::draw(&mut stream(1), 80)), "RecoveryCode(…)");
}

proptest! {
    /// R55: issued codes are their own canonical form, so no two are mapped together; and every way to type one leads to it.
    #[test]
    fn r55_issued_codes_are_their_own_form(
        seed in any::<[u8; 32]>(), bits in 64_u16..=256, noise in proptest::collection::vec(0_u8..5, 64),
    ) {
        let code = RecoveryCode::draw(&mut Entropy::from_seed(seed).stream(0), bits);
        let again = RecoveryCode::typed(code.expose());
        prop_assert_eq!(again.expose(), code.expose());
        let mut typed = String::new();
        for (symbol, noise) in code.expose().chars().filter(|c| *c != '-').zip(noise) {
            match (symbol, noise) {
                (_, 0) => typed.push(symbol.to_ascii_lowercase()),
                (_, 1) => typed.extend([symbol, ' ']),
                ('0', 2) => typed.push('O'),
                ('1', 2) => typed.push('I'),
                ('1', 3) => typed.push('l'),
                (_, 4) => typed.extend(['-', symbol]),
                _ => typed.push(symbol),
            }
        }
        let read = RecoveryCode::typed(&typed);
        prop_assert_eq!(read.expose(), code.expose());
    }

    #[test]
    fn r55_any_text_has_one_form(text in ".*", close in "[0-9A-Za-z -]{0,140}") {
        for text in [text, close] {
            let read = RecoveryCode::typed(&text);
            prop_assert!(read.expose().len() <= 64);
            let again = RecoveryCode::typed(read.expose());
            prop_assert_eq!(again.expose(), read.expose());
        }
    }
}
