//! The laws, as what no step may do.

use countersign::record::RecordKind;

use super::explore::{Explored, Inner};
use super::host::alone;
use super::run::Need;
use super::scene::Ask;
use super::state::{Action, Broken, Side, Slot, State};
use super::told::{ENDED, NOT_THE_CODE, NOT_THE_FACTOR, NOT_THE_PASSWORD, Told};

/// The laws that are looked at, as `docs/laws.md` counts them.
pub(super) const LAWS: [&str; 10] = [
    "law 1: counted before told",
    "law 2: budget",
    "law 3: spent once",
    "law 4: no skipping",
    "law 5: bound",
    "law 6: two deadlines",
    "law 8: indistinguishable",
    "law 9: locks are local",
    "law 10: fail closed",
    "law 12: one record at a time",
];

pub(super) type Condition = fn(&Explored, &State) -> bool;

fn holds<const LAW: u8>(_: &Explored, state: &State) -> bool {
    state.broken.as_ref().is_none_or(|broken| broken.law != LAW)
}

/// Whether each of [`LAWS`] holds.
pub(super) const HOLD: [Condition; 10] = [
    holds::<1>,
    holds::<2>,
    holds::<3>,
    holds::<4>,
    holds::<5>,
    holds::<6>,
    holds::<8>,
    holds::<9>,
    holds::<10>,
    holds::<12>,
];

fn granted<const AT: usize>(explored: &Explored, state: &State) -> bool {
    let slot = state.sides[0].slots[AT];
    slot.is_told() && explored.inner().book.told(slot.at).granted
}

/// That the requests can be granted, so that what is explored is not empty.
pub(super) const CAN: [(&str, Condition); 8] = [
    ("the first can be granted", granted::<0>),
    ("the second can be granted", granted::<1>),
    ("the third can be granted", granted::<2>),
    ("the fourth can be granted", granted::<3>),
    ("the fifth can be granted", granted::<4>),
    ("the sixth can be granted", granted::<5>),
    ("the seventh can be granted", granted::<6>),
    ("the eighth can be granted", granted::<7>),
];

/// A step that was taken.
pub(super) struct Judge<'a> {
    pub(super) explored: &'a Explored,
    pub(super) before: &'a State,
    pub(super) action: Action,
}

