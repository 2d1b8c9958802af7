//! The scene as a model: what can happen next, and what comes of it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use countersign::Timestamp;
use stateright::{Expectation, Model, Property};

use super::bend::Bend;
use super::book::{Book, Given};
use super::host::{Called, call};
use super::laws::{CAN, HOLD, Judge, LAWS};
use super::run::{Need, Plain, Written};
use super::scene::{Home, Make, Scene, View};
use super::state::{Action, Broken, Phase, Side, Slot, State};
use super::told::{ENDED, Told};
use crate::common::{World, machine};

/// A scene, prepared.
pub(super) struct Explored {
    pub(super) scene: Arc<Scene>,
    pub(super) homes: Vec<Home>,
    pub(super) bend: Bend,
    start: State,
    moves: bool,
    inner: Mutex<Inner>,
}

/// A request that was tried on the side: on which side, which, made of what, and over which rows.
type Tried = (usize, usize, u32, Side);

/// A request that was begun: on which side, which, when, and after which ends.
type Begun = (usize, usize, Timestamp, Vec<(u32, bool)>);

/// What is remembered of states beside them; it changes nothing.
pub(super) struct Inner {
    pub(super) book: Book,
    pub(super) gauged: HashMap<Tried, Option<u32>>,
    pub(super) open: HashMap<Tried, bool>,
    /// Which requests each looks at.
    looks: HashMap<(usize, usize), u16>,
    begun: HashMap<Begun, Option<u32>>,
}

