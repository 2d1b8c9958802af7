//! A host that does as it is told: it lies in one call, and then goes on as if nothing had been.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use countersign::host::{
    Directory, DirectoryError, EntropyError, EntropySource, MailError, Mailer, Store, StoreError,
};
use countersign::record::{RecordKey, Version};
use countersign::*;

use crate::common::{Part, World, id, seed};
use crate::operations::OTHER;

/// A call of the host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Call {
    /// Of so many rows.
    Load(usize),
    Commit,
    Find,
    Create,
    Rename,
    Release,
    Mail,
}

/// What is wrong with an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lie {
    /// Every row as it was so many writes ago; none before its first.
    Old(usize),
    /// No row at all.
    Nothing,
    /// Of each key the row of another key of its kind.
    Others,
    /// Rows in another order than their keys.
    Swapped,
    /// A commit took effect, and its answer is lost.
    Lost,
    /// As [`Lost`](Self::Lost), and the load after it reads what was there so many writes ago.
    LostThenOld(usize),
    /// A commit did not take effect, its answer is an error, and the load after it reads an older row.
    FailedThenOld(usize),
    /// A commit is delivered twice, and the second answer is thrown away.
    Twice,
    /// "Applied", and nothing was done.
    NotApplied,
    /// "Stale", and it was applied.
    AppliedAfterAll,
    /// The directory knows nobody of that name, or has no such name to give.
    Nobody,
    /// The directory answers with somebody else's account.
    SomebodyElse,
    /// The directory answers with an account that is no more.
    Former,
    /// Done, it says, and did nothing.
    NotDone,
    /// An error, and the message is on its way.
    SentAfterAll,
}

/// A write as it was delivered, to be delivered again.
type Delivery = (RecordKey, Option<Version>, Option<(Version, Vec<u8>, Option<Timestamp>)>);

#[derive(Default)]
struct State {
    plan: Option<(usize, Lie)>,
    calls: Vec<Call>,
    /// What each row was before each write, the oldest first.
    history: BTreeMap<RecordKey, Vec<Option<Row>>>,
    /// The next load is as old as this.
    next_is_old: Option<usize>,
    delivered: Vec<Delivery>,
    seed: Option<u64>,
    seeds: u64,
}

/// The host of a world, in between.
pub(super) struct Liar {
    part: Part,
    state: Mutex<State>,
}

/// Puts a liar between a world's sentry and its host.
pub(super) fn liar(world: &mut World) -> Arc<Liar> {
    let part = Part(Arc::clone(&world.seen), Arc::clone(&world.clock));
    let liar = Arc::new(Liar { part, state: Mutex::default() });
    world.sentry.store = liar.clone();
    world.sentry.directory = liar.clone();
    world.sentry.mailer = liar.clone();
    world.sentry.entropy = liar.clone();
    liar
}

impl Liar {
    fn begin(&self, call: Call) -> Option<Lie> {
        let mut state = self.state.lock().unwrap();
        state.calls.push(call);
        let index = state.calls.len() - 1;
        state.plan.filter(|(at, _)| *at == index).map(|(_, lie)| lie)
    }

    /// From now on calls are counted from 0, one of them is a lie, and randomness comes from the seed.
    pub(super) fn plan(&self, seed: u64, plan: Option<(usize, Lie)>) {
        let mut state = self.state.lock().unwrap();
        state.calls.clear();
        state.delivered.clear();
        (state.plan, state.next_is_old, state.seed) = (plan, None, Some(seed));
    }

    /// No lie from now on; the calls that were made since [`plan`](Self::plan).
    pub(super) fn honest(&self) -> Vec<Call> {
        let mut state = self.state.lock().unwrap();
        (state.plan, state.next_is_old, state.seed) = (None, None, None);
        std::mem::take(&mut state.calls)
    }

    /// How many versions the row with the longest history had before.
    pub(super) fn depth(&self) -> usize {
        self.state.lock().unwrap().history.values().map(Vec::len).max().unwrap_or(0)
    }

    pub(super) fn history(&self) -> BTreeMap<RecordKey, Vec<Option<Row>>> {
        self.state.lock().unwrap().history.clone()
    }

    pub(super) fn put_history_back(&self, history: &BTreeMap<RecordKey, Vec<Option<Row>>>) {
        self.state.lock().unwrap().history.clone_from(history);
    }

    /// Delivers every write since [`plan`](Self::plan) again.
    pub(super) fn redeliver(&self) {
        let delivered = self.state.lock().unwrap().delivered.clone();
        for (key, expected, put) in delivered {
            let write = match &put {
                Some((version, bytes, expires_at)) => {
                    Write::Put { version: *version, bytes, expires_at: *expires_at }
                }
                None => Write::Delete,
            };
            let _ = self.part.commit(&key, expected, write).unwrap();
        }
    }

    fn old(&self, keys: &[RecordKey], back: usize) -> Vec<Option<Row>> {
        let state = self.state.lock().unwrap();
        let was = |key: &RecordKey| {
            let history = state.history.get(key)?;
            history.get(history.len().checked_sub(back)?)?.clone()
        };
        keys.iter().map(was).collect()
    }

    fn others(&self, keys: &[RecordKey]) -> Vec<Option<Row>> {
        let rows = self.part.0.rows.lock().unwrap();
        let other = |key: &RecordKey| {
            let mut others = rows.iter().filter(|(other, _)| *other != key && other.kind() == key.kind());
            others.next().map(|(_, (row, _))| row.clone())
        };
        keys.iter().map(other).collect()
    }
}

