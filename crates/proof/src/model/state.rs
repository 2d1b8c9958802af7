//! Where everything stands, in numbers that the [`Book`](super::book::Book) knows.

use countersign::Timestamp;
use countersign::record::RecordKey;

/// One moment: one host, or two beside each other to which the same happens.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct State {
    pub(super) sides: Vec<Side>,
    pub(super) ticks: u8,
    pub(super) crashes: u8,
    pub(super) faults: u8,
    /// The law that was broken on the way here, and how.
    pub(super) broken: Option<Broken>,
}

/// A law that was broken.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Broken {
    pub(super) law: u8,
    pub(super) how: String,
}

/// A host, and the requests it answers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Side {
    /// The store.
    pub(super) rows: Vec<(RecordKey, u32)>,
    pub(super) directory: u32,
    /// How many accounts the directory has made: an id is never used again.
    pub(super) born: u8,
    pub(super) now: Timestamp,
    pub(super) slots: Vec<Slot>,
}

/// A request of the scene.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Slot {
    pub(super) phase: Phase,
    /// Its place, while it is under way; its end, once it was told.
    pub(super) at: u32,
    /// How many rows the store has from it.
    pub(super) wrote: u8,
    /// A commit of its failed and had no effect.
    pub(super) unmade: bool,
    /// The requests that were granted before it began, of those that make it worthless.
    pub(super) after: u16,
    /// It began when what it shows had ended.
    pub(super) late: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Phase {
    Waiting,
    UnderWay,
    Told,
    /// Told, and the mailer failed.
    ToldUnmailed,
    /// The host failed, or was cut off: nobody was told anything.
    Gone,
}

impl Slot {
    pub(super) const WAITING: Self =
        Self { phase: Phase::Waiting, at: 0, wrote: 0, unmade: false, after: 0, late: false };

    /// Cut off. What it was does not matter any more.
    pub(super) const GONE: Self = Self { phase: Phase::Gone, ..Self::WAITING };

    pub(super) const fn is_told(&self) -> bool {
        matches!(self.phase, Phase::Told | Phase::ToldUnmailed)
    }
}

impl Side {
    pub(super) fn row(&self, key: &RecordKey) -> Option<u32> {
        self.rows.iter().find(|(there, _)| there == key).map(|(_, row)| *row)
    }

    pub(super) fn put(&mut self, key: RecordKey, row: Option<u32>) {
        let at = self.rows.binary_search_by(|(there, _)| there.cmp(&key));
        match (at, row) {
            (Ok(at), Some(row)) => self.rows[at].1 = row,
            (Ok(at), None) => drop(self.rows.remove(at)),
            (Err(at), Some(row)) => self.rows.insert(at, (key, row)),
            (Err(_), None) => {}
        }
    }

    /// Whether nothing is under way.
    pub(super) fn rests(&self) -> bool {
        self.slots.iter().all(|slot| slot.phase != Phase::UnderWay)
    }
}

/// What can happen next. The number is the request's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Action {
    /// It is sent: the clock is read, its randomness drawn.
    Begin(u8),
    /// Its next stage.
    Stage(u8),
    /// The call of its next stage fails, without effect.
    Fail(u8),
    /// The call of its next stage takes effect, and its answer is lost.
    Lose(u8),
    /// Its end is told, and the mailer fails.
    Mute(u8),
    /// The host that carries it out dies.
    Crash(u8),
    /// The clock goes on, or back.
    Tick(u8),
    /// Expired rows are removed.
    Sweep,
}
