//! Whether an account exists must not show in how long a no takes (law 8): counted in instructions, with real hashes.
//!
//! Seconds depend on the machine and on who else is using it; the number of instructions of one request, with the same keys,
//! randomness and time, hardly depends on anything. Valgrind counts them: this program starts itself under it, once for each
//! scene, and only what [`counted`] does is counted. Whatever valgrind's processor cannot do (the SHA instructions, for
//! one) is done in software there, so what is not the hash weighs more here than in life.
//!
//! It takes a minute or two: `cargo test --release -p countersign-argon2 --test instructions -- --ignored --nocapture`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, clippy::print_stdout, reason = "tests")]

#[path = "../../../tests/common/mod.rs"]
mod common;

use std::fmt::Debug;
use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;

use common::*;
use countersign::host::{Clock, HashError, MemoryStore, PasswordHasher};
use countersign::*;
use countersign_argon2::Argon2Hasher;

/// Who is behind the identifier. The first two are what a stranger wants to tell apart.
const DOORS: [&str; 5] = ["unknown", "known", "with app, 32 sessions", "suspended", "legacy"];
const WHO: &str = "jo.doe@example.com";
const PASSWORD: &str = "MyPassword1!";
/// A hash with the recommended parameters, of no password here.
const STORED: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE";
/// Names the scene to the program under valgrind.
const SCENE: &str = "COUNTERSIGN_SCENE";

/// The most that two doors may differ by where a limit refuses, or a code is wrong: what host and store need to find one
/// entry more and copy it. The account's row is read all the same, so that the calls made tell nothing, and is not opened: that
/// would be fifty thousand. Measured are up to 1600; the store's random seed alone, which changes the order in which memory is
/// given out, makes up to a thousand of them. Four thousand take about a microsecond.
const LOOK: u64 = 4_000;

/// All that is counted.
#[inline(never)]
fn counted<T>(run: impl FnOnce() -> T) -> T {
    black_box(run())
}

#[test]
#[ignore = "needs valgrind; .ci/full runs it"]
fn law8_instructions_do_not_tell_who_lives_there() {
    if cfg!(debug_assertions) {
        panic!("without --release it is not what anybody runs that is counted");
    }
    let hash = count("hash", "");
    println!("one Argon2id hash as recommended: {hash} instructions");
    let percent = |count: u64| count as f64 * 100.0 / hash as f64;
    let of = |what: &'static str| {
        let counts = DOORS.map(|door| count(what, door));
        println!("{what}:");
        for (door, count) in DOORS.iter().zip(counts) {
            println!("  {door}: {count} ({:.3} % of a hash)", percent(count));
        }
        let (least, most) = (counts.into_iter().min().unwrap(), counts.into_iter().max().unwrap());
        println!("  apart: {} ({:.3} % of a hash)", most - least, percent(most - least));
        (least, most)
    };

    for what in ["wrong password", "wrong password again"] {
        let (least, most) = of(what);
        assert!(least >= hash && most < hash + hash / 100, "{what}: one hash, and little else");
        assert!(most - least < hash / 100, "{what}: {least} to {most} tells who lives there");
    }
    for what in ["locked", "client's limit", "start, too soon", "wrong code"] {
        let (least, most) = of(what);
        assert!(most < hash / 100, "{what}: {most} for a no without a hash");
        assert!(most - least <= LOOK, "{what}: {least} to {most} tells who lives there");
    }
    // A start hashes nothing, and known identifiers open one record more (a stated exception of law 8).
    let (least, most) = of("start");
    assert!(most - least < hash / 1_000, "start: {least} to {most} is more than one record to open");
}