impl Store for Liar {
    fn load(&self, keys: &[RecordKey]) -> Result<Vec<Option<Row>>, StoreError> {
        let lie = self.begin(Call::Load(keys.len()));
        let old = self.state.lock().unwrap().next_is_old.take();
        if let Some(back) = old {
            return Ok(self.old(keys, back));
        }
        match lie {
            Some(Lie::Old(back)) => Ok(self.old(keys, back)),
            Some(Lie::Nothing) => Ok(vec![None; keys.len()]),
            Some(Lie::Others) => Ok(self.others(keys)),
            Some(Lie::Swapped) => {
                let mut rows = self.part.load(keys)?;
                rows.reverse();
                Ok(rows)
            }
            _ => self.part.load(keys),
        }
    }

    fn commit(
        &self,
        key: &RecordKey,
        expected: Option<Version>,
        write: Write<'_>,
    ) -> Result<Committed, StoreError> {
        let lie = self.begin(Call::Commit);
        let planned = || StoreError::Failed("planned".into());
        let put = match &write {
            Write::Put { version, bytes, expires_at } => Some((*version, bytes.to_vec(), *expires_at)),
            Write::Delete => None,
        };
        match lie {
            Some(Lie::NotApplied) => return Ok(Committed::Applied),
            Some(Lie::FailedThenOld(back)) => {
                self.state.lock().unwrap().next_is_old = Some(back);
                return Err(planned());
            }
            _ => {}
        }
        let before = self.part.load(&[*key])?.remove(0);
        let again = put.clone();
        let answer = self.part.commit(key, expected, write)?;
        if answer == Committed::Applied {
            let mut state = self.state.lock().unwrap();
            state.history.entry(*key).or_default().push(before);
            state.delivered.push((*key, expected, put));
        }
        match lie {
            Some(Lie::Lost) => Err(planned()),
            Some(Lie::LostThenOld(back)) => {
                self.state.lock().unwrap().next_is_old = Some(back);
                Err(planned())
            }
            Some(Lie::AppliedAfterAll) => Ok(Committed::Stale),
            Some(Lie::Twice) => {
                let again = match &again {
                    Some((version, bytes, expires_at)) => {
                        Write::Put { version: *version, bytes, expires_at: *expires_at }
                    }
                    None => Write::Delete,
                };
                let _ = self.part.commit(key, expected, again)?;
                Ok(answer)
            }
            _ => Ok(answer),
        }
    }
}

impl Liar {
    fn entry_of(&self, who: &str) -> Option<DirectoryEntry> {
        self.part.0.accounts.lock().unwrap().get(id(who).as_str()).cloned()
    }
}

impl Liar {
    fn made(&self, account: &NewAccount) -> Created {
        let mut accounts = self.part.0.accounts.lock().unwrap();
        let count = accounts.len();
        let entry =
            accounts.entry(account.identifier.as_str().to_owned()).or_insert_with(|| DirectoryEntry {
                identifier: account.identifier.as_str().to_owned(),
                account: AccountId::new(&format!("number-{count}")).unwrap(),
                address: account.identifier.address().clone(),
                legacy: None,
                address_proven: true,
            });
        if entry.legacy.is_some() { Created::Taken } else { Created::Account(entry.account.clone()) }
    }
}

impl Directory for Liar {
    fn find(&self, identifier: &Identifier) -> Result<Option<DirectoryEntry>, DirectoryError> {
        match self.begin(Call::Find) {
            Some(Lie::Nobody) => Ok(None),
            Some(Lie::SomebodyElse) => {
                let identifier = identifier.as_str().to_owned();
                Ok(self.entry_of(OTHER).map(|entry| DirectoryEntry { identifier, ..entry }))
            }
            Some(Lie::Former) => {
                let account = AccountId::new("somebody-who-left").unwrap();
                let address = identifier.address().clone();
                let identifier = identifier.as_str().to_owned();
                Ok(Some(DirectoryEntry { identifier, account, address, legacy: None, address_proven: true }))
            }
            _ => self.part.find(identifier),
        }
    }

    fn create(&self, account: &NewAccount) -> Result<Created, DirectoryError> {
        match self.begin(Call::Create) {
            Some(Lie::Nobody) => Ok(Created::Taken),
            Some(Lie::SomebodyElse) => Ok(Created::Account(self.entry_of(OTHER).unwrap().account)),
            // An id that is the same whenever the same is asked for: those of the host behind go up.
            _ => Ok(self.made(account)),
        }
    }

    fn rename(
        &self,
        account: &AccountId,
        from: &Identifier,
        to: &Identifier,
    ) -> Result<Created, DirectoryError> {
        match self.begin(Call::Rename) {
            Some(Lie::Nobody) => Ok(Created::Taken),
            Some(Lie::SomebodyElse) => Ok(Created::Account(self.entry_of(OTHER).unwrap().account)),
            Some(Lie::NotDone) => Ok(Created::Account(account.clone())),
            _ => self.part.rename(account, from, to),
        }
    }

    fn release(&self, account: &AccountId) -> Result<(), DirectoryError> {
        match self.begin(Call::Release) {
            Some(Lie::NotDone) => Ok(()),
            _ => self.part.release(account),
        }
    }
}

impl Mailer for Liar {
    fn send(&self, envelope: &Envelope) -> Result<(), MailError> {
        let lie = self.begin(Call::Mail);
        self.part.send(envelope)?;
        if lie == Some(Lie::SentAfterAll) { Err(MailError("planned".into())) } else { Ok(()) }
    }
}

/// The same request gets the same randomness, whatever went before.
impl EntropySource for Liar {
    fn draw(&self) -> Result<Entropy, EntropyError> {
        let mut state = self.state.lock().unwrap();
        state.seeds += 1;
        let (seeds, given) = (state.seeds, state.seed.take());
        // Apart from those of the host behind, which begin at 0.
        Ok(seed(given.unwrap_or(1_000_000 + seeds)))
    }
}
