//! The two drivers run the same machine: with the same seeds they store, mail and answer the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

mod common;

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Waker};

use common::*;
use countersign::host::{
    AsyncDirectory, AsyncHasher, AsyncSentry, AsyncStore, Directory, DirectoryError, Error, HashError,
    MemoryStore, PasswordHasher, Store, StoreError,
};
use countersign::machine::{Hashed, Work};
use countersign::record::{RecordKey, Version};
use countersign::*;

/// A world's parts, each answering at the second poll.
struct Later(Arc<Part>);

async fn later<T>(answer: T) -> T {
    let mut waited = false;
    std::future::poll_fn(
        |_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending },
    )
    .await;
    answer
}

impl AsyncStore for Later {
    async fn load(&self, keys: &[RecordKey]) -> Result<Vec<Option<Row>>, StoreError> {
        later(self.0.load(keys)).await
    }
    async fn commit(
        &self,
        key: &RecordKey,
        at: Option<Version>,
        write: Write<'_>,
    ) -> Result<Committed, StoreError> {
        later(self.0.commit(key, at, write)).await
    }
}

impl AsyncDirectory for Later {
    async fn find(&self, identifier: &Identifier) -> Result<Option<DirectoryEntry>, DirectoryError> {
        later(Directory::find(&*self.0, identifier)).await
    }
    async fn create(&self, account: &NewAccount) -> Result<Created, DirectoryError> {
        later(Directory::create(&*self.0, account)).await
    }
    async fn rename(
        &self,
        who: &AccountId,
        a: &Identifier,
        b: &Identifier,
    ) -> Result<Created, DirectoryError> {
        later(Directory::rename(&*self.0, who, a, b)).await
    }
    async fn release(&self, account: &AccountId) -> Result<(), DirectoryError> {
        later(Directory::release(&*self.0, account)).await
    }
}

impl AsyncHasher for Later {
    async fn hash(&self, work: Work) -> Result<Hashed, HashError> {
        later(work.run(&*self.0)).await
    }
}

/// Polls to the end. The bound says that nothing here waits for anything.
fn block_on<F: Future + Send>(future: F) -> F::Output {
    let mut future = pin!(future);
    for _ in 0..1000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())) {
            return output;
        }
    }
    panic!("still pending");
}

fn with_async(world: &World) -> AsyncSentry<Later, Later, Later> {
    let part = || Arc::new(Part(world.seen.clone(), world.clock.clone()));
    AsyncSentry {
        machine: world.sentry.machine.clone(),
        store: Later(part()),
        directory: Later(part()),
        hasher: Later(part()),
        mailer: part(),
        clock: part(),
        entropy: part(),
        audit: part(),
    }
}

#[test]
fn the_async_driver_does_what_the_blocking_one_does() {
    let (blocking, other) = (World::recommended(), World::recommended());
    let sentry = with_async(&other);
    let a = blocking.sign_up("jo@example.com").unwrap();
    let b = block_on(sentry.run(sign_up("jo@example.com"))).unwrap().granted().unwrap();
    assert_eq!(a.session.expose(), b.session.expose());
    for code in ["000000".to_owned(), blocking.last_code()] {
        let a = blocking.verify(Purpose::SignUp, &a.session, &code);
        let b =
            block_on(sentry.run(verify(Purpose::SignUp, &b.session, &code))).unwrap().verdict.into_result();
        assert_eq!(format!("{a:?}"), format!("{b:?}"));
    }
    assert_eq!(*blocking.seen.rows.lock().unwrap(), *other.seen.rows.lock().unwrap());
    assert_eq!(blocking.calls(), other.calls());
    assert_eq!(blocking.events(), other.events());
}