impl Explored {
    pub(super) fn new(scene: Arc<Scene>, bend: Bend) -> Self {
        let any = matches!(bend, Bend::AnyPassword);
        let mut book = Book::new(machine((scene.settings)()), Plain { any });
        let (mut homes, mut sides) = (Vec::new(), Vec::new());
        for prepare in &scene.prepare {
            let world = World::new((scene.settings)());
            let home = prepare(&world);
            let side = side(&mut book, &world, scene.asks.len());
            let rows = side.rows.iter().map(|(key, _)| *key).collect();
            homes.push(Home { rows, ..home });
            sides.push(side);
        }
        let start = State { sides, ticks: 0, crashes: 0, faults: 0, broken: None };
        let moves = scene.asks.iter().any(|ask| ask.moves);
        let inner = Inner {
            book,
            gauged: HashMap::new(),
            open: HashMap::new(),
            looks: HashMap::new(),
            begun: HashMap::new(),
        };
        let bend = match bend {
            Bend::OldCopy { by, .. } => {
                Bend::OldCopy { by, rows: start.sides[0].rows.iter().copied().collect() }
            }
            bend => bend,
        };
        Self { scene, homes, bend, start, moves, inner: Mutex::new(inner) }
    }

    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("one thread")
    }

    /// Whether the end of a request is told at once, since nothing can come between.
    const fn tells_at_once(scene: &Scene) -> bool {
        scene.crashes == 0 && scene.faults == 0
    }

    /// The place where a request begins if it is sent now; `None` if it cannot be yet.
    pub(super) fn place(
        &self,
        inner: &mut Inner,
        side: &Side,
        (at, number): (usize, usize),
        make: &Make,
    ) -> Option<u32> {
        let Inner { book, looks, begun, .. } = inner;
        let looked = looks.entry((at, number)).or_default();
        let behind = i64::from(matches!(self.bend, Bend::ClockBehind));
        let now = Timestamp::from_unix_millis(side.now.unix_millis() - behind);
        // Which of the ends it looks at there are, tells what it is made of.
        let ends =
            |looked: u16| -> Vec<(u32, bool)> {
                let seen = side.slots.iter().enumerate().filter(|(other, _)| looked & 1 << other != 0);
                seen.map(|(_, slot)| {
                    if slot.is_told() { (slot.at, slot.phase == Phase::Told) } else { (u32::MAX, false) }
                })
                .collect()
            };
        if let Some(place) = begun.get(&(at, number, now, ends(*looked))) {
            return *place;
        }
        let mut seen = 0;
        let sent = self.seen(book, side, at, |view| {
            let sent = make(view);
            seen = view.looked.get();
            sent.map(|sent| (view.made_of.borrow().clone(), sent))
        });
        let place = sent.map(|(made_of, sent)| book.begin(at, number, now, made_of, sent));
        if seen & !*looked != 0 {
            *looked |= seen;
            begun.retain(|(there, that, _, _), _| (*there, *that) != (at, number));
        }
        begun.insert((at, number, now, ends(*looked)), place);
        place
    }

    /// What somebody sees who looks at a side.
    pub(super) fn seen<T>(
        &self,
        book: &Book,
        side: &Side,
        at: usize,
        look: impl FnOnce(&View<'_>) -> T,
    ) -> T {
        let told = |request: usize| {
            let slot = side.slots.get(request)?;
            slot.is_told().then(|| (book.told(slot.at), slot.phase == Phase::Told))
        };
        let made_of = RefCell::new(Vec::new());
        let (looked, who) = (Cell::new(0), Cell::new(0));
        look(&View { home: &self.homes[at], now: side.now, told: &told, made_of, looked, who })
    }

    fn begin(&self, inner: &mut Inner, side: &mut Side, at: usize, request: usize) -> Option<()> {
        let ask = &self.scene.asks[request];
        let place = self.place(inner, side, (at, request), &ask.make)?;
        let book = &inner.book;
        let late = ask.ends.is_some_and(|what| side.now.unix_millis() >= self.homes[at].end(what));
        let those = |told: fn(&Told) -> bool| {
            let is = |other: &usize| side.slots[*other].is_told() && told(&book.told(side.slots[*other].at));
            (0..side.slots.len()).filter(is).fold(0_u16, |mask, other| mask | 1 << other)
        };
        let all = those(|told| told.granted);
        let late = late || ask.ended_by & those(|told| told.no == ENDED) != 0;
        side.slots[request] =
            Slot { phase: Phase::UnderWay, at: place, after: all & ask.dead_after, late, ..Slot::WAITING };
        Some(())
    }

    /// Goes on as long as nobody else is concerned.
    fn settle(&self, book: &mut Book, side: &mut Side, request: usize, seen: &mut Vec<String>) {
        loop {
            let slot = side.slots[request];
            if slot.phase != Phase::UnderWay {
                return;
            }
            match &*book.need(slot.at) {
                Need::Find(_) if !self.moves => seen.push(self.stage(book, side, request)),
                Need::Done(_) if Self::tells_at_once(&self.scene) => {
                    seen.push(tell(book, side, request, true))
                }
                _ => return,
            }
        }
    }

    /// Carries out the next stage; what there is to see of it from outside.
    fn stage(&self, book: &mut Book, side: &mut Side, request: usize) -> String {
        let place = side.slots[request].at;
        let need = book.need(place);
        if matches!(*need, Need::Done(_)) {
            return tell(book, side, request, true);
        }
        assert!(
            self.moves || !matches!(*need, Need::Create(_) | Need::Rename(_) | Need::Release(_)),
            "{}: a request that may change the directory does not say so",
            self.scene.asks[request].what
        );
        let seen = format!("{}, {} hashes", need.call(), book.hashes(place));
        match call(book, side, &need, &self.bend, request) {
            Ok(Called { given, wrote }) => {
                side.slots[request].wrote += u8::from(wrote);
                goes(book, side, request, &given);
                format!("{seen}: {}", wrote)
            }
            Err(error) => {
                side.slots[request] = Slot::GONE;
                format!("{seen}: {error}")
            }
        }
    }

    /// A call that fails without effect, or whose answer is lost.
    fn fails(&self, book: &mut Book, side: &mut Side, request: usize, lost: bool) -> Option<String> {
        let place = side.slots[request].at;
        let need = book.need(place);
        match &*need {
            Need::Done(_) => return None,
            // Reading has no effect, and without an answer the request is over: as if it were cut off.
            Need::Find(_) | Need::Load(_) => side.slots[request] = Slot::GONE,
            Need::Commit { .. } => {
                let called = lost.then(|| call(book, side, &need, &self.bend, request));
                let wrote = matches!(called, Some(Ok(Called { wrote: true, .. })));
                if lost && !wrote {
                    return None;
                }
                side.slots[request].wrote += u8::from(wrote);
                side.slots[request].unmade |= !wrote;
                let carries_on = matches!(self.bend, Bend::CarriesOnAfterFailure);
                goes(book, side, request, if carries_on { &Given::Applied } else { &Given::Unsure });
            }
            Need::Create(_) | Need::Rename(_) | Need::Release(_) => {
                if lost {
                    call(book, side, &need, &self.bend, request).ok()?;
                }
                side.slots[request] = Slot::GONE;
            }
        }
        Some(format!("{}: fails", need.call()))
    }

    fn crashes(&self, book: &mut Book, side: &mut Side, request: usize) {
        if matches!(self.bend, Bend::TellsAfterCrash) {
            // Another host believes that what was under way was done.
            for _ in 0..64 {
                let place = side.slots[request].at;
                let given = match &*book.need(place) {
                    Need::Done(_) => return drop(tell(book, side, request, true)),
                    Need::Commit { .. } => Given::Applied,
                    need => match call(book, side, need, &Bend::None, request) {
                        Ok(called) => called.given,
                        Err(_) => break,
                    },
                };
                goes(book, side, request, &given);
                if side.slots[request].phase != Phase::UnderWay {
                    return;
                }
            }
        }
        side.slots[request] = Slot::GONE;
    }

    /// What happens on one side; what is to be seen of it, `None` if it cannot happen there.
    fn happens(&self, inner: &mut Inner, side: &mut Side, at: usize, action: Action) -> Option<Vec<String>> {
        if let Action::Begin(request) = action {
            self.begin(inner, side, at, usize::from(request))?;
        }
        let book = &mut inner.book;
        let mut seen = Vec::new();
        let mut after = None;
        match action {
            Action::Begin(request) => {
                let request = usize::from(request);
                self.settle(book, side, request, &mut seen);
                let loads = matches!(&*book.need(side.slots[request].at), Need::Load(_));
                // Without a clock that moves, to be sent and to read are one moment.
                if self.scene.clocks.most == 0 && side.slots[request].phase == Phase::UnderWay && loads {
                    seen.push(self.stage(book, side, request));
                }
                after = Some(request);
            }
            Action::Stage(request) => {
                let request = usize::from(request);
                let need = book.need(side.slots[request].at);
                let commits = matches!(&*need, Need::Commit { .. });
                let skips = match self.bend {
                    Bend::ToldBeforeCommitted => commits,
                    Bend::SkipsForUnknown { by } => commits && by == request && at == 1,
                    _ => false,
                };
                if skips {
                    goes(book, side, request, &Given::Applied);
                } else {
                    seen.push(self.stage(book, side, request));
                }
                after = Some(request);
            }
            Action::Fail(request) => seen.push(self.fails(book, side, usize::from(request), false)?),
            Action::Lose(request) => seen.push(self.fails(book, side, usize::from(request), true)?),
            Action::Mute(request) => seen.push(tell(book, side, usize::from(request), false)),
            Action::Crash(request) => self.crashes(book, side, usize::from(request)),
            Action::Tick(step) => {
                let step = self.scene.clocks.steps[usize::from(step)];
                side.now = Timestamp::from_unix_millis(side.now.unix_millis() + step);
            }
            Action::Sweep => {
                let early = matches!(self.bend, Bend::SweepsEarly);
                let now = side.now;
                let over = |row: &Written| row.expires_at.is_some_and(|ends| ends <= now || early);
                side.rows.retain(|(_, row)| !over(book.written(*row)));
            }
        }
        if let Some(request) = after {
            self.settle(book, side, request, &mut seen);
        }
        Some(seen)
    }
}