/// The instructions of one scene.
fn count(what: &str, door: &str) -> u64 {
    let myself = std::env::current_exe().unwrap();
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"])
        .arg("--toggle-collect=*instructions::counted*")
        .arg(myself)
        .args(["--exact", "scene", "--ignored", "--test-threads=1"])
        .env(SCENE, format!("{what}/{door}"))
        .output()
        .expect("valgrind must be there");
    let (told, said) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{what}/{door}: {said}\n{told}");
    let collected = told.lines().find_map(|line| line.split_once("Collected : "));
    let count = collected.and_then(|(_, count)| count.trim().parse().ok()).unwrap_or_default();
    assert!(count > 0, "{what}/{door}: nothing was counted; is there a symbol left?\n{told}");
    count
}

#[test]
#[ignore = "what the other test runs under valgrind; by itself it does nothing"]
fn scene() {
    #[expect(clippy::disallowed_methods, reason = "it says what to do")]
    let Ok(scene) = std::env::var(SCENE) else { return };
    let (what, door) = scene.split_once('/').unwrap();
    if what == "hash" {
        let (hasher, password) = (used(), Password::typed(PASSWORD).unwrap());
        let stored = PasswordHash::new(STORED).unwrap();
        assert!(!counted(|| hasher.verify(&password, &stored)).unwrap());
        return;
    }
    let mut world = before(door);
    let wrong_password = || {
        let password = Password::typed("Not my password").unwrap();
        PasswordSignIn { password, ..knock(WHO, Proofs::default()) }
    };
    world.sentry.hasher = Arc::new(Says(false));
    match what {
        "wrong password" | "wrong password again" => {
            if what == "wrong password again" {
                world.ask(wrong_password()).into_result().unwrap_err();
            }
            world.sentry.hasher = Arc::new(used());
            refused(&world, wrong_password(), |refusal| matches!(refusal, Refusal::InvalidCredentials));
        }
        "locked" => {
            for _ in 0..10 {
                world.seconds(1);
                let refusal = world.ask(wrong_password()).into_result().unwrap_err();
                assert_eq!(refusal, Refusal::InvalidCredentials);
            }
            let rule = policy::RULE_GUESSES_LOCK;
            world.sentry.hasher = Arc::new(Argon2Hasher::recommended());
            refused(
                &world,
                wrong_password(),
                |it| matches!(it, Refusal::Limited { rule: by, .. } if *by == rule),
            );
        }
        "client's limit" => {
            for other in 0..60 {
                let other = PasswordSignIn {
                    client: peer(),
                    ..knock(&format!("other{other}@example.com"), Proofs::default())
                };
                world.ask(other).into_result().unwrap_err();
            }
            world.sentry.hasher = Arc::new(Argon2Hasher::recommended());
            refused(&world, wrong_password(), |refusal| matches!(refusal, Refusal::Limited { .. }));
        }
        "start" => {
            settle(&world);
            let verdict = counted(|| world.run(start())).unwrap().verdict;
            verdict.into_result().unwrap();
        }
        "start, too soon" => {
            world.ask(start()).into_result().unwrap();
            world.seconds(1);
            refused(&world, start(), |refusal| matches!(refusal, Refusal::Limited { .. }));
        }
        "wrong code" => {
            let session = world.ask(start()).into_result().unwrap().session;
            let code = match world.last_mail().code {
                Some(code) => wrong(code.expose()),
                None => "000000".to_owned(),
            };
            let request = Verify { client: peer(), ..verify(Purpose::SignIn, &session, &code) };
            refused(&world, request, |refusal| matches!(refusal, Refusal::InvalidCode(_)));
        }
        other => panic!("no scene {other}"),
    }
}

/// Counts one request that must be refused.
fn refused<R: Request>(world: &World, request: R, as_expected: impl Fn(&Refusal) -> bool)
where
    R::Output: Debug,
{
    settle(world);
    let refusal = counted(|| world.run(request)).unwrap().verdict.into_result().unwrap_err();
    assert!(as_expected(&refusal), "{refusal:?}");
}