impl Judge<'_> {
    /// The law that the step broke.
    pub(super) fn judge(&self, inner: &mut Inner, after: &State) -> Option<Broken> {
        let sides = self.before.sides.iter().zip(&after.sides);
        for (at, (before, now)) in sides.enumerate() {
            let broken = self.side(inner, at, before, (now, after));
            let broken = broken.map(|(law, how)| Broken { law, how });
            if broken.is_some() {
                return broken;
            }
        }
        None
    }

    const fn request(&self) -> Option<usize> {
        match self.action {
            Action::Begin(at)
            | Action::Stage(at)
            | Action::Fail(at)
            | Action::Lose(at)
            | Action::Mute(at)
            | Action::Crash(at) => Some(at as usize),
            Action::Tick(_) | Action::Sweep => None,
        }
    }

    fn side(
        &self,
        inner: &mut Inner,
        at: usize,
        before: &Side,
        (now, state): (&Side, &State),
    ) -> Option<(u8, String)> {
        let written = before.rows != now.rows;
        let request = self.request();
        let told = request.filter(|request| now.slots[*request].is_told());
        let ask = request.map(|request| &self.explored.scene.asks[request]);
        if let Some(ask) = ask.filter(|ask| ask.stranger)
            && accounts(before) != accounts(now)
        {
            return Some((9, format!("a turn of a stranger wrote the account's record: {}", ask.what)));
        }
        if let Some(ask) = ask.filter(|ask| self.strays(at, ask, (before, now))) {
            return Some((9, format!("it wrote the record of another's account: {}", ask.what)));
        }
        let found = told.and_then(|request| self.told(inner, (at, now), request));
        let found = found.or_else(|| {
            let guesses = written || told.is_some();
            if guesses { self.guesses(inner, at, (before, now), state, ask) } else { None }
        });
        found.or_else(|| self.ways(inner, at, now))
    }

    /// Whether the account that something was granted for is that of whoever asked.
    fn is_own(&self, at: usize, ask: &Ask, told: &Told) -> bool {
        let (Some(whose), Some(account)) = (ask.of, &told.account) else { return true };
        let people = &self.explored.homes[at].people;
        match people.get(whose) {
            Some(person) => person.account.as_str() == account,
            // Whoever is new has an account that none of them had.
            None => people.iter().all(|person| person.account.as_str() != account),
        }
    }

    /// Whether a request of one of those at home wrote the record of another's account.
    fn strays(&self, at: usize, ask: &Ask, (before, now): (&Side, &Side)) -> bool {
        let records = self.explored.homes[at].records.iter().enumerate();
        let mut others = records.filter(|(whose, _)| ask.of.is_some_and(|of| of != *whose));
        others.any(|(_, record)| before.row(record) != now.row(record))
    }

    /// What may not be told.
    fn told(&self, inner: &Inner, (at, side): (usize, &Side), request: usize) -> Option<(u8, String)> {
        let scene = &self.explored.scene;
        let (ask, slot) = (&scene.asks[request], side.slots[request]);
        let told = inner.book.told(slot.at);
        if matches!(self.action, Action::Crash(_)) {
            return Some((12, format!("it was cut off, and told: {}", ask.what)));
        }
        if slot.unmade {
            return Some((10, format!("a commit had failed, and something was told: {}", ask.what)));
        }
        if told.compared > usize::from(slot.wrote) {
            let (compared, wrote) = (told.compared, slot.wrote);
            return Some((1, format!("{compared} comparisons told, {wrote} commits: {}", ask.what)));
        }
        if told.granted && slot.wrote < ask.commits {
            let (commits, wrote) = (ask.commits, slot.wrote);
            return Some((1, format!("granted after {wrote} commits, not {commits}: {}", ask.what)));
        }
        if !told.granted {
            return None;
        }
        if !self.is_own(at, ask, &told) {
            return Some((5, format!("granted for another's account: {}", ask.what)));
        }
        let others = || side.slots.iter().zip(&scene.asks).enumerate().filter(|(other, _)| *other != request);
        let granted = |slot: &Slot| slot.is_told() && inner.book.told(slot.at).granted;
        if let Some(what) = ask.once
            && let Some((_, (_, other))) =
                others().find(|(_, (slot, other))| other.once == Some(what) && granted(slot))
        {
            return Some((3, format!("{what}, spent twice: {}; and {}", other.what, ask.what)));
        }
        if told.signed_in && !(scene.enough)(shown(&scene.asks, ask)) {
            return Some((4, format!("signed in without all that is asked for: {}", ask.what)));
        }
        if ask.never {
            return Some((5, format!("granted by what is good for something else: {}", ask.what)));
        }
        if slot.after != 0 && (told.signed_in || !ask.by_device) {
            return Some((
                5,
                format!("granted by what was made for the account as it was before: {}", ask.what),
            ));
        }
        if slot.late {
            return Some((6, format!("granted by what had ended: {}", ask.what)));
        }
        let ends = |told: &Told| told.fact("session_ends", false).map(str::to_owned);
        let moved = others().find(|(_, (slot, other))| {
            let same = ask.session.is_some() && other.session == ask.session && granted(slot);
            same && ends(&inner.book.told(slot.at)) != ends(&told)
        });
        moved.map(|_| (6, format!("the end of a session moved: {}", ask.what)))
    }

    /// No request gives guesses back, and those that were answered with those that are left are never more than there may be.
    fn guesses(
        &self,
        inner: &mut Inner,
        at: usize,
        (before, now): (&Side, &Side),
        state: &State,
        ask: Option<&Ask>,
    ) -> Option<(u8, String)> {
        let law = match (state.crashes, state.faults) {
            (0, 0) => 2,
            (0, _) => 10,
            _ => 12,
        };
        for (number, gauge) in self.explored.scene.gauges.iter().enumerate() {
            let left = self.left(inner, at, now, number);
            let rebinds = ask.is_some_and(|ask| ask.rebinds);
            if let (false, Some(left)) = (rebinds, left) {
                let had = self.left(inner, at, before, number);
                if let Some(had) = had.filter(|had| *had < left) {
                    // A commit that gives back is at fault by itself, whatever became of other requests.
                    let law = if matches!(self.action, Action::Fail(_) | Action::Lose(_)) { 10 } else { 2 };
                    return Some((law, format!("{}: {had} were left, then {left}", gauge.what)));
                }
            }
            let asks = self.explored.scene.asks.iter();
            let wrong = |slot: &Slot| slot.is_told() && inner.book.told(slot.at).no == gauge.no;
            let counted = now.slots.iter().zip(asks).filter(|(_, ask)| ask.counts == Some(number));
            let answered = u32::try_from(counted.filter(|(slot, _)| wrong(slot)).count()).unwrap_or(u32::MAX);
            let left = left.unwrap_or(0);
            if answered + left > gauge.most {
                let most = gauge.most;
                return Some((
                    law,
                    format!("{}: {answered} answered, {left} left, at most {most}", gauge.what),
                ));
            }
        }
        None
    }

    /// How many guesses would still be answered. `None` where there is nothing to guess at.
    fn left(&self, inner: &mut Inner, at: usize, side: &Side, number: usize) -> Option<u32> {
        let gauge = &self.explored.scene.gauges[number];
        let begun = self.explored.place(inner, side, (at, 100 + number), &gauge.wrong)?;
        let key = (at, number, begun, Side { slots: Vec::new(), ..side.clone() });
        if let Some(left) = inner.gauged.get(&key) {
            return *left;
        }
        let left = alone(&mut inner.book, side, begun).and_then(|need| match &*need {
            Need::Done(told) => match told.no {
                NOT_THE_CODE | NOT_THE_FACTOR => Some(1 + told.attempts_left.unwrap_or(0)),
                ENDED => told.attempts_left,
                NOT_THE_PASSWORD => Some(1 + told.remaining.unwrap_or(0)),
                _ => Some(0),
            },
            _ => None,
        });
        inner.gauged.insert(key, left);
        left
    }

    /// What must be possible whenever nothing is under way.
    fn ways(&self, inner: &mut Inner, at: usize, side: &Side) -> Option<(u8, String)> {
        if !side.rests() {
            return None;
        }
        for (number, way) in self.explored.scene.ways.iter().enumerate() {
            let open = way.tries.iter().enumerate().any(|(try_, ask)| {
                let number = 150 + 10 * number + try_;
                let Some(begun) = self.explored.place(inner, side, (at, number), &ask.make) else {
                    return false;
                };
                let key = (at, number, begun, Side { slots: Vec::new(), ..side.clone() });
                if let Some(open) = inner.open.get(&key) {
                    return *open;
                }
                let need = alone(&mut inner.book, side, begun);
                let open = matches!(need.as_deref(), Some(Need::Done(told)) if told.granted && self.is_own(at, ask, told));
                inner.open.insert(key, open);
                open
            });
            if !open {
                return Some((way.law, format!("it is not possible any more: {}", way.what)));
            }
        }
        None
    }
}

fn accounts(side: &Side) -> Vec<u32> {
    let of_accounts = side.rows.iter().filter(|(key, _)| key.kind() == Some(RecordKind::Account));
    of_accounts.map(|(_, row)| *row).collect()
}

/// All that was proven up to a request.
fn shown(asks: &[Ask], ask: &Ask) -> u8 {
    ask.shows | ask.follows.map_or(0, |before| shown(asks, &asks[before]))
}
