//! What is explored: who is there, what is asked of the machine at once, and what may go wrong.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use countersign::record::RecordKey;
use countersign::*;

use super::book::Sent;
use super::run::begin;
use super::told::{Tell, Told};
use crate::common::World;
use crate::people::Person;

/// What was proven, one bit each.
pub(super) const BY_PASSWORD: u8 = 1;
pub(super) const BY_APP: u8 = 2;
pub(super) const BY_DRAWER: u8 = 4;
pub(super) const BY_MAILBOX: u8 = 8;
pub(super) const BY_DEVICE: u8 = 16;

/// What whoever asks has at hand from before.
#[derive(Default)]
pub(super) struct Home {
    pub(super) people: Vec<Person>,
    pub(super) facts: BTreeMap<String, String>,
    /// The keys of the store's rows.
    pub(super) rows: Vec<RecordKey>,
    /// The records of the people's accounts, in their order.
    pub(super) records: Vec<RecordKey>,
}

impl Home {
    pub(super) fn note(&mut self, name: impl Into<String>, text: impl Into<String>) {
        self.facts.insert(name.into(), text.into());
    }

    /// Notes when something ends: what is shown after that is of no use (law 6).
    pub(super) fn note_end(&mut self, name: &str, ends: Timestamp) {
        self.note(format!("{name} ends"), ends.unix_millis().to_string());
    }

    /// When something ends that was there before anything was asked.
    pub(super) fn end(&self, name: &str) -> i64 {
        let ends = self.facts.get(&format!("{name} ends"));
        ends.unwrap_or_else(|| panic!("nobody knows when {name} ends")).parse().expect("a time")
    }
}

/// What somebody can see who is about to send a request.
pub(super) struct View<'a> {
    pub(super) home: &'a Home,
    pub(super) now: Timestamp,
    /// What each request was told and mailed, where it is over.
    pub(super) told: &'a dyn Fn(usize) -> Option<(Arc<Told>, bool)>,
    /// What was looked at: with it, the request is the same.
    pub(super) made_of: RefCell<Vec<String>>,
    /// Which requests were looked at, whether or not they were over.
    pub(super) looked: Cell<u16>,
    /// Which of the people at home it is.
    pub(super) who: Cell<usize>,
}

impl View<'_> {
    pub(super) fn noted(&self, text: &str) -> String {
        self.made_of.borrow_mut().push(text.to_owned());
        text.to_owned()
    }

    /// What an earlier request was told, or what it had mailed.
    pub(super) fn said(&self, request: usize, name: &str) -> Option<String> {
        self.looked.set(self.looked.get() | 1 << request);
        let (told, mailed) = (self.told)(request)?;
        told.fact(name, mailed).map(|text| self.noted(text))
    }

    /// Whether an earlier request is over, and was granted.
    pub(super) fn was_granted(&self, request: usize) -> bool {
        self.looked.set(self.looked.get() | 1 << request);
        (self.told)(request).is_some_and(|(told, _)| told.granted)
    }

    /// What was there before anything was asked.
    pub(super) fn had(&self, name: &str) -> Option<String> {
        let text = self.home.facts.get(name).unwrap_or_else(|| panic!("nobody has {name}"));
        Some(self.noted(text))
    }

    pub(super) fn person(&self) -> &Person {
        &self.home.people[self.who.get()]
    }
}

