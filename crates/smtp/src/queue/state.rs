//! What waits, and what is under way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::Rendered;

/// A message and how often it was tried.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) message: Arc<Rendered>,
    pub(super) tries: u32,
}

/// The queue, behind one lock, which nobody holds for long.
#[derive(Debug)]
pub(super) struct State {
    /// By when they are due, then by when they came.
    waiting: BTreeMap<(Instant, u64), Item>,
    under_way: BTreeMap<u64, Item>,
    bytes: usize,
    next: u64,
    pub(super) open: bool,
}

impl State {
    pub(super) const fn new() -> Self {
        Self { waiting: BTreeMap::new(), under_way: BTreeMap::new(), bytes: 0, next: 0, open: true }
    }

    pub(super) fn count(&self) -> usize {
        self.waiting.len().saturating_add(self.under_way.len())
    }

    /// How many bytes there are with so many more.
    pub(super) const fn bytes_with(&self, more: usize) -> usize {
        self.bytes.saturating_add(more)
    }

    /// Takes a message in, due now.
    pub(super) fn push(&mut self, message: Arc<Rendered>) {
        self.bytes = self.bytes.saturating_add(message.size());
        self.next = self.next.saturating_add(1);
        self.waiting.insert((Instant::now(), self.next), Item { message, tries: 0 });
    }

    /// When something is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.waiting.keys().next().map(|(due, _)| *due)
    }

    /// The first that is due, which is under way from now on.
    pub(super) fn start(&mut self) -> Option<(u64, Arc<Rendered>)> {
        let entry = self.waiting.first_entry().filter(|entry| entry.key().0 <= Instant::now())?;
        let ((_, number), mut item) = entry.remove_entry();
        item.tries = item.tries.saturating_add(1);
        let message = Arc::clone(&item.message);
        self.under_way.insert(number, item);
        Some((number, message))
    }

    /// One whose try is over.
    pub(super) fn stop(&mut self, number: u64) -> Option<Item> {
        let item = self.under_way.remove(&number)?;
        self.bytes = self.bytes.saturating_sub(item.message.size());
        Some(item)
    }

    /// Puts one back, due later.
    pub(super) fn put_back(&mut self, number: u64, item: Item, wait: Duration) {
        self.bytes = self.bytes.saturating_add(item.message.size());
        let now = Instant::now();
        self.waiting.insert((now.checked_add(wait).unwrap_or(now), number), item);
    }

    /// Whether anything may still be delivered before then.
    pub(super) fn is_pressing(&self, before: Instant) -> bool {
        !self.under_way.is_empty() || self.due().is_some_and(|due| due < before)
    }

    /// Everything that is there, in the order in which it came.
    pub(super) fn take_all(&mut self) -> Vec<Item> {
        let waiting = std::mem::take(&mut self.waiting).into_iter().map(|((_, number), item)| (number, item));
        let all: BTreeMap<_, _> = std::mem::take(&mut self.under_way).into_iter().chain(waiting).collect();
        self.bytes = 0;
        all.into_values().collect()
    }
}
