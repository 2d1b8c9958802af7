//! One-time codes: what the library adds to the cryptography that any design pays for.
//!
//! The unit is one HMAC-SHA-256 over 64 bytes with a fresh key, taken in the same round: it is what a code digest costs,
//! and machines differ in it as they differ in the rest.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a benchmark"
)]
#![allow(clippy::panic, clippy::wildcard_imports, reason = "a benchmark")]

mod host;
mod ratio;

use std::hint::black_box;
use std::time::Duration;

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use countersign::host::{MemoryStore, Store};
use countersign::*;
use criterion::{BatchSize, Criterion};
use hmac::{Hmac, Mac};
use host::*;
use ratio::Rounds;
use sha2::Sha256;

/// Operations in a slice.
const BATCH: usize = 100;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500))
        .sample_size(20)
        .configure_from_args();
    groups(&mut criterion);
    criterion.final_summary();
    if ratio::wanted() {
        decision();
        whole("unmetered", |_| Client::unmetered());
        whole("metered", client);
        size();
    }
}

/// For looking at one operation by itself; what is promised is in the ratios.
fn groups(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("otp");
    let world = World::on(MemoryStore::new());
    let (member, nobody) = (known(0), stranger(0));
    world.member(&member);
    group.bench_function("one HMAC", |bench| bench.iter(hmac));
    for (name, identifier) in [("start, known", &member), ("start, unknown", &nobody)] {
        group.bench_function(name, |bench| {
            bench.iter(|| {
                world.a_season_later();
                world.start(sign_in(Client::unmetered(), identifier))
            });
        });
    }
    let begun = |right: bool| {
        world.a_season_later();
        let session = world.start(sign_in(Client::unmetered(), &member));
        let code = if right { text(world.last_code()) } else { wrong(world.last_code()) };
        verify(Client::unmetered(), Purpose::SignIn, &session, &code)
    };
    for (name, right) in [("verify, right", true), ("verify, wrong", false)] {
        group.bench_function(name, |bench| {
            bench.iter_batched(|| begun(right), |request| world.run(request), BatchSize::PerIteration);
        });
    }
    group.finish();
}

/// The bare decision about a wrong code, and beside it the keyed digests it cannot do without: the one that finds the row
/// in the ticket, that of the ticket, that of the code, and the schedule of the record's key for the latter two.
fn decision() {
    let store = std::sync::Arc::new(MemoryStore::new());
    let world = World::on(store.clone());
    let members: Vec<_> = (0..BATCH).map(known).collect();
    members.iter().for_each(|member| world.member(member));
    let bare = Bare::new();
    let mut rounds = Rounds::run(|rounds| {
        let (requests, _) = begun(&world, &members, |_| Client::unmetered());
        let context = |n| Context { now: world.now(), entropy: seed(n) };
        let asked: Vec<_> = requests.into_iter().zip((0..).map(context)).collect();
        let machine = &world.sentry.machine;
        let mut loads = Vec::with_capacity(BATCH);
        rounds.time("begin", BATCH, || {
            for (request, context) in asked {
                match machine.begin(request, context) {
                    Step::Load(load) => loads.push(load),
                    other => panic!("{other:?}"),
                }
            }
        });
        let loads: Vec<_> = loads.into_iter().map(|load| (store.load(load.keys()).unwrap(), load)).collect();
        let mut commits = Vec::with_capacity(BATCH);
        rounds.time("decide", BATCH, || {
            for (rows, load) in loads {
                match load.resume(rows).unwrap() {
                    Step::Commit(commit) => commits.push(commit),
                    other => panic!("{other:?}"),
                }
            }
        });
        rounds.time("hmacs", BATCH, || (0..BATCH).for_each(|_| bare.digests()));
        rounds.time("unseal", BATCH, || (0..BATCH).for_each(|_| bare.unseal()));
        rounds.time("hmac", BATCH, || (0..BATCH).for_each(|_| hmac()));
    });
    rounds.sum("decision", &["begin", "decide"]);
    rounds.sum("hmacs and unsealing", &["hmacs", "unseal"]);
    rounds.ratio("decision", "hmacs").print("decision (wrong code)/its HMACs", "<= 1.5");
    rounds
        .ratio("decision", "hmacs and unsealing")
        .note("decision (wrong code)/its HMACs and the unsealing of the data key");
    rounds
        .ratio("unseal", "hmac")
        .note("unsealing a data key (one HMAC, AES-256-GCM over 48 bytes)/one HMAC");
}

