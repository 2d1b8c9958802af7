//! The cases, and what memcheck says of each.

use std::collections::BTreeSet;
use std::process::Command;

use countersign::Factor;
use countersign::factor::Algorithm;

use crate::scenes::Secret::{DataKey, Shown, Stored, Typed};
use crate::{planted, scenes};

/// What is run, and what may be reported.
struct Case {
    what: &'static str,
    run: fn(),
    expected: Expected,
}

enum Expected {
    /// It must be reported.
    Planted,
    /// These, and nothing else to the end.
    Only(&'static [Verdict]),
    /// These, up to the last of them; what is done with a right one after that is not in question.
    ///
    /// Optimised, this goes for all: there the place that a ticket was found at is chosen without a branch, and so all that is read from
    /// there depends on the verdict and is reported, without depending on anything else that is secret.
    Until(&'static [Verdict]),
    /// Reported, known, and on no path that checks anything: shown, and no failure. Drawing a code branches on
    /// whether the number drawn is one of the few that would make some codes likelier than others: that tells of a number that was thrown
    /// away; and, optimised, on each digit being ASCII, which it always is.
    Known,
}

use Expected::{Known, Only, Planted, Until};

/// Where the yes or no, a bit that the answer tells anyway, is branched on.
struct Verdict {
    /// Functions, any of them.
    at: &'static [&'static str],
    /// What is told is where something was found.
    place: bool,
}

const fn verdict(at: &'static [&'static str]) -> Verdict {
    Verdict { at, place: false }
}

/// Whether a row is what this code wrote: always yes but for tampering.
const TAG: Verdict = verdict(&["decrypt_inout_detached"]);
/// Whether the code is right.
const CODE: Verdict = verdict(&["(verify.rs"]);
/// Whether, and which, session of the record the ticket is of.
const TICKET: Verdict = Verdict { at: &["Ledger::position", "codes::session::Found"], place: true };
/// The same of an account's signed-in sessions.
const SESSION: Verdict = Verdict { at: &["StoredSessions::position", "sessions::OnAccount"], place: true };
/// The kind of row that the ticket leads to, which the store is told.
const ROUTE: Verdict = verdict(&["RecordKey", "kind (key.rs"]);
/// Whether what was typed are digits: always yes, or it would have been taken as empty before.
const DIGITS: Verdict = verdict(&["totp::number", "to_digit", "from_ascii_radix", "can_not_overflow"]);
/// Whether the code is that of one of the steps.
const STEP: Verdict = verdict(&["then_some", "Totp::accept", "marks.rs"]);
/// Whether the code is one of the account's.
const DRAWER: Verdict = verdict(&["then_some", "SecondFactors::redeem", "(factors.rs"]);

type Run = fn();