/// A world with somebody behind the door, or nobody, in which nothing else is remembered.
fn before(door: &str) -> World {
    let mut world = World::recommended();
    let store = Arc::new(MemoryStore::new());
    world.sentry.store = store.clone();
    world.sentry.hasher = Arc::new(Says(true));
    match door {
        "unknown" => {}
        "legacy" => {
            let legacy = PasswordHash::new(STORED).unwrap();
            let account = AccountId::new("user-0").unwrap();
            let entry = DirectoryEntry {
                identifier: WHO.into(),
                account,
                address: Address::parse(WHO).unwrap(),
                legacy: Some(legacy),
                address_proven: true,
            };
            world.seen.accounts.lock().unwrap().insert(id(WHO).as_str().to_owned(), entry);
        }
        "known" | "suspended" | "with app, 32 sessions" => {
            let account = world.member(WHO);
            if door == "suspended" {
                world.ask(SetSuspended { account, suspended: true }).into_result().unwrap();
            } else if door != "known" {
                app_and_sessions(&world);
            }
        }
        other => panic!("no door {other}"),
    }
    // What the sign-up left at the door is forgotten, so that all begin with the same: nothing.
    world.seconds(5 * 24 * 60 * 60);
    store.sweep(world.clock.now().unwrap());
    assert_eq!(store.len(), usize::from(!["unknown", "legacy"].contains(&door)), "the account alone");
    world
}

fn app_and_sessions(world: &World) {
    let enter = |proofs| {
        let client = Client::unmetered();
        let progress = world.ask(PasswordSignIn { client, ..knock(WHO, proofs) }).into_result().unwrap();
        progress.signed_in().unwrap().session().clone()
    };
    let (client, session) = (Client::unmetered(), enter(Proofs::default()));
    let password = Password::typed(PASSWORD).unwrap();
    let request = EnrolTotp { client: client.clone(), session: session.clone(), password };
    let secret = world.ask(request).into_result().unwrap().secret;
    let code = totp_shown(world, &secret);
    world.ask(ConfirmTotp { client: client.clone(), session, code }).into_result().unwrap();
    let mut last = None;
    for _ in 0..32 {
        world.seconds(30);
        last = Some(enter(Proofs { totp: Some(totp_shown(world, &secret)), ..Proofs::default() }));
    }
    let list = world.ask(ListSessions { client, session: last.unwrap() }).into_result().unwrap();
    assert_eq!(list.len(), 32);
}

fn peer() -> Client {
    Client::ip("192.0.2.1".parse().unwrap())
}

fn knock(who: &str, proofs: Proofs) -> PasswordSignIn {
    PasswordSignIn {
        client: peer(),
        identifier: id(who),
        password: Password::typed(PASSWORD).unwrap(),
        steps: Steps::AtOnce(proofs),
        label: Label::new("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        locale: None,
        device: None,
    }
}

fn start() -> SignIn {
    SignIn { client: peer(), identifier: id(WHO), locale: None }
}

/// Brings the process to where each scene is counted from the same: with room in the lists of what the host saw, and with the
/// allocator's own lists in order. Looking through what a scene's beginning left there makes some thousands.
fn settle(world: &World) {
    world.calls();
    world.events();
    for _ in 0..2 {
        drop(black_box(Vec::<u8>::with_capacity(20 << 20)));
    }
}

/// The real hasher, after a first hash: the next one finds the memory that was kept of it, as in a host that has run for a while.
fn used() -> Argon2Hasher {
    let hasher = Argon2Hasher::recommended();
    hasher.hash(&Password::typed(PASSWORD).unwrap(), &Salt::from_bytes([7; 16])).unwrap();
    hasher
}

/// Answers at once, for what happened before.
struct Says(bool);

impl PasswordHasher for Says {
    fn hash(&self, _: &Password, _: &Salt) -> Result<PasswordHash, HashError> {
        PasswordHash::new(STORED).map_err(|why| HashError(why.to_string()))
    }

    fn verify(&self, _: &Password, _: &PasswordHash) -> Result<bool, HashError> {
        Ok(self.0)
    }

    fn rehash_due(&self, _: &PasswordHash) -> bool {
        false
    }
}
