//! Password hashing: as much at once as there are cores, a short queue, and a quick no beyond it.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use countersign::host::{AsyncHasher, HashError, PasswordHasher};
use countersign::machine::{Hashed, Work};
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;

/// A fixed number of threads that do nothing but hash, and a queue of fixed length before them. Who finds it full is told at
/// once, before anything was hashed: an error, which ends in "not authenticated".
///
/// Fixed, because a hash takes a core and its memory (19 MiB for Argon2id as recommended) for as long as it runs, whether it
/// makes a new hash or checks one. More at once would not be faster, and on tokio's threads for other blocking work, hundreds of
/// them, would take gigabytes: anybody who sends wrong passwords could ask for that.
///
/// ```
/// # use countersign::host::{HashError, PasswordHasher};
/// # use countersign::{Password, PasswordHash, Salt};
/// # struct Yours;
/// # impl PasswordHasher for Yours {
/// #     fn hash(&self, _: &Password, _: &Salt) -> Result<PasswordHash, HashError> { Err(HashError("example".into())) }
/// #     fn verify(&self, _: &Password, _: &PasswordHash) -> Result<bool, HashError> { Ok(false) }
/// #     fn rehash_due(&self, _: &PasswordHash) -> bool { false }
/// # }
/// use countersign_tokio::BoundedHasher;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let hasher = BoundedHasher::new(Yours); // such as countersign_argon2::Argon2Hasher
/// # drop(hasher);
/// # }
/// ```
pub struct BoundedHasher(mpsc::Sender<Job>);

type Job = (Work, oneshot::Sender<Result<Hashed, HashError>>);

impl BoundedHasher {
    /// How many may wait for each that runs, with [`new`](Self::new). A hash takes some tens of milliseconds, so the last in
    /// the queue waits for two or three seconds.
    pub const WAITING_FOR_EACH: usize = 32;

    /// As many threads as the machine has cores. They end when this is dropped.
    ///
    /// Call it from within a tokio runtime, whose blocking threads they are.
    #[must_use]
    pub fn new(hasher: impl PasswordHasher + 'static) -> Self {
        Self::with(hasher, Self::at_once(), Self::at_once().saturating_mul(Self::WAITING_FOR_EACH))
    }

    /// How many hash at once with [`new`](Self::new): keep room for them among the runtime's blocking threads.
    #[must_use]
    pub fn at_once() -> usize {
        std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
    }

    /// So many threads (`at_once`), and room for so many more that wait. Both are at least 1.
    #[must_use]
    pub fn with(hasher: impl PasswordHasher + 'static, at_once: usize, waiting: usize) -> Self {
        let hasher = Arc::new(hasher);
        let (sender, receiver) = mpsc::channel(waiting.max(1));
        let jobs = Arc::new(Mutex::new(receiver));
        for _ in 0..at_once.max(1) {
            let (hasher, jobs) = (Arc::clone(&hasher), Arc::clone(&jobs));
            spawn_blocking(move || {
                while let Some((work, answer)) = next(&jobs) {
                    // Nobody waits any more only if the process is about to end.
                    let _ = answer.send(run(&work, &*hasher));
                }
            });
        }
        Self(sender)
    }
}

/// The next job, for one of the threads at a time; `None` at the end.
fn next(jobs: &Mutex<mpsc::Receiver<Job>>) -> Option<Job> {
    jobs.lock().ok()?.blocking_recv()
}

/// A hash that panics fails, and its thread goes on.
fn run<H: PasswordHasher>(work: &Work, hasher: &H) -> Result<Hashed, HashError> {
    catch_unwind(AssertUnwindSafe(|| work.run(hasher)))
        .unwrap_or_else(|_| Err(HashError("the hasher panicked".into())))
}

impl AsyncHasher for BoundedHasher {
    async fn hash(&self, work: Work) -> Result<Hashed, HashError> {
        let (answer, hashed) = oneshot::channel();
        self.0
            .try_send((work, answer))
            .map_err(|_| HashError("too many passwords wait to be hashed".into()))?;
        hashed.await.map_err(|_| HashError("the hasher has stopped".into()))?
    }
}

