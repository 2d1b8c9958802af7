//! A store whose rows come with secrets in them.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use countersign::host::{Store, StoreError};
use countersign::record::{RecordKey, RecordKind, Version};
use countersign::*;

use crate::common::World;
use crate::marks::{declassify, secret};

/// Where in the rows of a kind there are secrets.
pub type Places = Vec<(RecordKind, Range<usize>)>;

/// What somebody who reads the answers cannot see: the store itself. It marks the places in what it loads; what it is given, row
/// keys and rows to write, is public to it.
pub struct Marking {
    pub store: Arc<dyn Store>,
    pub places: Arc<Mutex<Places>>,
}

impl Store for Marking {
    fn load(&self, keys: &[RecordKey]) -> Result<Vec<Option<Row>>, StoreError> {
        declassify(keys);
        let rows = self.store.load(keys)?;
        for (key, row) in keys.iter().zip(&rows) {
            let Some(row) = row else { continue };
            for (kind, range) in &*self.places.lock().unwrap() {
                if key.kind() == Some(*kind) {
                    secret(&row.bytes[range.clone()]);
                }
            }
        }
        Ok(rows)
    }

    fn commit(
        &self,
        key: &RecordKey,
        expected: Option<Version>,
        write: Write<'_>,
    ) -> Result<Committed, StoreError> {
        declassify(key);
        if let Write::Put { version, bytes, expires_at } = &write {
            declassify(version);
            declassify(*bytes);
            declassify(expires_at);
        }
        self.store.commit(key, expected, write)
    }
}

/// Puts the store into the world; nothing is marked until something is pushed.
pub fn marked(world: &mut World) -> Arc<Mutex<Places>> {
    let places = Arc::new(Mutex::new(Places::new()));
    world.sentry.store = Arc::new(Marking { store: world.sentry.store.clone(), places: places.clone() });
    places
}

/// What an answer amounts to, short.
fn in_short<T>(answer: Result<Outcome<T>, host::Error>) -> String {
    match answer {
        Ok(outcome) => match outcome.verdict {
            Verdict::Granted(_) => "granted".to_owned(),
            Verdict::Refused(refusal) => {
                let text = format!("{refusal:?}");
                text.split(['(', ' ', '{']).next().unwrap_or_default().to_owned()
            }
        },
        Err(error) => format!("{error:?}"),
    }
}

/// The runs of bytes in the row of a kind with which, when they are changed, the request is answered so.
pub fn runs<R: Request + Clone>(
    world: &World,
    kind: RecordKind,
    request: &R,
    answered: &str,
) -> Vec<Range<usize>> {
    let (key, length) = {
        let rows = world.seen.rows.lock().unwrap();
        let mut of_kind = rows.iter().filter(|(key, _)| key.kind() == Some(kind));
        let (key, (row, _)) = of_kind.next().expect("a row");
        assert!(of_kind.next().is_none(), "one row of a kind");
        (*key, row.bytes.len())
    };
    let mut runs: Vec<Range<usize>> = Vec::new();
    for at in 0..length {
        let answer = world.trying(|| {
            world.seen.rows.lock().unwrap().get_mut(&key).unwrap().0.bytes[at] ^= 0x15;
            in_short(world.run(request.clone()))
        });
        if answer.contains(answered) {
            match runs.last_mut() {
                Some(last) if last.end == at => last.end += 1,
                _ => runs.push(at..at + 1),
            }
        }
    }
    runs
}
