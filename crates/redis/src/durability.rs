//! When a commit is answered, and what was written without an answer.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign::host::StoreError;
use countersign::record::Version;
use redis::{Cmd, Value, from_redis_value};

use crate::link::{PATIENCE, broken, failed};

/// When a commit is answered. What each of them loses, and when, is in [a table](crate#what-is-lost-and-when).
///
/// Whatever is chosen, a commit that was not confirmed ends in an error: its effect is unknown, and the core takes it for that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Durability {
    /// When the server's own disk has it: `appendonly yes` and `appendfsync always`, which [`open`](crate::RedisStore::open)
    /// asks for. For one machine; a replica that takes over knows what had come to it.
    Disk,
    /// When so many replicas have it in memory as well (`WAIT`), within this time, else it is an error. For a cluster, or
    /// for servers of which one takes over.
    ///
    /// Ask for *all* replicas that a master has: one that has not confirmed may be the one that takes over.
    Replicas {
        /// How many, at least one.
        replicas: u32,
        /// For how long a commit waits for them. At most four seconds; half a second is plenty, since the connection
        /// does nothing else meanwhile.
        patience: Duration,
    },
    /// When the master's disk has it, and the disks of so many replicas (`WAITAOF`), within this time. From Redis 7.2 on,
    /// with `appendonly yes` everywhere.
    Disks {
        /// How many replicas; may be none.
        replicas: u32,
        /// As above.
        patience: Duration,
    },
    /// When the server has it in memory. A crash takes back what was answered: guesses, locks and spent codes with it.
    Memory,
}

/// How long the store lets replicas take: less than a call has.
const LONGEST: Duration = Duration::from_secs(4);

/// What a server confirmed.
pub(crate) enum Confirmed {
    Enough,
    TooFew,
}

impl Durability {
    /// How many replicas each master must have.
    pub(crate) const fn replicas(self) -> u32 {
        match self {
            Self::Replicas { replicas, .. } | Self::Disks { replicas, .. } => replicas,
            Self::Disk | Self::Memory => 0,
        }
    }

    /// Whether it can be had: some replicas for [`Durability::Replicas`], and a time that ends before the call does.
    pub(crate) const fn is_sane(self) -> bool {
        match self {
            Self::Disk | Self::Memory => true,
            Self::Replicas { replicas: 0, .. } => false,
            Self::Replicas { patience, .. } | Self::Disks { patience, .. } => {
                patience.as_millis() > 0 && patience.as_millis() <= LONGEST.as_millis()
            }
        }
    }

    /// The command that goes right behind a write on its connection.
    pub(crate) fn confirm(self) -> Option<Cmd> {
        // No time at all would be for ever.
        let millis = |patience: Duration| patience.min(PATIENCE).as_millis().max(1).to_string();
        match self {
            Self::Disk | Self::Memory => None,
            Self::Replicas { replicas, patience } => {
                let mut wait = redis::cmd("WAIT");
                wait.arg(replicas).arg(millis(patience));
                Some(wait)
            }
            Self::Disks { replicas, patience } => {
                let mut wait = redis::cmd("WAITAOF");
                wait.arg(1).arg(replicas).arg(millis(patience));
                Some(wait)
            }
        }
    }

    /// What the answer to [`Durability::confirm`] comes to.
    pub(crate) fn judge(self, answer: Option<Value>) -> Result<Confirmed, StoreError> {
        let answer = match (self, answer) {
            (Self::Disk | Self::Memory, _) => return Ok(Confirmed::Enough),
            (_, None) => return Err(broken("the server answered too little")),
            (_, Some(answer)) => answer.extract_error().map_err(failed)?,
        };
        let odd = |_| broken("the server answered something else than how many have it");
        // Signed: a number below zero would be taken for one near the greatest.
        let (local, remote): (i64, i64) = if matches!(self, Self::Disks { .. }) {
            from_redis_value(answer).map_err(odd)?
        } else {
            (1, from_redis_value(answer).map_err(odd)?)
        };
        let enough = local >= 1 && remote >= i64::from(self.replicas());
        Ok(if enough { Confirmed::Enough } else { Confirmed::TooFew })
    }
}

