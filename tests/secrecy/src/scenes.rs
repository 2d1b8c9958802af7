//! The paths that meet with secrets, each up to its yes or no.

use std::hint::black_box;
use std::ops::Range;
use std::sync::Mutex;

use countersign::factor::{Algorithm, TotpParams, TotpSecret, hotp};
use countersign::record::RecordKind;
use countersign::*;

use crate::common::{World, id, verify, wrong};
use crate::host::{Places, marked, runs};
use crate::marks::{secret, verdict};
use crate::owner::APP;
use crate::people::{PASSWORD, knock, no_recovery_code, proving};

/// Where the secrets are: found by trying each byte, which is too slow under valgrind, so that they are told there.
fn told(name: &str, find: impl FnOnce() -> Range<usize>) -> Range<usize> {
    let Ok(told) = std::env::var(name) else {
        let found = find();
        println!("{name}={}..{}", found.start, found.end);
        return found;
    };
    let (start, end) = told.split_once("..").unwrap();
    start.parse().unwrap()..end.parse().unwrap()
}

/// The one run of that length.
fn of_length(runs: &[Range<usize>], length: usize) -> Range<usize> {
    let mut fitting = runs.iter().filter(|run| run.len() == length);
    let found = fitting.next().unwrap_or_else(|| panic!("no run of {length} among {runs:?}")).clone();
    assert!(fitting.next().is_none(), "{runs:?}");
    found
}

fn mark(places: &Mutex<Places>, kind: RecordKind, range: Range<usize>) {
    places.lock().unwrap().push((kind, range));
}

/// What was typed, secret from the moment it has its canonical form: that codes are digits, and how many, is no secret.
fn typed(text: &str) -> Code {
    let code = Code::typed(text);
    secret(code.expose().as_bytes());
    code
}

/// Runs it to the answer; whether it was granted.
fn granted<R: Request>(world: &World, request: R) -> bool {
    let outcome = world.run(request).expect("no error of the host");
    black_box(outcome.granted().is_some())
}

/// Which of the things that a guess meets is secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Secret {
    Typed,
    Stored,
    /// The record's data key, under which digests are keyed.
    DataKey,
    /// The random part of the ticket shown.
    Shown,
}

/// The wrapped data key of a row: key id, salt, the key, the tag.
const WRAPPED: usize = 4 + 16 + 48;

fn data_key<R: Request + Clone>(world: &World, kind: RecordKind, request: &R) -> Range<usize> {
    told("DATA_KEY", || {
        let wrapped = of_length(&runs(world, kind, request, "Sealed"), WRAPPED);
        wrapped.start + 20..wrapped.start + 52
    })
}

/// The random part of a ticket, wherever it lies in the value.
fn shown<K: TicketKind>(ticket: &Ticket<K>) {
    let text = ticket.expose();
    let (_, encoded) = text.split_once('_').unwrap();
    let random = decoded(encoded)[16..32].to_vec();
    // SAFETY: a ticket is plain bytes, all of them written.
    let bytes =
        unsafe { std::slice::from_raw_parts(std::ptr::from_ref(ticket).cast::<u8>(), size_of_val(ticket)) };
    let at = bytes.windows(16).position(|window| window == random).expect("the random part");
    secret(&bytes[at..at + 16]);
}

fn decoded(text: &str) -> Vec<u8> {
    let value = |symbol: u8| match symbol {
        b'A'..=b'Z' => symbol - b'A',
        b'a'..=b'z' => symbol - b'a' + 26,
        b'0'..=b'9' => symbol - b'0' + 52,
        b'-' => 62,
        _ => 63,
    };
    let bits = text.bytes().flat_map(|symbol| (0..6).rev().map(move |bit| value(symbol) >> bit & 1));
    let bits: Vec<u8> = bits.collect();
    bits.chunks_exact(8).map(|eight| eight.iter().fold(0, |byte, bit| byte << 1 | bit)).collect()
}

/// A code that was mailed for a sign-in.
pub fn mailed_code(right: bool, what: Secret) {
    let mut world = World::recommended();
    world.member("jo@example.com");
    world.seconds(100);
    let session = world.start(Purpose::SignIn, "jo@example.com").unwrap().session;
    let sent = world.last_code();
    let text = if right { sent.clone() } else { wrong(&sent) };
    let request = verify(Purpose::SignIn, &session, &sent);
    let range = match what {
        Secret::Stored => Some(told("STORED", || {
            of_length(&runs(&world, RecordKind::Visitor, &request, "InvalidCode"), 16)
        })),
        Secret::DataKey => Some(data_key(&world, RecordKind::Visitor, &request)),
        _ => None,
    };
    let places = marked(&mut world);
    if let Some(range) = range {
        mark(&places, RecordKind::Visitor, range);
    }
    let code = if what == Secret::Typed { typed(&text) } else { Code::typed(&text) };
    let request = Verify { code, ..request };
    if what == Secret::Shown {
        shown(&request.session);
    }
    assert_eq!(granted(&world, request), right);
}

