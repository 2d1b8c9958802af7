//! The host of a side: a store that compares and swaps, a directory, and what a stage does with them.

use std::sync::Arc;

use countersign::record::{RecordKey, Version};
use countersign::*;

use super::bend::Bend;
use super::book::{Book, Given};
use super::run::{Need, Written};
use super::state::Side;

/// What came of a host call.
pub(super) struct Called {
    pub(super) given: Given,
    /// Whether a row was written.
    pub(super) wrote: bool,
}

/// Carries out what a stage needs.
pub(super) fn call(
    book: &mut Book,
    side: &mut Side,
    need: &Need,
    bend: &Bend,
    by: usize,
) -> Result<Called, String> {
    let only = |given| Ok(Called { given, wrote: false });
    match need {
        Need::Find(_) => only(Given::Directory(side.directory)),
        Need::Load(keys) => {
            let read = |key: &RecordKey| bend.replica(by, key).unwrap_or_else(|| side.row(key));
            only(Given::Rows(keys.iter().map(read).collect()))
        }
        Need::Commit { key, expected, write } => {
            Ok(commit(book, side, (key, *expected, write.as_ref()), bend, by))
        }
        Need::Create(account) => only(create(book, side, account)),
        Need::Rename(renaming) => rename(book, side, renaming).map(|given| Called { given, wrote: false }),
        Need::Release(account) => {
            let mut directory = book.directory(side.directory).clone();
            directory.retain(|_, entry| entry.account != *account);
            side.directory = book.keep(directory);
            only(Given::Released)
        }
        Need::Done(_) => unreachable!("an end needs nothing"),
    }
}

fn commit(
    book: &mut Book,
    side: &mut Side,
    (key, expected, write): (&RecordKey, Option<Version>, Option<&Written>),
    bend: &Bend,
    by: usize,
) -> Called {
    let there = side.row(key).map(|row| book.version(row));
    if there != expected && !bend.is_blind(by) {
        return Called { given: Given::Stale, wrote: false };
    }
    if bend.forgets(by, key) {
        return Called { given: Given::Applied, wrote: true };
    }
    let row = write.map(|row| book.row(row.clone()));
    side.put(*key, row);
    if bend.writes_account(by) {
        touch(book, side);
    }
    Called { given: Given::Applied, wrote: true }
}

/// Writes the account's row anew, as it is.
fn touch(book: &mut Book, side: &mut Side) {
    let account = side.rows.iter().copied().find(|(key, _)| key.kind() == Some(record::RecordKind::Account));
    if let Some((key, row)) = account {
        let row = Written { version: Version::from_bytes([0xee; 16]), ..Written::clone(book.written(row)) };
        let row = book.row(row);
        side.put(key, Some(row));
    }
}

fn create(book: &mut Book, side: &mut Side, account: &NewAccount) -> Given {
    let mut directory = book.directory(side.directory).clone();
    match directory.get(account.identifier.as_str()) {
        Some(entry) if entry.legacy.is_some() => Given::Taken,
        Some(entry) => Given::Account(entry.account.as_str().to_owned()),
        None => {
            let id = format!("new-{}", side.born);
            side.born += 1;
            let entry = DirectoryEntry {
                identifier: account.identifier.as_str().to_owned(),
                account: AccountId::new(&id).expect("an id"),
                address: account.identifier.address().clone(),
                legacy: None,
                address_proven: true,
            };
            directory.insert(account.identifier.as_str().to_owned(), entry);
            side.directory = book.keep(directory);
            Given::Account(id)
        }
    }
}

fn rename(
    book: &mut Book,
    side: &mut Side,
    Renaming { account, from, to }: &Renaming,
) -> Result<Given, String> {
    let mut directory = book.directory(side.directory).clone();
    match directory.get(to.as_str()) {
        Some(entry) if entry.account != *account => return Ok(Given::Taken),
        Some(_) => {}
        None => {
            let Some(entry) = directory.remove(from.as_str()) else { return Ok(Given::Taken) };
            let (identifier, address) = (to.as_str().to_owned(), to.address().clone());
            directory.insert(identifier.clone(), DirectoryEntry { identifier, address, ..entry });
            side.directory = book.keep(directory);
        }
    }
    Ok(Given::Account(account.as_str().to_owned()))
}

/// Carries a request out alone, to its end; what it did is forgotten. `None` if it came to none.
pub(super) fn alone(book: &mut Book, side: &Side, begun: u32) -> Option<Arc<Need>> {
    let (mut side, mut place) = (side.clone(), begun);
    loop {
        let need = book.need(place);
        if matches!(*need, Need::Done(_)) {
            return Some(need);
        }
        let Called { given, .. } = call(book, &mut side, &need, &Bend::None, usize::MAX).ok()?;
        place = book.go(place, &given).ok()?;
    }
}
