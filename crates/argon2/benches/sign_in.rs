//! Signing in with a password, and asking whose a session is: what the library adds to the one hash that any design pays for.
//!
//! The unit is a thousandth of one Argon2id hash with the recommended parameters, taken in the same round; everything
//! around the hash is to take no more. So the hasher that the library is given here costs nothing.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a benchmark"
)]
#![allow(clippy::panic, clippy::wildcard_imports, reason = "a benchmark")]

#[path = "../../../benches/host/mod.rs"]
mod host;
#[path = "../../../benches/ratio/mod.rs"]
mod ratio;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use countersign::factor::{TotpParams, TotpSecret, hotp};
use countersign::host::{HashError, MemoryStore, PasswordHasher};
use countersign::*;
use countersign_argon2::Argon2Hasher;
use criterion::{BatchSize, Criterion};
use host::*;
use ratio::Rounds;

/// Operations in a slice.
const BATCH: usize = 50;
/// What [`sign_up`] takes.
const RIGHT: &str = "correct horse battery";
/// As many sessions as an account keeps.
const SESSIONS: usize = 32;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500))
        .sample_size(20)
        .configure_from_args();
    groups(&mut criterion);
    criterion.final_summary();
    if ratio::wanted() {
        around_the_hash();
    }
}

/// For looking at one operation by itself; what is promised is in the ratios.
fn groups(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sign-in");
    let hash = Hash::new();
    group.bench_function("one Argon2id hash", |bench| bench.iter(|| hash.run()));
    let place = Place::new();
    let (world, member) = (place.world, known(0));
    world.member(&member);
    for (name, password) in [("right password", RIGHT), ("wrong password", "no horse at all")] {
        let request = || {
            world.a_season_later();
            knock(Client::unmetered(), &member, password, Proofs::default())
        };
        group.bench_function(name, |bench| {
            bench.iter_batched(request, |request| world.run(request), BatchSize::PerIteration);
        });
    }
    let session = entered(world.run(knock(Client::unmetered(), &member, RIGHT, Proofs::default())));
    group.bench_function("session check", |bench| {
        bench.iter(|| granted(world.run(check(Client::unmetered(), &session))));
    });
    group.finish();
}

fn around_the_hash() {
    // In one world whatever anybody did is forgotten before each slice, in the other the sessions stay.
    let (forgetful, full) = (Place::new(), Place::new());
    let strangers: Vec<_> = (0..BATCH).map(stranger).collect();
    let members: Vec<_> = (0..BATCH).map(known).collect();
    let with_app: Vec<_> = (BATCH..2 * BATCH).map(known).collect();
    members.iter().for_each(|member| forgetful.world.member(member));
    let secrets: Vec<_> = with_app.iter().map(|member| forgetful.member_with_app(member)).collect();
    let full_secrets: Vec<_> = with_app.iter().map(|member| full.member_with_app(member)).collect();
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        full.world.clock.advance_millis(MINUTE);
        sessions = full.requests(&with_app, &full_secrets).map(|it| entered(full.world.run(it))).collect();
    }
    members.iter().for_each(|member| full.world.member(member));
    let alone: Vec<_> = full.plain(&members, RIGHT).map(|it| entered(full.world.run(it))).collect();
    let hash = Hash::new();

    let rounds = Rounds::run(|rounds| {
        rounds.time("hash/1000", 1000, || hash.run());

        for (name, who, password) in [
            ("wrong password, unknown", &strangers, "no horse at all"),
            ("wrong password, known", &members, "no horse at all"),
            ("right password", &members, RIGHT),
        ] {
            forgetful.world.a_season_later();
            let requests: Vec<_> = forgetful.plain(who, password).collect();
            rounds.time(name, BATCH, || {
                for request in requests {
                    match forgetful.world.run(request) {
                        Verdict::Granted(Progress::SignedIn(_)) if password == RIGHT => {}
                        Verdict::Refused(Refusal::InvalidCredentials) if password != RIGHT => {}
                        other => panic!("{other:?}"),
                    }
                }
            });
        }
        forgetful.world.a_season_later();
        let requests: Vec<_> = forgetful.requests(&with_app, &secrets).collect();
        rounds.time("right password and app", BATCH, || {
            requests.into_iter().for_each(|it| drop(entered(forgetful.world.run(it))));
        });

        // A session of its own for each check, which is then due to be noted; after that it is not.
        full.world.clock.advance_millis(6 * MINUTE);
        for (due, fresh, sessions) in
            [("check, noted", "check", &alone), ("check of 32, noted", "check of 32", &sessions)]
        {
            for name in [due, fresh] {
                let requests: Vec<_> =
                    sessions.iter().enumerate().map(|(n, it)| check(client(n), it)).collect();
                rounds.time(name, BATCH, || {
                    requests.into_iter().for_each(|it| drop(granted(full.world.run(it))));
                });
                full.world.clock.advance_millis(MINUTE);
            }
        }
        // The sessions that were checked go as the oldest of too many, so new ones take their place.
        let requests: Vec<_> = full.requests(&with_app, &full_secrets).collect();
        let mut entries = Vec::with_capacity(BATCH);
        rounds.time("right password and app, 32 sessions", BATCH, || {
            requests.into_iter().for_each(|it| entries.push(entered(full.world.run(it))));
        });
        sessions = entries;
    });

    for name in [
        "wrong password, unknown",
        "wrong password, known",
        "right password",
        "right password and app",
        "right password and app, 32 sessions",
    ] {
        rounds.ratio(name, "hash/1000").print(&format!("{name}/a thousandth of one hash"), "<= 1.0");
    }
    for name in ["check", "check, noted", "check of 32", "check of 32, noted"] {
        rounds.ratio(name, "hash/1000").note(&format!("session {name}/a thousandth of one hash"));
    }
    rounds.ratio("wrong password, known", "wrong password, unknown").note("wrong password, known/unknown");
}

