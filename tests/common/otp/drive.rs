//! One operation driven by hand, stage by stage, over a world's host: anything may happen between two stages.
#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, missing_docs, unreachable_pub, reason = "tests")]

use std::sync::Arc;

use countersign::host::{Directory, EntropySource, Mailer, Store};
use countersign::record::{RecordKey, RecordKind};
use countersign::*;

use crate::common::{Part, World};

/// A stage that is about to be carried out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    Find,
    /// Of so many rows.
    Load(usize),
    Prove,
    Commit(RecordKind),
    Create,
    /// Give an account another identifier.
    Rename,
    /// Free the identifiers of an account.
    Release,
    /// Everything is decided and committed; mail is about to go out and the answer to be told.
    Done,
}

/// What becomes of a stage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    Go,
    /// The call fails and has no effect.
    Fail,
    /// The call takes effect, and its answer is lost.
    Lose,
    /// The host dies before the call.
    Crash,
}

/// A row as it was written: what somebody who watches the store sees.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    pub key: RecordKey,
    /// The length and the expiry, or `None` for a deletion.
    pub put: Option<(usize, Option<Timestamp>)>,
}

/// How an operation ended.
#[derive(Debug)]
pub struct End<O> {
    /// `None` where it broke off: "not authenticated".
    pub outcome: Option<Outcome<O>>,
    pub error: Option<MachineError>,
    pub written: Vec<Written>,
    pub mail: Vec<Envelope>,
    pub events: Vec<Event>,
    pub stages: Vec<Stage>,
}

impl<O> End<O> {
    /// Whether a commit to a record of people, not of clients, was applied.
    pub fn counted(&self) -> bool {
        self.written.iter().any(|row| row.key.kind() != Some(RecordKind::Meter))
    }

    pub fn wrote(&self, kind: RecordKind) -> bool {
        self.written.iter().any(|row| row.key.kind() == Some(kind))
    }
}

/// Carries an operation out. `at` is asked before each stage, and may itself run others.
pub fn drive<R: Request>(
    world: &World,
    request: R,
    now: Timestamp,
    at: &mut dyn FnMut(usize, Stage) -> Act,
) -> End<R::Output> {
    let host = Part(Arc::clone(&world.seen), Arc::clone(&world.clock));
    let context = Context { now, entropy: EntropySource::draw(&host).unwrap() };
    drive_in(world, request, context, at)
}

/// The same with a time and a randomness that come from elsewhere.
pub fn drive_in<R: Request>(
    world: &World,
    request: R,
    context: Context,
    at: &mut dyn FnMut(usize, Stage) -> Act,
) -> End<R::Output> {
    let host = Part(Arc::clone(&world.seen), Arc::clone(&world.clock));
    let mut end =
        End { outcome: None, error: None, written: vec![], mail: vec![], events: vec![], stages: vec![] };
    // Another node's clock may be wrong; it tells the same all along.
    let now = context.now;
    let mut step = world.sentry.machine.begin(request, context);
    loop {
        let stage = match &step {
            Step::Find(_) => Stage::Find,
            Step::Load(load) => Stage::Load(load.keys().len()),
            Step::Prove(_) => Stage::Prove,
            Step::Commit(commit) => Stage::Commit(commit.key().kind().unwrap()),
            Step::Create(_) => Stage::Create,
            Step::Rename(_) => Stage::Rename,
            Step::Release(_) => Stage::Release,
            Step::Done(_) => Stage::Done,
        };
        let act = at(end.stages.len(), stage);
        end.stages.push(stage);
        if act == Act::Crash || act == Act::Fail && !matches!(stage, Stage::Commit(_) | Stage::Done) {
            return end;
        }
        let next = match step {
            Step::Find(find) => {
                let entry = host.find(find.identifier()).unwrap();
                Ok(find.resume(entry))
            }
            Step::Load(load) => {
                let rows = host.load(load.keys()).unwrap();
                load.resume(rows)
            }
            Step::Prove(prove) => {
                let hashed = prove.work().run(&host).unwrap();
                prove.resume(hashed)
            }
            Step::Commit(commit) => {
                let put = match commit.write(now).unwrap() {
                    Write::Put { bytes, expires_at, .. } => Some((bytes.len(), expires_at)),
                    Write::Delete => None,
                };
                let key = *commit.key();
                let answer = match act {
                    Act::Fail => None,
                    _ => Some(host.commit(&key, commit.expected(), commit.write(now).unwrap()).unwrap()),
                };
                if answer == Some(Committed::Applied) {
                    end.written.push(Written { key, put });
                }
                match answer {
                    Some(answer) if act == Act::Go => commit.resume(answer),
                    _ => Ok(commit.unsure()),
                }
            }
            Step::Create(create) => {
                let created = host.create(create.account()).unwrap();
                if act == Act::Lose {
                    return end;
                }
                Ok(create.resume(created))
            }
            Step::Rename(rename) => {
                let Renaming { account, from, to } = rename.renaming();
                // An account that another change has moved meanwhile has nothing to rename.
                let Ok(renamed) = host.rename(account, from, to) else { return end };
                if act == Act::Lose {
                    return end;
                }
                Ok(rename.resume(renamed))
            }
            Step::Release(release) => {
                host.release(release.account()).unwrap();
                if act == Act::Lose {
                    return end;
                }
                Ok(release.resume())
            }
            Step::Done(done) => {
                if act != Act::Fail {
                    done.mail.iter().for_each(|envelope| host.send(envelope).unwrap());
                }
                (end.mail, end.events) = (done.mail, done.events);
                end.outcome = Some(done.outcome);
                return end;
            }
        };
        match next {
            Ok(next) => step = next,
            Err(error) => {
                end.error = Some(error);
                return end;
            }
        }
    }
}
