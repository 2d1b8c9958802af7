//! A request under way, whatever it asks for: what it needs next, and what it does with the answer.

use countersign::host::{HashError, PasswordHasher};
use countersign::record::{RecordKey, Version};
use countersign::*;

use super::told::{Tell, Told};
use crate::common::hash_for_tests;

/// What the machine asks of its host, in plain values.
#[derive(Clone, Debug)]
pub(super) enum Need {
    Find(Identifier),
    Load(Vec<RecordKey>),
    Commit { key: RecordKey, expected: Option<Version>, write: Option<Written> },
    Create(NewAccount),
    Rename(Renaming),
    Release(AccountId),
    Done(Told),
}

/// A row as a commit writes it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Written {
    pub(super) version: Version,
    pub(super) bytes: Vec<u8>,
    pub(super) expires_at: Option<Timestamp>,
}

impl Need {
    /// The host call it is, as somebody sees it who watches the host.
    pub(super) fn call(&self) -> String {
        match self {
            Self::Find(_) => "find".into(),
            Self::Load(keys) => format!("load {:?}", keys.iter().map(RecordKey::kind).collect::<Vec<_>>()),
            Self::Commit { key, expected, write } => {
                let write = write.as_ref().map(|row| (row.bytes.len(), row.expires_at));
                format!("commit {:?} over {} of {write:?}", key.kind(), expected.is_some())
            }
            Self::Create(_) => "create".into(),
            Self::Rename(_) => "rename".into(),
            Self::Release(_) => "release".into(),
            Self::Done(told) => told.seen(),
        }
    }
}

/// What the host answers.
pub(super) enum Answer {
    Entry(Option<DirectoryEntry>),
    Rows(Vec<Option<Row>>),
    Committed(Committed),
    /// The commit failed, or its answer was lost.
    Unsure,
    Created(Created),
    Released,
}

/// A request under way. Passwords are hashed at once: that concerns nobody else.
pub(super) trait Run: Send {
    fn need(&self) -> Need;
    /// How many passwords were hashed so far.
    fn hashes(&self) -> u32;
    /// Whether it is about to write, and must not, by the host's clock.
    fn is_held_up(&self, now: Timestamp) -> bool;
    fn answer(self: Box<Self>, answer: Answer, hasher: &Plain) -> Result<Box<dyn Run>, String>;
}

struct Under<O> {
    step: Option<Step<O>>,
    told: Option<Told>,
    /// When it came.
    began: Timestamp,
    hashes: u32,
}

impl<O: Tell + Send + Sync + 'static> Under<O> {
    fn at(
        mut step: Step<O>,
        (began, mut hashes): (Timestamp, u32),
        hasher: &Plain,
    ) -> Result<Box<dyn Run>, String> {
        while let Step::Prove(prove) = step {
            hashes += 1;
            let hashed = prove.work().run(hasher).map_err(|error| error.to_string())?;
            step = prove.resume(hashed).map_err(|error| error.to_string())?;
        }
        Ok(Box::new(match step {
            Step::Done(done) => Self { step: None, told: Some(Told::of(done)), began, hashes },
            step => Self { step: Some(step), told: None, began, hashes },
        }))
    }
}

/// Begins a request.
pub(super) fn begin<R: Request>(
    machine: &Machine,
    request: R,
    context: Context,
    hasher: &Plain,
) -> Box<dyn Run>
where
    R::Output: Tell,
{
    let began = context.now;
    Under::at(machine.begin(request, context), (began, 0), hasher).expect("a request begins")
}

impl<O: Tell + Send + Sync + 'static> Run for Under<O> {
    fn need(&self) -> Need {
        match &self.step {
            Some(Step::Find(find)) => Need::Find(find.identifier().clone()),
            Some(Step::Load(load)) => Need::Load(load.keys().to_vec()),
            Some(Step::Commit(commit)) => {
                let write = match commit.write(self.began).expect("in time") {
                    Write::Delete => None,
                    Write::Put { version, bytes, expires_at } => {
                        Some(Written { version, bytes: bytes.to_vec(), expires_at })
                    }
                };
                Need::Commit { key: *commit.key(), expected: commit.expected(), write }
            }
            Some(Step::Create(create)) => Need::Create(create.account().clone()),
            Some(Step::Rename(rename)) => Need::Rename(rename.renaming().clone()),
            Some(Step::Release(release)) => Need::Release(release.account().clone()),
            Some(Step::Prove(_) | Step::Done(_)) => unreachable!("gone past at once"),
            None => Need::Done(self.told.clone().expect("the end")),
        }
    }

    fn hashes(&self) -> u32 {
        self.hashes
    }

    fn is_held_up(&self, now: Timestamp) -> bool {
        matches!(&self.step, Some(Step::Commit(commit)) if commit.write(now).is_err())
    }

    fn answer(mut self: Box<Self>, answer: Answer, hasher: &Plain) -> Result<Box<dyn Run>, String> {
        let wrong = |error: MachineError| error.to_string();
        let step = match (self.step.take().expect("not at its end"), answer) {
            (Step::Find(find), Answer::Entry(entry)) => find.resume(entry),
            (Step::Load(load), Answer::Rows(rows)) => load.resume(rows).map_err(wrong)?,
            (Step::Commit(commit), Answer::Committed(answer)) => commit.resume(answer).map_err(wrong)?,
            (Step::Commit(commit), Answer::Unsure) => commit.unsure(),
            (Step::Create(create), Answer::Created(created)) => create.resume(created),
            (Step::Rename(rename), Answer::Created(renamed)) => rename.resume(renamed),
            (Step::Release(release), Answer::Released) => release.resume(),
            _ => unreachable!("an answer to another question"),
        };
        Self::at(step, (self.began, self.hashes), hasher)
    }
}

/// Not a password hash: a stand-in that costs nothing, the same that the tests of the library use.
pub(super) struct Plain {
    /// Takes any password: a hasher that is broken on purpose.
    pub(super) any: bool,
}

impl PasswordHasher for Plain {
    fn hash(&self, password: &Password, salt: &Salt) -> Result<PasswordHash, HashError> {
        Ok(hash_for_tests("test", password, salt.as_bytes()))
    }

    fn verify(&self, password: &Password, hash: &PasswordHash) -> Result<bool, HashError> {
        let text = hash.expose();
        let mut parts = text.split('$').skip(1);
        let (Some(scheme), Some(salt)) = (parts.next(), parts.next()) else { return Ok(false) };
        let byte = |at: usize| u8::from_str_radix(&salt[at..at + 2], 16).expect("hexadecimal");
        let salt: Vec<u8> = (0..salt.len()).step_by(2).map(byte).collect();
        Ok(self.any || hash.matches(&hash_for_tests(scheme, password, &salt)))
    }

    fn rehash_due(&self, hash: &PasswordHash) -> bool {
        !hash.expose().starts_with("$test$")
    }
}
