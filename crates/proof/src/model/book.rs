//! What was tried so far, so that a state is a handful of numbers.
//!
//! A stage of the machine can be neither copied nor compared. But the machine is deterministic: where a request stands is told by
//! what it was begun with and by what its host has answered so far. So each request is a path in a tree of answers, a place in that tree is a number, and
//! a stage that was used up is made again by giving the same answers once more. Rows, directories and ends are numbered by what is in them.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use countersign::record::Version;
use countersign::*;

use super::run::{Answer, Need, Plain, Run, Written};
use super::told::Told;

/// Begins a request, as often as wanted.
pub(super) type Sent = Arc<dyn Fn(&Machine, Context, &Plain) -> Box<dyn Run> + Send + Sync>;

/// Who is who, by identifier.
pub(super) type Directory = BTreeMap<String, DirectoryEntry>;

/// Values and their numbers.
struct Numbered<T> {
    numbers: HashMap<T, u32>,
    values: Vec<Arc<T>>,
}

impl<T: Hash + Eq + Clone> Numbered<T> {
    fn new() -> Self {
        Self { numbers: HashMap::new(), values: Vec::new() }
    }

    fn number(&mut self, value: T) -> u32 {
        if let Some(number) = self.numbers.get(&value) {
            return *number;
        }
        let number = u32::try_from(self.values.len()).expect("not so many");
        self.values.push(Arc::new(value.clone()));
        self.numbers.insert(value, number);
        number
    }

    fn get(&self, number: u32) -> &Arc<T> {
        &self.values[number as usize]
    }
}

/// What a host answered, by numbers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Given {
    /// The directory that was asked.
    Directory(u32),
    /// The rows that were read.
    Rows(Vec<Option<u32>>),
    Applied,
    Stale,
    Unsure,
    Account(String),
    Taken,
    Released,
}

/// Where a request stands.
struct Place {
    root: usize,
    from: Option<(u32, Given)>,
    need: Arc<Need>,
    /// The stage itself, until it is used up.
    live: Option<Box<dyn Run>>,
    hashes: u32,
    next: HashMap<Given, Result<u32, String>>,
}

/// What a request was begun with.
struct Root {
    sent: Sent,
    context: Context,
}

/// All that was tried.
pub(super) struct Book {
    machine: Machine,
    hasher: Plain,
    rows: Numbered<Written>,
    told: Numbered<Told>,
    directories: Vec<Directory>,
    directory_numbers: HashMap<String, u32>,
    roots: Vec<Root>,
    begun: HashMap<(usize, usize, i64, Vec<String>), u32>,
    places: Vec<Place>,
    held_up: HashMap<(u32, Timestamp), bool>,
    /// Decisions made, replays included: the price of it all.
    pub(super) stages: u64,
    /// Commits that came too late, at least one if any did.
    pub(super) stale: u64,
}

impl Book {
    pub(super) fn new(machine: Machine, hasher: Plain) -> Self {
        Self {
            machine,
            hasher,
            rows: Numbered::new(),
            told: Numbered::new(),
            directories: Vec::new(),
            directory_numbers: HashMap::new(),
            roots: Vec::new(),
            begun: HashMap::new(),
            places: Vec::new(),
            held_up: HashMap::new(),
            stages: 0,
            stale: 0,
        }
    }

    pub(super) fn row(&mut self, row: Written) -> u32 {
        self.rows.number(row)
    }

    pub(super) fn written(&self, row: u32) -> &Arc<Written> {
        self.rows.get(row)
    }

    pub(super) fn version(&self, row: u32) -> Version {
        self.rows.get(row).version
    }

    pub(super) fn end(&mut self, told: Told) -> u32 {
        self.told.number(told)
    }

    pub(super) fn told(&self, end: u32) -> Arc<Told> {
        Arc::clone(self.told.get(end))
    }

    pub(super) fn directory(&self, number: u32) -> &Directory {
        &self.directories[number as usize]
    }

    pub(super) fn keep(&mut self, directory: Directory) -> u32 {
        let text = directory.iter().map(|(who, entry)| {
            let (address, legacy) = (entry.address.as_str(), entry.legacy.is_some());
            format!("{who} {} {address} {legacy} {};", entry.account.as_str(), entry.address_proven)
        });
        let text: String = text.collect();
        if let Some(number) = self.directory_numbers.get(&text) {
            return *number;
        }
        let number = u32::try_from(self.directories.len()).expect("not so many");
        self.directories.push(directory);
        self.directory_numbers.insert(text, number);
        number
    }