/// A commit whose answer was lost is recognised on reload, by either driver: the same outcome, counted once.
#[test]
fn a_lost_answer_is_recognised() {
    for asynchronous in [false, true] {
        let world = World::recommended();
        let session = world.sign_up("jo@example.com").unwrap().session;
        let guess = verify(Purpose::SignUp, &session, "000000");
        world.fail_at(4, Fault::After);
        let answer = if asynchronous {
            block_on(with_async(&world).run(guess.clone()))
        } else {
            world.run(guess.clone())
        };
        world.heal();
        let Err(Refusal::InvalidCode(state)) = answer.unwrap().verdict.into_result() else { panic!() };
        assert_eq!(state.attempts_left, 4);
        let Err(Refusal::InvalidCode(state)) = world.ask(guess).into_result() else { panic!() };
        assert_eq!(state.attempts_left, 3);
    }
}

/// Law 7: whichever call of the host holds a request up, either driver gives it up before it writes, and what is right is right
/// when it is asked again. Had it written, the record would have gone by a time that had passed.
#[test]
fn law7_a_request_that_was_held_up_is_given_up() {
    let tolerance = 60_000;
    for (asynchronous, call) in [(false, 1), (true, 1), (false, 2), (true, 2)] {
        for (millis, in_time) in [(tolerance, true), (tolerance + 1, false), (86_400_000, false)] {
            let world = World::recommended();
            let session = world.sign_up("jo@example.com").unwrap().session;
            let right = verify(Purpose::SignUp, &session, &world.last_code());
            let before = world.seen.rows.lock().unwrap().clone();
            world.fail_at(call, Fault::Slow(millis));
            let answer = if asynchronous {
                block_on(with_async(&world).run(right.clone()))
            } else {
                world.run(right.clone())
            };
            world.heal();
            if in_time {
                assert!(answer.unwrap().granted().is_some());
            } else {
                assert_eq!(answer.unwrap_err(), Error::Machine(MachineError::HeldUp));
                assert_eq!(*world.seen.rows.lock().unwrap(), before, "it wrote all the same");
                world.clock.set(START);
                assert!(world.ask(right).into_result().is_ok());
            }
        }
    }
}

/// Law 10: one that was not applied is an error, and nothing is told.
#[test]
fn a_commit_that_failed_is_an_error() {
    let world = World::recommended();
    let session = world.sign_up("jo@example.com").unwrap().session;
    let code = world.last_code();
    world.fail_at(4, Fault::Before);
    assert_eq!(
        world.run(verify(Purpose::SignUp, &session, &code)).unwrap_err(),
        Error::Commit(StoreError::Failed("planned".into()))
    );
    world.heal();
    assert!(world.verify(Purpose::SignUp, &session, &code).is_ok());
}

/// Law 10: why a commit failed is told: a store that is full is no store whose state is unknown.
#[test]
fn law10_a_full_store_is_told_as_full() {
    let world = World::recommended();
    let sentry = countersign::host::Sentry {
        store: Arc::new(MemoryStore::with_capacity_limit(0)),
        ..world.sentry.clone()
    };
    assert_eq!(sentry.run(sign_up("jo@example.com")).unwrap_err(), Error::Commit(StoreError::Full));
}

/// Law 4: the result of hashing another request's password is refused, though both compare with one stored hash.
#[test]
fn law4_the_hash_of_another_request_is_refused() {
    let world = World::recommended();
    let _ = world.member("jo@example.com");
    let part = Part(world.seen.clone(), world.clock.clone());
    let to_prove = |typed: &str, number: u64| {
        let request = PasswordSignIn {
            client: Client::unmetered(),
            identifier: id("jo@example.com"),
            password: Password::typed(typed).unwrap(),
            steps: Steps::Stepwise,
            label: Label::new(""),
            locale: None,
            device: None,
        };
        let context = Context { now: world.sentry.clock.now().unwrap(), entropy: seed(number) };
        let mut step = world.sentry.machine.begin(request, context);
        loop {
            step = match step {
                Step::Find(find) => {
                    let entry = Directory::find(&part, find.identifier()).unwrap();
                    find.resume(entry)
                }
                Step::Load(load) => {
                    let rows = part.load(load.keys()).unwrap();
                    load.resume(rows).unwrap()
                }
                Step::Prove(prove) => return prove,
                other => panic!("{other:?}"),
            }
        }
    };
    let (wrong, right) = (to_prove("AnotherPassword2", 1_000_001), to_prove("MyPassword1!", 1_000_002));
    let of_right = right.work().run(&part).unwrap();
    assert!(matches!(wrong.resume(of_right.clone()), Err(MachineError::Misuse(_))), "swapped");
    assert!(right.resume(of_right).is_ok());
}

