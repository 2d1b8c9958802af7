//! The real machine on the store: guesses that run in parallel never beat the budget, and a right code is spent once.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::sync::Barrier;

use super::Factory;
use super::check::{Stop, Verdict as CaseVerdict, ensure, failed};
use super::lifetime::now;
use crate::host::{HashError, PasswordHasher, Store};
use crate::machine::{Committed, Created, Done, Step};
use crate::{
    AccountId, Client, Code, Context, Entropy, Identifier, KeyRing, LocatorKey, Machine, MachineError,
    OtpSession, Outcome, Password, PasswordHash, Profile, Purpose, Refusal, Request, Resend, Salt, Settings,
    SignUp, Ticket, Timestamp, Verdict, Verified, Verify,
};

/// A hasher that hashes nothing: here it is stores that are tried.
struct Unhashed;

impl PasswordHasher for Unhashed {
    fn hash(&self, _: &Password, _: &Salt) -> Result<PasswordHash, HashError> {
        PasswordHash::new("$none").map_err(|why| HashError(why.to_string()))
    }
    fn verify(&self, _: &Password, _: &PasswordHash) -> Result<bool, HashError> {
        Ok(false)
    }
    fn rehash_due(&self, _: &PasswordHash) -> bool {
        false
    }
}

/// How many guess at once.
const GUESSERS: usize = 8;
/// How often each of them guesses.
const GUESSES: usize = 8;

/// How often a race is run: once may be won by luck.
const ROUNDS: usize = 25;

/// Wrong codes in parallel are answered as often as a session allows, and then the right one is refused.
pub(super) fn parallel_guesses_never_beat_the_budget<F: Factory>(factory: &F) -> CaseVerdict {
    let most = usize::try_from(Settings::recommended().codes.max_attempts).unwrap_or(usize::MAX);
    rounds(factory, |desk, session, code| {
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let answers = desk.together(|| (0..GUESSES).map(|_| desk.verify(session, wrong)).collect())?;
        let told = |answer: &&Verdict<_>| matches!(answer, Verdict::Refused(Refusal::InvalidCode(_)));
        let told = answers.iter().filter(told).count();
        ensure(told == most, || format!("{told} wrong codes were answered where {most} may be"))?;
        let granted = matches!(desk.verify(session, code)?, Verdict::Granted(_));
        ensure(!granted, || "the right code was taken after the last attempt".to_string())
    })
}

/// Of many who send the right code at once, one is granted.
pub(super) fn a_right_code_is_spent_once<F: Factory>(factory: &F) -> CaseVerdict {
    rounds(factory, |desk, session, code| {
        let granted = granted(&desk.together(|| alloc::vec![desk.verify(session, code)])?);
        ensure(granted == 1, || format!("{granted} of {GUESSERS} were granted where one is"))
    })
}

/// Of many who ask for another code at once, none gets past the cooldown, and of those after it one does.
pub(super) fn parallel_resends_never_beat_the_cooldown<F: Factory>(factory: &F) -> CaseVerdict {
    rounds(factory, |desk, session, _| {
        for (seconds, most) in [(0, 0), (60, 1), (60, 0)] {
            let later = desk.start.saturating_add(Duration::from_secs(seconds));
            let resend =
                || desk.run_at(later, Resend { client: Client::unmetered(), session: session.clone() });
            let answers = desk.together(|| alloc::vec![resend().map(|done| done.outcome.verdict)])?;
            let sent = granted(&answers);
            ensure(sent == most, || format!("{sent} resends were granted where {most} may be"))?;
        }
        Ok(())
    })
}

/// Runs a race over a session just started, on a fresh store each time.
fn rounds<F: Factory>(
    factory: &F,
    race: impl Fn(&Desk<F::Store>, &Ticket<OtpSession>, &str) -> CaseVerdict,
) -> CaseVerdict {
    (0..ROUNDS).try_for_each(|_| {
        let desk = Desk::new(factory.fresh())?;
        let (session, code) = desk.begin()?;
        race(&desk, &session, &code)
    })
}

fn granted<T>(answers: &[Verdict<T>]) -> usize {
    answers.iter().filter(|answer| matches!(answer, Verdict::Granted(_))).count()
}