/// Whole operations through the blocking driver, with the store in memory.
fn whole(metering: &str, client: impl Fn(usize) -> Client + Copy) {
    let world = World::on(MemoryStore::new());
    let members: Vec<_> = (0..BATCH).map(known).collect();
    let strangers: Vec<_> = (0..BATCH).map(stranger).collect();
    members.iter().for_each(|member| world.member(member));
    let rounds = Rounds::run(|rounds| {
        world.a_season_later();
        let requests = starts(&strangers, client);
        rounds.time("start, unknown", BATCH, || requests.into_iter().for_each(|r| drop(world.start(r))));
        world.a_season_later();
        let requests = starts(&members, client);
        let mut sessions = Vec::with_capacity(BATCH);
        rounds.time("start, known", BATCH, || {
            requests.into_iter().for_each(|r| sessions.push((world.start(r), world.last_code())));
        });
        rounds.time("hmac", BATCH, || (0..BATCH).for_each(|_| hmac()));
        let requests = guesses(&sessions, client, wrong);
        rounds.time("verify, wrong", BATCH, || requests.into_iter().for_each(|r| refused(world.run(r))));
        let requests = guesses(&sessions, client, text);
        rounds.time("verify, right", BATCH, || {
            requests.into_iter().for_each(|r| drop(granted(world.run(r))));
        });
    });
    for name in ["start, unknown", "start, known", "verify, wrong", "verify, right"] {
        rounds.ratio(name, "hmac").print(&format!("{name} ({metering})/one HMAC"), "<= 17");
    }
}

/// The same with more and more identifiers in the store: a start and a wrong code at one of them, in no order.
fn size() {
    let sizes = [("1", 1), ("10 k", 10_000), ("1 M", 1_000_000)];
    let worlds = sizes.map(|(name, size)| {
        let world = World::on(MemoryStore::with_capacity_limit(size));
        let strangers: Vec<_> = (0..size).map(stranger).collect();
        strangers.iter().for_each(|s| drop(world.start(sign_in(Client::unmetered(), s))));
        (name, world, strangers)
    });
    let mut pick = 0_usize;
    let rounds = Rounds::run(|rounds| {
        for (name, world, strangers) in &worlds {
            let picked: Vec<_> = (0..BATCH)
                .map(|_| {
                    pick = pick.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
                    sign_in(Client::unmetered(), &strangers[(pick >> 32) % strangers.len()])
                })
                .collect();
            rounds.time(name, BATCH, || {
                for request in picked {
                    world.a_season_later();
                    let session = world.start(request);
                    refused(world.run(verify(Client::unmetered(), Purpose::SignIn, &session, "000000")));
                }
            });
        }
    });
    rounds.ratio("10 k", "1").print("10 k identifiers/1 identifier", "<= 1.5");
    rounds.ratio("1 M", "1").print("1 M identifiers/1 identifier", "<= 1.5");
}

fn starts(identifiers: &[Identifier], client: impl Fn(usize) -> Client) -> Vec<SignIn> {
    identifiers.iter().enumerate().map(|(n, identifier)| sign_in(client(n), identifier)).collect()
}

type Session = (Ticket<OtpSession>, u32);

fn guesses(
    sessions: &[Session],
    client: impl Fn(usize) -> Client,
    code: impl Fn(u32) -> String,
) -> Vec<Verify> {
    let guess =
        |(n, (session, right)): (usize, &Session)| verify(client(n), Purpose::SignIn, session, &code(*right));
    sessions.iter().enumerate().map(guess).collect()
}

/// A session for each, and a wrong code for each of those.
fn begun(
    world: &World,
    members: &[Identifier],
    client: impl Fn(usize) -> Client + Copy,
) -> (Vec<Verify>, Vec<Session>) {
    world.a_season_later();
    let sessions: Vec<_> =
        starts(members, client).into_iter().map(|r| (world.start(r), world.last_code())).collect();
    (guesses(&sessions, client, wrong), sessions)
}

fn refused(verdict: Verdict<Verified>) {
    match verdict {
        Verdict::Refused(Refusal::InvalidCode(_)) => {}
        other => panic!("{other:?}"),
    }
}

fn hmac() {
    let (key, message) = black_box(([7; 32], [9; 64]));
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).unwrap();
    mac.update(&message);
    black_box(mac.finalize().into_bytes());
}

/// The cryptography of one decision by itself, over inputs of the same lengths.
struct Bare {
    ring: Hmac<Sha256>,
    sealed: Vec<u8>,
}

impl Bare {
    fn new() -> Self {
        let ring = <Hmac<Sha256> as KeyInit>::new_from_slice(&[1; 32]).unwrap();
        let sealed = Aes256Gcm::new(&[2; 32].into()).encrypt(&Nonce::from([0; 12]), &[3; 32][..]).unwrap();
        Self { ring, sealed }
    }

    fn digests(&self) {
        digest(&self.ring, &black_box([0; 27]));
        let key = <Hmac<Sha256> as KeyInit>::new_from_slice(&black_box([6; 32])).unwrap();
        digest(&key, &black_box([0; 25]));
        digest(&key, &black_box([0; 47]));
    }

    fn unseal(&self) {
        digest(&self.ring, &black_box([0; 49]));
        let cipher = Aes256Gcm::new(&black_box([2; 32]).into());
        black_box(cipher.decrypt(&Nonce::from([0; 12]), &black_box(&self.sealed)[..]).unwrap());
    }
}

fn digest(key: &Hmac<Sha256>, message: &[u8]) {
    let mut mac = key.clone();
    mac.update(message);
    black_box(mac.finalize().into_bytes());
}