/// Goes on with an answer. A request that ends in an error is told nothing; nor is one that was held up. Whether it was, the host asks when it has
/// read the rows, no later: until it writes, the clock may go on.
fn goes(book: &mut Book, side: &mut Side, request: usize, given: &Given) {
    match book.go(side.slots[request].at, given) {
        Ok(next) if !book.is_held_up(next, side.now) => side.slots[request].at = next,
        _ => side.slots[request] = Slot::GONE,
    }
}

/// Tells the end of a request.
fn tell(book: &mut Book, side: &mut Side, request: usize, mailed: bool) -> String {
    let slot = side.slots[request];
    let need = book.need(slot.at);
    let Need::Done(told) = &*need else { unreachable!("it is at its end") };
    let seen = format!("{}, {} hashes", told.seen(), book.hashes(slot.at));
    let phase = if mailed { Phase::Told } else { Phase::ToldUnmailed };
    side.slots[request] = Slot { phase, at: book.end(told.clone()), ..slot };
    seen
}

/// A side, from a world that was prepared.
fn side(book: &mut Book, world: &World, requests: usize) -> Side {
    let rows = world.seen.rows.lock().expect("one thread");
    let number = |(key, (row, expires_at)): (&_, &(countersign::Row, _))| {
        let written = Written { version: row.version, bytes: row.bytes.clone(), expires_at: *expires_at };
        (*key, book.row(written))
    };
    let rows = rows.iter().map(number).collect();
    let directory = book.keep(world.seen.accounts.lock().expect("one thread").clone());
    Side { rows, directory, born: 0, now: world.now(), slots: vec![Slot::WAITING; requests] }
}