/// A machine over the store on trial.
struct Desk<S> {
    machine: Machine,
    store: S,
    seeds: AtomicU64,
    /// A store may mind expiry by the real clock, so the cases begin now.
    start: Timestamp,
}

impl<S: Store> Desk<S> {
    fn new(store: S) -> Result<Self, Stop> {
        let policy = Settings::recommended().build().map_err(broken)?;
        let key = |byte: u8| -> Vec<u8> { (0..32).map(|n: u8| n ^ byte).collect() };
        let locator = LocatorKey::new(&key(1)).map_err(broken)?;
        let ring = KeyRing::new(&key(2), &[]).map_err(broken)?;
        Ok(Self {
            machine: Machine::new(policy, locator, ring),
            store,
            seeds: AtomicU64::new(0),
            start: now(),
        })
    }

    /// A sign-up, and the code it mailed.
    fn begin(&self) -> Result<(Ticket<OtpSession>, String), Stop> {
        let request = SignUp {
            client: Client::unmetered(),
            identifier: Identifier::parse("jo@example.com").map_err(broken)?,
            password: Password::typed("a password").map_err(broken)?,
            profile: Profile::default(),
            locale: None,
        };
        let Done { outcome, mail, .. } = self.run_at(self.start, request)?;
        let code =
            mail.first().and_then(|envelope| envelope.code.as_ref()).map(|code| code.expose().to_string());
        match (outcome, code) {
            (Outcome { verdict: Verdict::Granted(started), .. }, Some(code)) => Ok((started.session, code)),
            _ => Err(failed("a first sign-up was refused")),
        }
    }

    fn verify(&self, session: &Ticket<OtpSession>, code: &str) -> Result<Verdict<Verified>, Stop> {
        let request = Verify {
            client: Client::unmetered(),
            purpose: Purpose::SignUp,
            enter: None,
            session: session.clone(),
            code: Code::typed(code),
            identifier: None,
        };
        Ok(self.run_at(self.start, request)?.outcome.verdict)
    }

    /// Runs a request on the store, with a hasher and a directory that cost nothing.
    fn run_at<R: Request>(&self, now: Timestamp, request: R) -> Result<Done<R::Output>, Stop> {
        let mut seed = [0x5a; 32];
        let number = self.seeds.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        seed.iter_mut().zip(number).for_each(|(to, from)| *to = from);
        let mut step = self.machine.begin(request, Context { now, entropy: Entropy::from_seed(seed) });
        loop {
            step = match step {
                Step::Find(find) => find.resume(None),
                Step::Load(load) => {
                    let rows = self.store.load(load.keys())?;
                    load.resume(rows).map_err(ended)?
                }
                Step::Prove(prove) => {
                    let hashed = prove.work().run(&Unhashed).map_err(broken)?;
                    prove.resume(hashed).map_err(ended)?
                }
                Step::Commit(commit) => {
                    let write = commit.write(now).map_err(ended)?;
                    let answer: Committed = self.store.commit(commit.key(), commit.expected(), write)?;
                    commit.resume(answer).map_err(ended)?
                }
                Step::Create(create) => {
                    create.resume(Created::Account(AccountId::new("jo").map_err(broken)?))
                }
                Step::Rename(rename) => rename.resume(Created::Taken),
                Step::Release(release) => release.resume(),
                Step::Done(done) => return Ok(done),
            }
        }
    }

    /// Lets all guessers go at once and collects what they were told.
    fn together<T: Send>(&self, guess: impl Fn() -> Vec<Result<T, Stop>> + Sync) -> Result<Vec<T>, Stop> {
        let barrier = Barrier::new(GUESSERS);
        let answers = std::thread::scope(|scope| {
            let go = || {
                barrier.wait();
                guess()
            };
            let racers: Vec<_> = (0..GUESSERS).map(|_| scope.spawn(go)).collect();
            racers
                .into_iter()
                .map(|racer| racer.join().map_err(|_| failed("a guesser panicked")))
                .collect::<Vec<_>>()
        });
        answers.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect()
    }
}

fn broken(why: impl core::fmt::Display) -> Stop {
    failed(format!("the suite itself is broken: {why}"))
}

fn ended(why: MachineError) -> Stop {
    failed(format!("the machine gave up on what the store answered: {why}"))
}