/// A signed-in session, shown with a request.
pub fn session(right: bool, what: Secret) {
    let mut world = World::recommended();
    world.member("jo@example.com");
    let other = world.stepwise("jo@example.com", PASSWORD).unwrap().signed_in().unwrap().session().clone();
    let session = world.stepwise("jo@example.com", PASSWORD).unwrap().signed_in().unwrap().session().clone();
    let request =
        |session: &Ticket<Session>| CheckSession { client: Client::unmetered(), session: session.clone() };
    let range = match what {
        Secret::Stored => Some(told("STORED", || {
            let runs = runs(&world, RecordKind::Account, &request(&session), "InvalidSession");
            runs.into_iter().find(|run| run.len() >= 16).map(|run| run.start..run.start + 16).unwrap()
        })),
        Secret::DataKey => Some(data_key(&world, RecordKind::Account, &request(&session))),
        _ => None,
    };
    if !right {
        let client = Client::unmetered();
        let end = EndSessions { client, session: other.clone(), which: Which::Others };
        let _ = world.run(end).unwrap();
    }
    let places = marked(&mut world);
    if let Some(range) = range.filter(|_| right || what == Secret::DataKey) {
        mark(&places, RecordKind::Account, range);
    }
    let request = request(&session);
    if what == Secret::Shown {
        shown(&request.session);
    }
    assert_eq!(granted(&world, request), right);
}

/// A code of an authenticator app, checked by itself.
pub fn totp_check(right: bool, algorithm: Algorithm) {
    let shared = TotpSecret::from_bytes(&[0x5b; 20]).unwrap();
    let now = Timestamp::from_unix_seconds(1_795_291_200);
    let params = TotpParams::new(algorithm, 6, 30).unwrap();
    let at = params.step_at(now).unwrap();
    let code = hotp(&shared, at, 6, algorithm).expose().to_owned();
    secret(shared.expose());
    let code = typed(&if right { code } else { wrong(&code) });
    let step = verdict(params.check(&shared, &code, now, 1, 1, Some(at - 5)));
    assert_eq!(step, right.then_some(at));
}

/// A second factor: the app, or a code from the drawer.
pub fn second_factor(factor: Factor, right: bool, what: Secret) {
    let mut world = World::recommended();
    let person = world.owner("jo@example.com", APP);
    world.seconds(61);
    let login = world.login("jo@example.com");
    let proof = match factor {
        Factor::Totp => person.totp(&world),
        _ => Proof::RecoveryCode(person.drawer[4].clone()),
    };
    let request = proving(&login, proof.clone());
    world.seen.rows.lock().unwrap().retain(|key, _| key.kind() == Some(RecordKind::Account));
    let range = match (what, factor) {
        (Secret::Stored, Factor::Totp) => Some(told("STORED", || {
            // The app's secret, 20 bytes and a tag, under a name of 16.
            let sealed = of_length(&runs(&world, RecordKind::Account, &request, "Sealed"), 36);
            sealed.start..sealed.start + 20
        })),
        (Secret::Stored, _) => Some(told("STORED", || {
            let one = of_length(&runs(&world, RecordKind::Account, &request, "InvalidProof"), 16);
            // All ten lie in a row, and this is the fifth.
            one.start - 4 * 16..one.start + 6 * 16
        })),
        (Secret::DataKey, _) => Some(data_key(&world, RecordKind::Account, &request)),
        _ => None,
    };
    let proof = if right {
        proof
    } else {
        match factor {
            Factor::Totp => person.wrong_totp(&world),
            _ => Proof::RecoveryCode(no_recovery_code()),
        }
    };
    let request = ProveFactor { proof, ..request };
    if what == Secret::Typed {
        match &request.proof {
            Proof::Totp(code) => secret(code.expose().as_bytes()),
            Proof::RecoveryCode(code) => secret(code.expose().as_bytes()),
            _ => panic!("no such factor here"),
        }
    }
    let places = marked(&mut world);
    if let Some(range) = range {
        mark(&places, RecordKind::Account, range);
    }
    assert_eq!(granted(&world, request), right);
}

/// A start at a door: the code, the ticket and the record's key are drawn from the request's randomness.
pub fn drawing() {
    let mut world = World::recommended();
    world.member("jo@example.com");
    world.seconds(100);
    let _ = marked(&mut world);
    world.sentry.entropy = std::sync::Arc::new(SecretSeed);
    let client = Client::unmetered();
    let request = SignIn { client, identifier: id("jo@example.com"), locale: None };
    assert!(granted(&world, request));
}

struct SecretSeed;

impl countersign::host::EntropySource for SecretSeed {
    fn draw(&self) -> Result<Entropy, countersign::host::EntropyError> {
        let seed = black_box([0x3c; 32]);
        secret(&seed);
        Ok(Entropy::from_seed(seed))
    }
}

/// Something that nothing secret goes into: silent, or the others' reports are not theirs.
pub fn nothing() {
    let world = World::recommended();
    world.member("jo@example.com");
    assert!(world.run(knock("jo@example.com", PASSWORD, Steps::Stepwise)).is_ok());
}