/// How many versions are remembered. Each matters from its commit to the load right behind it.
const MOST: usize = 16_384;

/// The versions that this process has sent to a server and that were not confirmed.
///
/// The core, told that the effect of a commit is unknown, reads the row, and goes on if that has the version of its own
/// commit. Where a commit counts once replicas have it, to be seen on the master is not enough: such a row is read as
/// soon as they have it, or not at all.
#[derive(Default)]
pub(crate) struct InDoubt(Mutex<Register>);

#[derive(Default)]
struct Register {
    next: u64,
    by_age: BTreeMap<u64, Version>,
    ages: HashMap<Version, u64>,
}

impl InDoubt {
    fn lock(&self) -> MutexGuard<'_, Register> {
        // Nothing in here panics half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, version: Version) {
        let mut register = self.lock();
        let age = register.next;
        register.next = age.wrapping_add(1);
        if let Some(before) = register.ages.insert(version, age) {
            register.by_age.remove(&before);
        }
        register.by_age.insert(age, version);
        if register.by_age.len() > MOST
            && let Some((_, oldest)) = register.by_age.pop_first()
        {
            register.ages.remove(&oldest);
        }
    }

    pub(crate) fn remove(&self, version: &Version) {
        let mut register = self.lock();
        if let Some(age) = register.ages.remove(version) {
            register.by_age.remove(&age);
        }
    }

    pub(crate) fn has(&self, version: &Version) -> bool {
        self.lock().ages.contains_key(version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(n: u64) -> Version {
        Version::from_bytes(u128::from(n).to_be_bytes())
    }

    #[test]
    fn the_oldest_doubt_goes_first_and_only_when_there_are_too_many() {
        let doubts = InDoubt::default();
        let most = u64::try_from(MOST).unwrap();
        (0..most).for_each(|n| doubts.add(version(n)));
        assert!((0..most).all(|n| doubts.has(&version(n))));
        doubts.add(version(0));
        doubts.add(version(most));
        assert!(doubts.has(&version(0)), "it was sent again");
        assert!(!doubts.has(&version(1)));
        doubts.remove(&version(2));
        assert!(!doubts.has(&version(2)));
        doubts.add(version(most + 1));
        assert!(doubts.has(&version(3)), "there was room");
        let register = doubts.lock();
        assert_eq!((register.ages.len(), register.by_age.len()), (MOST, MOST));
    }

    #[test]
    fn too_few_are_not_enough_and_what_is_not_a_number_is_an_error() {
        let patience = Duration::from_millis(500);
        let two = Durability::Replicas { replicas: 2, patience };
        let disks = Durability::Disks { replicas: 1, patience };
        let pair = |local, remote| Value::Array(vec![Value::Int(local), Value::Int(remote)]);
        for (durability, answer, enough) in [
            (two, Some(Value::Int(2)), Some(true)),
            (two, Some(Value::Int(3)), Some(true)),
            (two, Some(Value::Int(1)), Some(false)),
            (two, Some(Value::Int(-1)), Some(false)),
            (two, Some(Value::Nil), None),
            (two, None, None),
            (disks, Some(pair(1, 1)), Some(true)),
            (disks, Some(pair(0, 1)), Some(false)),
            (disks, Some(pair(1, 0)), Some(false)),
            (disks, Some(Value::Int(1)), None),
            (Durability::Disk, None, Some(true)),
            (Durability::Memory, None, Some(true)),
        ] {
            let judged = durability.judge(answer.clone()).ok().map(|it| matches!(it, Confirmed::Enough));
            assert_eq!(judged, enough, "{durability:?} {answer:?}");
        }
    }

    #[test]
    fn what_would_wait_for_nobody_or_for_ever_is_not_sane() {
        let of =
            |replicas, millis| Durability::Replicas { replicas, patience: Duration::from_millis(millis) };
        assert!(of(1, 1).is_sane() && of(1, 4000).is_sane());
        assert!(!of(0, 500).is_sane() && !of(1, 0).is_sane() && !of(1, 4001).is_sane());
        let disks = |millis| Durability::Disks { replicas: 0, patience: Duration::from_millis(millis) };
        assert!(disks(500).is_sane() && !disks(0).is_sane());
    }
}
