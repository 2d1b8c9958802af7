//! What the machine does with any turn.
#![cfg(feature = "std")]

use super::*;
use crate::host::{MemoryStore, Store};
use crate::{AccountId, Settings, Verdict};

/// A turn that deletes its row, or writes it.
struct Once {
    key: RecordKey,
    delete: bool,
}

impl Turn<()> for Once {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.key]
    }
    fn decide(&self, _: &mut Cx<'_>, _: &Rows<'_>, _: Option<&Hashed>) -> Result<Decision<()>, MachineError> {
        let put = Change::Put { bytes: alloc::vec![1], expires_at: None };
        let change = if self.delete { Change::Delete } else { put };
        Ok(Decision::new(change, Next::Done(Verdict::Granted(()))))
    }
}

struct Asked(Once);

impl sealed::Begin for Asked {
    type Output = ();
    fn begin(self, _: &Machine) -> sealed::First<()> {
        sealed::First(Next::Turn(Box::new(self.0)))
    }
}
impl Request for Asked {}

/// How many commits it takes.
fn run(store: &MemoryStore, delete: bool) -> usize {
    let key = |byte: u8| (byte..).take(32).collect::<Vec<u8>>();
    let (locator, ring) = (LocatorKey::new(&key(1)).unwrap(), KeyRing::new(&key(2), &[]).unwrap());
    let row = locator.account(&AccountId::new("jo").unwrap());
    let machine = Machine::new(Settings::recommended().build().unwrap(), locator, ring);
    let now = Timestamp::UNIX_EPOCH;
    let context = Context { now, entropy: Entropy::from_seed([7; 32]) };
    let mut step = machine.begin(Asked(Once { key: row, delete }), context);
    let mut commits = 0;
    loop {
        step = match step {
            Step::Load(load) => {
                let rows = store.load(load.keys()).unwrap();
                load.resume(rows).unwrap()
            }
            Step::Commit(commit) => {
                commits += 1;
                let answer = store.commit(commit.key(), commit.expected(), commit.write(now).unwrap());
                commit.resume(answer.unwrap()).unwrap()
            }
            Step::Done(_) => return commits,
            other => panic!("{other:?}"),
        };
    }
}

/// A row is deleted by a commit like any other; where there is none, there is nothing to commit.
#[test]
fn a_row_is_deleted_where_there_is_one() {
    let store = MemoryStore::new();
    assert_eq!(run(&store, true), 0);
    assert_eq!(run(&store, false), 1);
    assert_eq!(run(&store, true), 1);
    assert_eq!(run(&store, true), 0, "it was not deleted");
}

/// A host that keeps records in its own user table writes this key there.
#[test]
fn the_row_of_an_account_is_what_requests_about_it_ask_for() {
    let key = |byte: u8| (byte..).take(32).collect::<Vec<u8>>();
    let (locator, ring) = (LocatorKey::new(&key(1)).unwrap(), KeyRing::new(&key(2), &[]).unwrap());
    let machine = Machine::new(Settings::recommended().build().unwrap(), locator, ring);
    let account = AccountId::new("jo").unwrap();
    let context = Context { now: Timestamp::UNIX_EPOCH, entropy: Entropy::from_seed([0; 32]) };
    let request = crate::SetSuspended { account: account.clone(), suspended: false };
    let Step::Load(load) = machine.begin(request, context) else { panic!("not a load") };
    assert_eq!(load.keys(), [machine.row_of(&account)]);
}