const MINUTE: i64 = 60 * 1000;

/// A world whose hasher costs nothing.
struct Place {
    world: World,
}

impl Place {
    fn new() -> Self {
        let mut world = World::on(MemoryStore::new());
        world.sentry.hasher = Arc::new(Free);
        Self { world }
    }

    /// Sign-ins of all, each from a place of its own.
    fn plain<'a>(
        &self,
        who: &'a [Identifier],
        password: &'a str,
    ) -> impl Iterator<Item = PasswordSignIn> + use<'a> {
        who.iter().enumerate().map(move |(n, who)| knock(client(n), who, password, Proofs::default()))
    }

    /// The same with what everybody's app shows.
    fn requests<'a>(
        &'a self,
        who: &'a [Identifier],
        secrets: &'a [TotpSecret],
    ) -> impl Iterator<Item = PasswordSignIn> + use<'a> {
        let shown = |secret| Proofs { totp: Some(self.shown(secret)), ..Proofs::default() };
        let all = who.iter().zip(secrets).enumerate();
        all.map(move |(n, (who, secret))| knock(client(n), who, RIGHT, shown(secret)))
    }

    fn shown(&self, secret: &TotpSecret) -> Code {
        let params = TotpParams::default();
        hotp(secret, params.step_at(self.world.now()).unwrap(), params.digits(), params.algorithm())
    }

    fn member_with_app(&self, who: &Identifier) -> TotpSecret {
        let (world, client) = (&self.world, Client::unmetered());
        world.member(who);
        let session = entered(world.run(knock(client.clone(), who, RIGHT, Proofs::default())));
        let password = Password::typed(RIGHT).unwrap();
        let enrol = EnrolTotp { client: client.clone(), session: session.clone(), password };
        let secret = granted(world.run(enrol)).secret;
        granted(world.run(ConfirmTotp { client, session, code: self.shown(&secret) }));
        secret
    }
}

fn knock(client: Client, who: &Identifier, password: &str, proofs: Proofs) -> PasswordSignIn {
    PasswordSignIn {
        client,
        identifier: who.clone(),
        password: Password::typed(password).unwrap(),
        steps: Steps::AtOnce(proofs),
        label: Label::new("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        locale: None,
        device: None,
    }
}

fn check(client: Client, session: &Ticket<Session>) -> CheckSession {
    CheckSession { client, session: session.clone() }
}

fn entered(verdict: Verdict<Progress>) -> Ticket<Session> {
    match granted(verdict) {
        Progress::SignedIn(signed_in) => signed_in.session().clone(),
        other => panic!("{other:?}"),
    }
}

/// Knows the one right password, and costs nothing.
struct Free;

impl PasswordHasher for Free {
    fn hash(&self, _: &Password, _: &Salt) -> Result<PasswordHash, HashError> {
        Ok(PasswordHash::new(PHC).unwrap())
    }

    fn verify(&self, password: &Password, _: &PasswordHash) -> Result<bool, HashError> {
        Ok(password.expose() == RIGHT)
    }

    fn rehash_due(&self, _: &PasswordHash) -> bool {
        false
    }
}

/// The real one, and what it checks.
struct Hash {
    hasher: Argon2Hasher,
    password: Password,
    stored: PasswordHash,
}

impl Hash {
    fn new() -> Self {
        let (hasher, password) = (Argon2Hasher::recommended(), Password::typed(RIGHT).unwrap());
        Self { hasher, password, stored: PasswordHash::new(PHC).unwrap() }
    }

    fn run(&self) -> bool {
        black_box(self.hasher.verify(black_box(&self.password), &self.stored).unwrap())
    }
}