/// A stale retry hashes again only if the salt changed, and a store that calls every commit stale is left in the end.
#[test]
fn a_stale_retry_does_not_hash_again() {
    let world = World::recommended();
    world.sign_up("jo@example.com").unwrap();
    world.seconds(60);
    let (mut hashes, mut commits) = (0, 0);
    let mut step = world.sentry.machine.begin(
        sign_up("jo@example.com"),
        Context { now: START.saturating_add(std::time::Duration::from_secs(60)), entropy: seed(77) },
    );
    let error = loop {
        step = match step {
            Step::Find(find) => find.resume(None),
            Step::Load(load) => {
                let rows = world.sentry.store.load(load.keys()).unwrap();
                load.resume(rows).unwrap()
            }
            Step::Prove(prove) => {
                hashes += 1;
                let hashed = prove.work().run(&*world.sentry.hasher).unwrap();
                prove.resume(hashed).unwrap()
            }
            Step::Commit(commit) => {
                commits += 1;
                match commit.resume(Committed::Stale) {
                    Ok(step) => step,
                    Err(error) => break error,
                }
            }
            other => panic!("{other:?}"),
        };
    };
    assert_eq!((hashes, commits, error), (1, 1000, MachineError::Contention));
}

/// If the record was made anew meanwhile, its salt is another, and the password is hashed again for it: the hash that is stored is
/// always of the record's own salt.
/// A hasher, and the salts it was given.
struct Recording<'a>(&'a dyn PasswordHasher, &'a Mutex<Vec<Salt>>);

impl PasswordHasher for Recording<'_> {
    fn hash(&self, password: &Password, salt: &Salt) -> Result<PasswordHash, HashError> {
        self.1.lock().unwrap().push(*salt);
        self.0.hash(password, salt)
    }
    fn verify(&self, password: &Password, hash: &PasswordHash) -> Result<bool, HashError> {
        self.0.verify(password, hash)
    }
    fn rehash_due(&self, hash: &PasswordHash) -> bool {
        self.0.rehash_due(hash)
    }
}

#[test]
fn a_new_salt_is_hashed_for() {
    let world = World::recommended();
    let mut step =
        world.sentry.machine.begin(sign_up("jo@example.com"), Context { now: START, entropy: seed(78) });
    let (salts, mut raced) = (Mutex::new(Vec::new()), false);
    loop {
        step = match step {
            Step::Find(find) => find.resume(None),
            Step::Load(load) => {
                let rows = world.sentry.store.load(load.keys()).unwrap();
                load.resume(rows).unwrap()
            }
            Step::Prove(prove) => {
                let hashed = prove.work().run(&Recording(&world.sentry.hasher, &salts)).unwrap();
                prove.resume(hashed).unwrap()
            }
            Step::Commit(commit) => {
                if !std::mem::replace(&mut raced, true) {
                    // Another node's request for the same address is first.
                    world.start(Purpose::SignIn, "jo@example.com").unwrap();
                }
                let write = commit.write(world.sentry.clock.now().unwrap()).unwrap();
                let answer = world.sentry.store.commit(commit.key(), commit.expected(), write).unwrap();
                commit.resume(answer).unwrap()
            }
            Step::Done(_) => break,
            other => panic!("{other:?}"),
        };
    }
    let salts = salts.into_inner().unwrap();
    assert_eq!(salts.len(), 2);
    assert_ne!(salts[0], salts[1]);
}