impl core::fmt::Debug for BoundedHasher {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("BoundedHasher(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use countersign::host::{ManualClock, MemoryStore, OsEntropy, Store};
    use countersign::{
        AccountId, Address, Client, Context, DirectoryEntry, Identifier, KeyRing, Label, LocatorKey, Machine,
        Password, PasswordHash, PasswordSignIn, Profile, Request, Salt, Settings, SignUp, Step, Steps,
        Timestamp,
    };

    use super::*;

    /// Hashes and checks for as long as its gate is held.
    #[derive(Clone, Default)]
    struct Gated {
        gate: Arc<Mutex<()>>,
        running: Arc<AtomicUsize>,
        done: Arc<Mutex<Vec<String>>>,
    }

    impl Gated {
        fn work(&self, kind: &str) {
            self.running.fetch_add(1, Ordering::SeqCst);
            drop(self.gate.lock().unwrap());
            self.done.lock().unwrap().push(kind.into());
        }
    }

    impl PasswordHasher for Gated {
        fn hash(&self, password: &Password, _: &Salt) -> Result<PasswordHash, HashError> {
            self.work(if password.expose() == WRONG { "decoy" } else { "hash" });
            Ok(PasswordHash::new("$gated$").unwrap())
        }
        fn verify(&self, _: &Password, _: &PasswordHash) -> Result<bool, HashError> {
            self.work("check");
            Ok(false)
        }
        fn rehash_due(&self, _: &PasswordHash) -> bool {
            false
        }
    }

    /// A password that is checked, not chosen.
    const WRONG: &str = "not the password";

    /// Work, as only the core can make it: a new hash.
    fn work() -> Work {
        let request = SignUp {
            client: Client::unmetered(),
            identifier: Identifier::parse("jo@example.com").unwrap(),
            password: Password::typed("MyPassword1!").unwrap(),
            profile: Profile::default(),
            locale: None,
        };
        first_work(request, None)
    }

    /// A password to check, of somebody who has one or of nobody.
    fn check(known: bool) -> Work {
        let request = PasswordSignIn {
            client: Client::unmetered(),
            identifier: Identifier::parse("jo@example.com").unwrap(),
            password: Password::typed(WRONG).unwrap(),
            steps: Steps::Stepwise,
            label: Label::new("test"),
            locale: None,
            device: None,
        };
        let entry = known.then(|| DirectoryEntry {
            identifier: "jo@example.com".into(),
            account: AccountId::new("1").unwrap(),
            address: Address::parse("jo@example.com").unwrap(),
            legacy: Some(PasswordHash::new("$gated$").unwrap()),
            address_proven: true,
        });
        first_work(request, entry)
    }

    fn first_work<R: Request>(request: R, mut entry: Option<DirectoryEntry>) -> Work {
        let key =
            |seed: u8| std::array::from_fn::<u8, 32, _>(|n| seed.wrapping_add(u8::try_from(n).unwrap()));
        let ring = KeyRing::new(&key(1), &[]).unwrap();
        let machine =
            Machine::new(Settings::recommended().build().unwrap(), LocatorKey::new(&key(2)).unwrap(), ring);
        let entropy = countersign::host::EntropySource::draw(&OsEntropy).unwrap();
        let now = countersign::host::Clock::now(&ManualClock::at(Timestamp::UNIX_EPOCH)).unwrap();
        let store = MemoryStore::new();
        let mut step = machine.begin(request, Context { now, entropy });
        loop {
            step = match step {
                Step::Find(find) => find.resume(entry.take()),
                Step::Load(load) => {
                    let rows = store.load(load.keys()).unwrap();
                    load.resume(rows).unwrap()
                }
                Step::Prove(prove) => return prove.work().clone(),
                _ => panic!("no password to hash"),
            };
        }
    }

    /// Waits for something to come about; bounded, so that a mistake ends in a failure.
    fn wait(until: impl Fn() -> bool) {
        (0..10_000_000).take_while(|_| !until()).for_each(|_| std::thread::yield_now());
        assert!(until());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_does_not_fit_the_queue_is_refused_at_once_and_the_rest_is_done() {
        let gated = Gated::default();
        let (gate, running) = (Arc::clone(&gated.gate), Arc::clone(&gated.running));
        let hasher = Arc::new(BoundedHasher::with(gated, 2, 3));
        let spawn = || {
            let (hasher, work) = (Arc::clone(&hasher), work());
            tokio::spawn(async move { hasher.hash(work).await })
        };
        let tasks: Vec<_> = {
            let _held = gate.lock().unwrap();
            let mut tasks = vec![spawn(), spawn()];
            wait(|| running.load(Ordering::SeqCst) == 2);
            tasks.extend((0..18).map(|_| spawn()));
            wait(|| tasks.iter().filter(|task| task.is_finished()).count() == 15);
            assert_eq!(running.load(Ordering::SeqCst), 2, "no more than two at once");
            tasks
        };
        let mut done = 0;
        for task in tasks {
            done += usize::from(task.await.unwrap().is_ok());
        }
        assert_eq!(done, 5);
        assert!(hasher.hash(work()).await.is_ok(), "there is room again");
    }

    /// B064: a new hash, a check and the check of nobody's password wait in one queue, as long for one as for another, and what
    /// does not fit is refused before anything is computed.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn b064_checks_are_bounded_as_new_hashes_are() {
        for kinds in [[true, true, true], [false, false, false], [true, false, true]] {
            let gated = Gated::default();
            let (gate, running, done) =
                (Arc::clone(&gated.gate), Arc::clone(&gated.running), Arc::clone(&gated.done));
            let hasher = Arc::new(BoundedHasher::with(gated, 1, 2));
            let spawn = |work: Work| {
                let hasher = Arc::clone(&hasher);
                tokio::spawn(async move { hasher.hash(work).await })
            };
            let held = gate.lock().unwrap();
            let first = spawn(check(kinds[0]));
            wait(|| running.load(Ordering::SeqCst) == 1);
            let mut rest: Vec<_> = kinds[1..].iter().map(|known| spawn(check(*known))).collect();
            wait(|| hasher.0.capacity() == 0);
            rest.extend([spawn(check(true)), spawn(check(false)), spawn(work())]);
            wait(|| rest.iter().filter(|task| task.is_finished()).count() == 3);
            assert_eq!(running.load(Ordering::SeqCst), 1, "nothing was computed for those");
            drop(held);
            assert!(first.await.unwrap().is_ok());
            for (at, task) in rest.into_iter().enumerate() {
                assert_eq!(task.await.unwrap().is_ok(), at < 2, "{at}");
            }
            let mut expected = kinds.map(|known| if known { "check" } else { "decoy" });
            let mut done = done.lock().unwrap().clone();
            expected.sort_unstable();
            done.sort_unstable();
            assert_eq!(done, expected, "each once");
        }
    }

    #[tokio::test]
    async fn a_hash_that_panics_fails_and_the_next_one_does_not() {
        struct Once(Mutex<bool>);
        impl PasswordHasher for Once {
            fn hash(&self, password: &Password, salt: &Salt) -> Result<PasswordHash, HashError> {
                let first = std::mem::take(&mut *self.0.lock().unwrap());
                assert!(!first, "planned");
                Gated::default().hash(password, salt)
            }
            fn verify(&self, _: &Password, _: &PasswordHash) -> Result<bool, HashError> {
                Ok(false)
            }
            fn rehash_due(&self, _: &PasswordHash) -> bool {
                false
            }
        }
        let hasher = BoundedHasher::with(Once(Mutex::new(true)), 1, 1);
        assert!(hasher.hash(work()).await.is_err());
        assert!(hasher.hash(work()).await.is_ok());
    }
}