impl Model for Explored {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![self.start.clone()]
    }

    #[allow(clippy::collapsible_match, reason = "whether it can be sent is no part of the phase")]
    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.broken.is_some() {
            return;
        }
        let (side, scene, mut inner) = (&state.sides[0], &*self.scene, self.inner());
        for (number, slot) in (0_u8..).zip(&side.slots) {
            let request = usize::from(number);
            match slot.phase {
                Phase::Waiting => {
                    if self.place(&mut inner, side, (0, request), &scene.asks[request].make).is_some() {
                        actions.push(Action::Begin(number));
                    }
                }
                Phase::UnderWay => {
                    actions.push(Action::Stage(number));
                    if state.crashes < scene.crashes {
                        actions.push(Action::Crash(number));
                    }
                    if state.faults < scene.faults {
                        match &*inner.book.need(slot.at) {
                            Need::Done(told) if told.mail.is_empty() => {}
                            Need::Done(_) => actions.push(Action::Mute(number)),
                            Need::Find(_) | Need::Load(_) => actions.push(Action::Fail(number)),
                            _ => actions.extend([Action::Fail(number), Action::Lose(number)]),
                        }
                    }
                }
                _ => {}
            }
        }
        if state.ticks < scene.clocks.most {
            let steps = u8::try_from(scene.clocks.steps.len()).expect("a few");
            actions.extend((0..steps).map(Action::Tick));
        }
        if scene.sweeps {
            actions.push(Action::Sweep);
        }
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut inner = self.inner();
        let mut state = before.clone();
        let mut seen = Vec::new();
        for (at, side) in state.sides.iter_mut().enumerate() {
            seen.push(self.happens(&mut inner, side, at, action));
        }
        seen.first()?.as_ref()?;
        match action {
            Action::Tick(_) => state.ticks += 1,
            Action::Crash(_) => state.crashes += 1,
            Action::Fail(_) | Action::Lose(_) | Action::Mute(_) => state.faults += 1,
            _ => {}
        }
        if seen.iter().any(|other| *other != seen[0]) {
            let how = format!("with an account: {:?}; without: {:?}", seen[0], seen[1]);
            state.broken = Some(Broken { law: 8, how });
        } else {
            state.broken = Judge { explored: self, before, action }.judge(&mut inner, &state);
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let property = |expectation, name, condition| Property { expectation, name, condition };
        let laws = LAWS.iter().zip(HOLD).map(|(name, holds)| property(Expectation::Always, name, holds));
        let hoped = self.scene.asks.iter().zip(CAN).filter(|(ask, _)| !ask.hopeless);
        let hoped = hoped.map(|(_, (name, can))| property(Expectation::Sometimes, name, can));
        laws.chain(hoped).collect()
    }
}