const CASES: &[Case] = &[
    planted("planted: leaves at the first difference", planted::early_exit),
    planted("planted: == on bytes", planted::equal_sign),
    planted("planted: a secret index", planted::secret_index),
    planted("planted: a branch on a bit", planted::secret_branch),
    case_of("nothing secret", scenes::nothing, Only(&[])),
    case_of("mailed code, wrong: as typed", || scenes::mailed_code(false, Typed), Only(&[CODE])),
    case_of("mailed code, right: as typed", || scenes::mailed_code(true, Typed), Until(&[CODE])),
    case_of("mailed code, wrong: its stored digest", || scenes::mailed_code(false, Stored), Only(&[CODE])),
    case_of("mailed code, right: its stored digest", || scenes::mailed_code(true, Stored), Until(&[CODE])),
    case_of(
        "mailed code, wrong: the data key",
        || scenes::mailed_code(false, DataKey),
        Only(&[TAG, TICKET, CODE]),
    ),
    case_of("mailed code, wrong: the ticket", || scenes::mailed_code(false, Shown), Only(&[ROUTE, TICKET])),
    case_of("session, right: its stored digest", || scenes::session(true, Stored), Until(&[SESSION])),
    case_of("session, right: the ticket", || scenes::session(true, Shown), Until(&[ROUTE, SESSION])),
    case_of("session, ended: the ticket", || scenes::session(false, Shown), Only(&[ROUTE, SESSION])),
    case_of("session, right: the data key", || scenes::session(true, DataKey), Until(&[TAG, SESSION])),
    case_of("session, ended: the data key", || scenes::session(false, DataKey), Only(&[TAG, SESSION])),
    case_of(
        "app, SHA-1, wrong: secret and code",
        || scenes::totp_check(false, Algorithm::Sha1),
        Only(&[DIGITS, STEP]),
    ),
    case_of(
        "app, SHA-1, right: secret and code",
        || scenes::totp_check(true, Algorithm::Sha1),
        Only(&[DIGITS, STEP]),
    ),
    case_of(
        "app, SHA-256, wrong: secret and code",
        || scenes::totp_check(false, Algorithm::Sha256),
        Only(&[DIGITS, STEP]),
    ),
    case_of(
        "app, SHA-512, wrong: secret and code",
        || scenes::totp_check(false, Algorithm::Sha512),
        Only(&[DIGITS, STEP]),
    ),
    case_of(
        "app at sign-in, wrong: as typed",
        || scenes::second_factor(Factor::Totp, false, Typed),
        Only(&[DIGITS, STEP]),
    ),
    case_of(
        "app at sign-in, right: as typed",
        || scenes::second_factor(Factor::Totp, true, Typed),
        Until(&[DIGITS, STEP]),
    ),
    case_of(
        "app at sign-in, wrong: its stored secret",
        || scenes::second_factor(Factor::Totp, false, Stored),
        Only(&[TAG, STEP]),
    ),
    case_of(
        "app at sign-in, right: its stored secret",
        || scenes::second_factor(Factor::Totp, true, Stored),
        Until(&[TAG, STEP]),
    ),
    case_of(
        "recovery code, wrong: as typed",
        || scenes::second_factor(Factor::RecoveryCode, false, Typed),
        Only(&[DRAWER]),
    ),
    case_of(
        "recovery code, right: as typed",
        || scenes::second_factor(Factor::RecoveryCode, true, Typed),
        Until(&[DRAWER]),
    ),
    case_of(
        "recovery code, wrong: the stored digests",
        || scenes::second_factor(Factor::RecoveryCode, false, Stored),
        Only(&[DRAWER]),
    ),
    case_of(
        "recovery code, right: the stored digests",
        || scenes::second_factor(Factor::RecoveryCode, true, Stored),
        Until(&[DRAWER]),
    ),
    case_of("drawing a code, from a secret seed", scenes::drawing, Known),
];

const fn planted(what: &'static str, run: Run) -> Case {
    case_of(what, run, Planted)
}

const fn case_of(what: &'static str, run: Run, expected: Expected) -> Case {
    Case { what, run, expected }
}

/// Runs one case; where its secrets are is told, or found and said.
pub fn case(what: &str) {
    let case = CASES.iter().find(|case| case.what == what).expect("a case");
    (case.run)();
}

