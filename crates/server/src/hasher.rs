//! Password hashing: as much at once as there are cores, a short queue, and a quick no beyond it.

use std::sync::Arc;

use countersign::host::{AsyncHasher, HashError, PasswordHasher};
use countersign::machine::{Hashed, Work};
use countersign_argon2::Argon2Hasher;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// How many hashes may wait for each that runs. A hash takes some tens of milliseconds, so the last in the queue waits about a
/// second; who comes after him is told to try again.
const WAITING_FOR_EACH: usize = 32;

/// Hashes on threads for blocking work, at most so many at once: each takes 19 MiB.
pub(crate) struct BoundedHasher {
    hasher: Arc<dyn PasswordHasher>,
    /// One for each hash that runs.
    running: Arc<Semaphore>,
    /// One for each hash that runs or waits.
    places: Arc<Semaphore>,
}

impl BoundedHasher {
    /// The recommended hash, with the cores this machine has.
    pub(crate) fn for_this_machine() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self::new(Argon2Hasher::recommended(), cores, cores.saturating_mul(WAITING_FOR_EACH))
    }

    fn new(hasher: impl PasswordHasher + 'static, at_once: usize, waiting: usize) -> Self {
        let places = at_once.saturating_add(waiting);
        let semaphore = |permits: usize| Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)));
        Self { hasher: Arc::new(hasher), running: semaphore(at_once), places: semaphore(places) }
    }
}

impl AsyncHasher for BoundedHasher {
    async fn hash(&self, work: Work) -> Result<Hashed, HashError> {
        let full = |_| HashError("too many passwords wait to be hashed".into());
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(full)?;
        let closed = |_| HashError("the hasher has stopped".into());
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(closed)?;
        let hasher = Arc::clone(&self.hasher);
        let task = move || {
            // Given back when the hash is done, not when nobody waits for it any more.
            let _permits = (place, running);
            work.run(|password, salt| hasher.hash(password, salt))
        };
        spawn_blocking(task).await.map_err(|_| HashError("the hasher panicked".into()))?
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use countersign::host::{ManualClock, MemoryStore, OsEntropy, Store};
    use countersign::{
        Client, Context, Identifier, KeyRing, LocatorKey, Machine, Password, PasswordHash, Settings,
    };
    use countersign::{Profile, Salt, SignUp, Step, Timestamp};

    use super::*;

    /// Hashes for as long as its gate is held.
    #[derive(Clone, Default)]
    struct Gated {
        gate: Arc<Mutex<()>>,
        running: Arc<AtomicUsize>,
    }

    impl PasswordHasher for Gated {
        fn hash(&self, _: &Password, _: &Salt) -> Result<PasswordHash, HashError> {
            self.running.fetch_add(1, Ordering::SeqCst);
            drop(self.gate.lock().unwrap());
            Ok(PasswordHash::new("$gated$").unwrap())
        }
        fn verify(&self, _: &Password, _: &PasswordHash) -> Result<bool, HashError> {
            Ok(false)
        }
    }

    /// Work, as only the core can make it.
    fn work() -> Work {
        let key =
            |seed: u8| std::array::from_fn::<u8, 32, _>(|n| seed.wrapping_add(u8::try_from(n).unwrap()));
        let ring = KeyRing::new(&key(1), &[]).unwrap();
        let machine =
            Machine::new(Settings::recommended().build().unwrap(), LocatorKey::new(&key(2)).unwrap(), ring);
        let request = SignUp {
            client: Client::unmetered(),
            identifier: Identifier::parse("jo@example.com").unwrap(),
            password: Password::typed("MyPassword1!").unwrap(),
            profile: Profile::default(),
            locale: None,
        };
        let entropy = countersign::host::EntropySource::draw(&OsEntropy).unwrap();
        let now = countersign::host::Clock::now(&ManualClock::at(Timestamp::UNIX_EPOCH)).unwrap();
        let store = MemoryStore::new();
        let mut step = machine.begin(request, Context { now, entropy });
        loop {
            step = match step {
                Step::Find(find) => find.resume(None),
                Step::Load(load) => {
                    let rows = store.load(load.keys()).unwrap();
                    load.resume(rows).unwrap()
                }
                Step::Prove(prove) => return prove.work().clone(),
                other => panic!("no password to hash: {other:?}"),
            };
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_does_not_fit_the_queue_is_refused_at_once_and_the_rest_is_done() {
        let gated = Gated::default();
        let (gate, running) = (Arc::clone(&gated.gate), Arc::clone(&gated.running));
        let hasher = Arc::new(BoundedHasher::new(gated, 2, 3));
        let tasks: Vec<_> = {
            let _held = gate.lock().unwrap();
            let spawn = |_| {
                let hasher = Arc::clone(&hasher);
                let work = work();
                tokio::spawn(async move { hasher.hash(work).await })
            };
            let tasks: Vec<_> = (0..20).map(spawn).collect();
            let refused = || tasks.iter().filter(|task| task.is_finished()).count();
            // Bounded, so that a mistake ends in a failure.
            (0..10_000_000).take_while(|_| refused() < 15).for_each(|_| std::thread::yield_now());
            assert_eq!(refused(), 15);
            assert!(running.load(Ordering::SeqCst) <= 2);
            tasks
        };
        let mut done = 0;
        for task in tasks {
            done += usize::from(task.await.unwrap().is_ok());
        }
        assert_eq!(done, 5);
        assert!(hasher.hash(work()).await.is_ok(), "there is room again");
    }
}