    /// Begins a request: the one of that number, then, with what it was made of. Its randomness is its own.
    pub(super) fn begin(
        &mut self,
        side: usize,
        ask: usize,
        now: Timestamp,
        made_of: Vec<String>,
        sent: Sent,
    ) -> u32 {
        let key = (side, ask, now.unix_millis(), made_of);
        if let Some(place) = self.begun.get(&key) {
            return *place;
        }
        let mut seed = [0xa5; 32];
        seed[0] = u8::try_from(ask).expect("few requests");
        let context = Context { now, entropy: Entropy::from_seed(seed) };
        let run = sent(&self.machine, context.clone(), &self.hasher);
        self.roots.push(Root { sent, context });
        let place = self.add(self.roots.len() - 1, None, run);
        self.begun.insert(key, place);
        place
    }

    fn add(&mut self, root: usize, from: Option<(u32, Given)>, run: Box<dyn Run>) -> u32 {
        self.stages += 1;
        let (need, hashes) = (Arc::new(run.need()), run.hashes());
        let live = (!matches!(*need, Need::Done(_))).then_some(run);
        self.places.push(Place { root, from, need, live, hashes, next: HashMap::new() });
        u32::try_from(self.places.len() - 1).expect("not so many")
    }

    pub(super) fn need(&self, place: u32) -> Arc<Need> {
        Arc::clone(&self.places[place as usize].need)
    }

    pub(super) fn hashes(&self, place: u32) -> u32 {
        self.places[place as usize].hashes
    }

    /// The next place, after an answer. An error ends the request, and nobody is told anything.
    pub(super) fn go(&mut self, place: u32, given: &Given) -> Result<u32, String> {
        if let Some(next) = self.places[place as usize].next.get(given) {
            return next.clone();
        }
        if *given == Given::Stale {
            self.stale += 1;
        }
        let run = self.places[place as usize].live.take();
        let run = run.map_or_else(|| self.again(place), Ok)?;
        let next = self.answer(run, place, given);
        let root = self.places[place as usize].root;
        let next = next.map(|run| self.add(root, Some((place, given.clone())), run));
        self.places[place as usize].next.insert(given.clone(), next.clone());
        next
    }

    /// Whether a request must not write any more, as it has been under way for too long.
    pub(super) fn is_held_up(&mut self, place: u32, now: Timestamp) -> bool {
        if !matches!(*self.need(place), Need::Commit { .. }) {
            return false;
        }
        if let Some(late) = self.held_up.get(&(place, now)) {
            return *late;
        }
        let run = self.places[place as usize].live.take();
        let run = run.map_or_else(|| self.again(place), Ok).expect("it came there before");
        let late = run.is_held_up(now);
        self.places[place as usize].live = Some(run);
        self.held_up.insert((place, now), late);
        late
    }

    fn answer(&self, run: Box<dyn Run>, place: u32, given: &Given) -> Result<Box<dyn Run>, String> {
        let answer = match given {
            Given::Directory(number) => {
                let Need::Find(identifier) = &*self.places[place as usize].need else {
                    unreachable!("the directory was asked");
                };
                Answer::Entry(self.directory(*number).get(identifier.as_str()).cloned())
            }
            Given::Rows(rows) => {
                let row = |row: u32| {
                    let Written { version, bytes, .. } = &**self.rows.get(row);
                    Row { version: *version, bytes: bytes.clone() }
                };
                Answer::Rows(rows.iter().map(|number| number.map(row)).collect())
            }
            Given::Applied => Answer::Committed(Committed::Applied),
            Given::Stale => Answer::Committed(Committed::Stale),
            Given::Unsure => Answer::Unsure,
            Given::Account(id) => Answer::Created(Created::Account(AccountId::new(id).expect("an id"))),
            Given::Taken => Answer::Created(Created::Taken),
            Given::Released => Answer::Released,
        };
        run.answer(answer, &self.hasher)
    }

    /// Makes the stage at a place again.
    fn again(&mut self, place: u32) -> Result<Box<dyn Run>, String> {
        let mut way = Vec::new();
        let mut at = place;
        while let Some((from, given)) = &self.places[at as usize].from {
            way.push((*from, given.clone()));
            at = *from;
        }
        let Root { sent, context } = &self.roots[self.places[place as usize].root];
        let mut run = sent(&self.machine, context.clone(), &self.hasher);
        for (from, given) in way.iter().rev() {
            self.stages += 1;
            run = self.answer(run, *from, given)?;
        }
        Ok(run)
    }
}