/// Runs all whose name has the text in it, prints what was reported, and fails where that is not what is expected.
pub fn all(only: &str) {
    let optimised = std::env::current_exe().unwrap().components().any(|part| part.as_os_str() == "release");
    let mut failed = 0;
    for case in CASES.iter().filter(|case| case.what.contains(only)) {
        let sites = reported(case.what);
        let (right, until) = match &case.expected {
            Planted => (!sites.is_empty(), sites.len()),
            Known => (true, sites.len()),
            Only(verdicts) if !optimised || verdicts.is_empty() => (allowed(&sites, verdicts), sites.len()),
            Only(verdicts) | Until(verdicts) => {
                let place = verdicts.iter().position(|verdict| verdict.place && optimised);
                let last = place.unwrap_or(verdicts.len() - 1);
                let verdicts = &verdicts[..=last];
                let until = sites.iter().position(|at| which(at, verdicts) == Some(last));
                let until = until.map_or(sites.len(), |at| at + 1);
                (allowed(&sites[..until], verdicts), until)
            }
        };
        failed += usize::from(!right);
        let seen: BTreeSet<_> = sites[..until].iter().map(String::as_str).collect();
        let seen: Vec<_> = seen.into_iter().collect();
        let (count, after) = (until, sites.len() - until);
        let verdict = match (right, &case.expected) {
            (false, _) => "FAILED",
            (true, Planted) => "ok, as planted",
            (true, Known) => "known",
            (true, _) => "ok",
        };
        println!("{:<44}{count:>3} up to the verdict, {after:>3} after  {verdict}", case.what);
        for at in seen {
            println!("    {at}");
        }
    }
    println!("{failed} not as expected");
    std::process::exit(i32::from(failed > 0));
}

/// Which of the verdicts is told there: the first that fits.
fn which(site: &str, verdicts: &[Verdict]) -> Option<usize> {
    verdicts.iter().position(|verdict| verdict.at.iter().any(|at| site.contains(at)))
}

/// Nothing but these verdicts, and each of them: one that is not seen would mean that what is secret never came there.
fn allowed(sites: &[String], verdicts: &[Verdict]) -> bool {
    let seen: BTreeSet<_> = sites.iter().map(|at| which(at, verdicts)).collect();
    seen.len() == verdicts.len() && !seen.contains(&None)
}

/// Where memcheck reports something, in the order in which it came there first.
fn reported(what: &str) -> Vec<String> {
    let myself = std::env::current_exe().unwrap();
    let found = Command::new(&myself).args(["case", what]).output().unwrap();
    assert!(found.status.success(), "{what}: {}", String::from_utf8_lossy(&found.stderr));
    let places = String::from_utf8(found.stdout).unwrap();
    let told = places.lines().filter_map(|line| line.split_once('='));
    let output = Command::new("valgrind")
        .args(["--tool=memcheck", "--leak-check=no", "--error-limit=no", "--num-callers=40"])
        .arg(&myself)
        .args(["case", what])
        .envs(told)
        .output()
        .expect("valgrind must be there");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {said}");
    let kinds =
        ["Conditional jump", "Use of uninitialised", "Syscall param", "Uninitialised byte", "Invalid"];
    let mut sites = Vec::new();
    let mut lines = said.lines().peekable();
    while let Some(line) = lines.next() {
        if kinds.iter().any(|kind| line.contains(kind)) {
            let frame = || lines.next_if(|line| line.contains("== ") && line.contains(": "));
            sites.push(site(&std::iter::from_fn(frame).collect::<Vec<_>>()));
        }
    }
    sites
}

/// The innermost function; and, where that is one of the standard library's or of `subtle`'s, the first above it that is not.
fn site(frames: &[&str]) -> String {
    let of_others = [
        "core/src/",
        "alloc/src/",
        "std/src/",
        "(in /usr",
        "subtle",
        "(unix.rs",
        "(validations.rs",
        "(boxed.rs",
    ];
    let named = |frame: &&str| frame.split_once(": ").map_or_else(String::new, |(_, at)| shortened(at));
    let all: Vec<String> = frames.iter().map(named).collect();
    let own = all.iter().find(|name| !of_others.iter().any(|path| name.contains(path)));
    match (all.first(), own) {
        (Some(first), Some(own)) if first != own => format!("{first} < {own}"),
        (Some(first), _) => first.clone(),
        (None, _) => String::new(),
    }
}

/// Without what types of numbers the cipher is made of.
fn shortened(at: &str) -> String {
    let (name, place) = at.rsplit_once(" (").unwrap_or((at, ""));
    let name: String = name.chars().take(90).collect();
    format!("{name} ({place}")
}