/// Makes a request of what is to be seen, if it can be made yet.
pub(super) type Make = Box<dyn Fn(&View<'_>) -> Option<Sent> + Send + Sync>;

/// A request of a scene.
pub(super) struct Ask {
    /// In words.
    pub(super) what: String,
    pub(super) make: Make,
    /// Of somebody who has proved nothing: no turn of it may write the account's record (law 9).
    pub(super) stranger: bool,
    /// What it proves to the account, beside what the request proved that it follows from.
    pub(super) shows: u8,
    pub(super) follows: Option<usize>,
    /// What can be had once only (law 3).
    pub(super) once: Option<&'static str>,
    /// It is not good for what it is shown for (law 5).
    pub(super) never: bool,
    /// Requests after whose grant it is worth nothing any more, where they were granted before it began (law 5).
    pub(super) dead_after: u16,
    /// Requests that showed the same session: once one was told that its codes have ended, none is good any more (laws 6 and 7).
    pub(super) ended_by: u16,
    /// What is dead then is only what lets past the second factor.
    pub(super) by_device: bool,
    /// What is shown of what was there before: once it has ended, it is worth nothing (law 6).
    pub(super) ends: Option<&'static str>,
    /// Whose it is, of those at home: it signs in to no other account, and writes no other's record (laws 5 and 9).
    pub(super) of: Option<usize>,
    /// The gauge that a wrong guess counts on.
    pub(super) counts: Option<usize>,
    /// It may give guesses back, since it binds a factor anew or ends a run of failures.
    pub(super) rebinds: bool,
    /// Its session, whose end must never move (law 6).
    pub(super) session: Option<&'static str>,
    /// How many commits a grant takes: what was compared is counted in a commit of its own before the one that grants (law 1).
    pub(super) commits: u8,
    /// It may change the directory.
    pub(super) moves: bool,
    /// It need not be granted in any history.
    pub(super) hopeless: bool,
}

/// Whose an account is that is yet to be made.
pub(super) const NEWCOMER: usize = usize::MAX;

/// A request, by what it is made of.
pub(super) fn ask<R, F>(what: impl Into<String>, make: F) -> Ask
where
    R: Request + Clone + Send + Sync + 'static,
    R::Output: Tell,
    F: Fn(&View<'_>) -> Option<R> + Send + Sync + 'static,
{
    let make = move |view: &View<'_>| {
        let request = make(view)?;
        let sent: Sent =
            Arc::new(move |machine, context, hasher| begin(machine, request.clone(), context, hasher));
        Some(sent)
    };
    Ask {
        what: what.into(),
        make: Box::new(make),
        stranger: false,
        shows: 0,
        follows: None,
        once: None,
        never: false,
        dead_after: 0,
        ended_by: 0,
        by_device: false,
        ends: None,
        of: None,
        counts: None,
        rebinds: false,
        session: None,
        commits: 0,
        moves: false,
        hopeless: false,
    }
}

impl Ask {
    pub(super) fn stranger(self) -> Self {
        Self { stranger: true, ..self }
    }
    pub(super) fn shows(self, shows: u8) -> Self {
        Self { shows, ..self }
    }
    pub(super) fn follows(self, request: usize) -> Self {
        Self { follows: Some(request), ..self }
    }
    pub(super) fn once(self, what: &'static str) -> Self {
        Self { once: Some(what), ..self }
    }
    pub(super) fn never(self) -> Self {
        Self { never: true, hopeless: true, ..self }
    }
    pub(super) fn dead_after(self, requests: &[usize]) -> Self {
        Self { dead_after: requests.iter().fold(0, |mask, request| mask | 1 << request), ..self }
    }
    pub(super) fn ended_by(self, requests: &[usize]) -> Self {
        Self { ended_by: requests.iter().fold(0, |mask, request| mask | 1 << request), ..self }
    }
    pub(super) fn by_device(self) -> Self {
        Self { by_device: true, ..self }
    }
    pub(super) fn ends(self, what: &'static str) -> Self {
        Self { ends: Some(what), ..self }
    }
    pub(super) fn of(self, whose: usize) -> Self {
        Self { of: Some(whose), ..self }
    }
    pub(super) fn counts(self, gauge: usize) -> Self {
        Self { counts: Some(gauge), hopeless: true, ..self }
    }
    pub(super) fn rebinds(self) -> Self {
        Self { rebinds: true, ..self }
    }
    pub(super) fn session(self, name: &'static str) -> Self {
        Self { session: Some(name), ..self }
    }
    pub(super) fn commits(self, commits: u8) -> Self {
        Self { commits, ..self }
    }
    pub(super) fn moves(self) -> Self {
        Self { moves: true, ..self }
    }
    pub(super) fn hopeless(self) -> Self {
        Self { hopeless: true, ..self }
    }
}

/// A way to read off how many guesses would still be answered: a wrong one, tried on the side.
pub(super) struct Gauge {
    pub(super) what: &'static str,
    pub(super) wrong: Make,
    /// What a wrong one is told.
    pub(super) no: &'static str,
    /// The most that may be answered in all that the scene explores, those that are left included.
    pub(super) most: u32,
}

pub(super) fn gauge<R, F>(what: &'static str, no: &'static str, most: u32, make: F) -> Gauge
where
    R: Request + Clone + Send + Sync + 'static,
    R::Output: Tell,
    F: Fn(&View<'_>) -> Option<R> + Send + Sync + 'static,
{
    Gauge { what, wrong: ask(what, make).make, no, most }
}

/// What must be possible whenever nothing is under way: one of these is granted.
pub(super) struct Way {
    pub(super) law: u8,
    pub(super) what: &'static str,
    pub(super) tries: Vec<Ask>,
}

/// Steps of the clock, in milliseconds; a scene says which, and how many are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Clocks {
    pub(super) steps: &'static [i64],
    pub(super) most: u8,
}

/// A scene.
pub(super) struct Scene {
    pub(super) name: String,
    pub(super) about: &'static str,
    pub(super) settings: fn() -> Settings,
    /// One host, or two that must not be told apart (law 8).
    pub(super) prepare: Vec<fn(&World) -> Home>,
    pub(super) asks: Vec<Ask>,
    pub(super) clocks: Clocks,
    /// How many requests may be cut off, and how many host calls fail.
    pub(super) crashes: u8,
    pub(super) faults: u8,
    /// Whether rows that have expired may be swept.
    pub(super) sweeps: bool,
    pub(super) gauges: Vec<Gauge>,
    pub(super) ways: Vec<Way>,
    /// Whether what was proven is enough to be signed in (law 4).
    pub(super) enough: fn(u8) -> bool,
    /// Whether it is among those that take no more than moments.
    pub(super) quick: bool,
    /// The scenes it is told and counted with, if it is one of many small ones.
    pub(super) family: Option<String>,
}

impl Scene {
    pub(super) fn new(
        name: impl Into<String>,
        about: &'static str,
        prepare: fn(&World) -> Home,
        asks: Vec<Ask>,
    ) -> Self {
        Self {
            name: name.into(),
            about,
            settings: Settings::recommended,
            prepare: vec![prepare],
            asks,
            clocks: Clocks { steps: &[], most: 0 },
            crashes: 0,
            faults: 0,
            sweeps: false,
            gauges: Vec::new(),
            ways: Vec::new(),
            enough: |_| true,
            quick: true,
            family: None,
        }
    }
    pub(super) fn settings(self, settings: fn() -> Settings) -> Self {
        Self { settings, ..self }
    }
    pub(super) fn beside(mut self, prepare: fn(&World) -> Home) -> Self {
        self.prepare.push(prepare);
        self
    }
    pub(super) fn clocks(self, most: u8, steps: &'static [i64]) -> Self {
        Self { clocks: Clocks { steps, most }, ..self }
    }
    pub(super) fn troubles(self, crashes: u8, faults: u8) -> Self {
        Self { crashes, faults, ..self }
    }
    pub(super) fn sweeps(self) -> Self {
        Self { sweeps: true, ..self }
    }
    pub(super) fn gauge(mut self, gauge: Gauge) -> Self {
        self.gauges.push(gauge);
        self
    }
    pub(super) fn way(mut self, law: u8, what: &'static str, tries: Vec<Ask>) -> Self {
        self.ways.push(Way { law, what, tries });
        self
    }
    pub(super) fn enough(self, enough: fn(u8) -> bool) -> Self {
        Self { enough, ..self }
    }
    /// The same once more, in another way that takes longer.
    pub(super) fn once_more(self, how: &str) -> Self {
        let name = format!("{how} {}", self.name);
        let family = self.family.as_ref().map(|family| format!("{how} {family}"));
        Self { name, family, ..self }.long()
    }
    pub(super) fn long(self) -> Self {
        Self { quick: false, ..self }
    }
}
