//! Two requests that meet at a given stage.

use std::sync::Arc;

use countersign::host::{Clock, Directory, Mailer, Store};
use countersign::*;

use crate::common::{IntoResult, Part, World, seed};

/// A request under way, whatever it asks for, of whose grant `T` is kept.
pub(super) trait Running<T> {
    /// Carries out the stage it is at. Once it is over: what came of it.
    fn step(&mut self, host: &Part) -> Option<Result<T, Refusal>>;
}

struct Under<O, T> {
    step: Option<Step<O>>,
    keep: fn(O) -> T,
}

impl<O: Send + Sync + 'static, T> Running<T> for Under<O, T> {
    fn step(&mut self, host: &Part) -> Option<Result<T, Refusal>> {
        let next = match self.step.take()? {
            Step::Find(find) => {
                let entry = host.find(find.identifier()).unwrap();
                find.resume(entry)
            }
            Step::Load(load) => {
                let rows = host.load(load.keys()).unwrap();
                load.resume(rows).unwrap()
            }
            Step::Prove(prove) => {
                let hashed = prove.work().run(host).unwrap();
                prove.resume(hashed).unwrap()
            }
            Step::Commit(commit) => {
                let answer = host
                    .commit(commit.key(), commit.expected(), commit.write(host.now().unwrap()).unwrap())
                    .unwrap();
                commit.resume(answer).unwrap()
            }
            Step::Create(create) => {
                let created = host.create(create.account()).unwrap();
                create.resume(created)
            }
            Step::Rename(rename) => {
                let Renaming { account, from, to } = rename.renaming();
                // A directory that cannot: the request ends there, and nobody is told anything.
                match host.rename(account, from, to) {
                    Ok(renamed) => rename.resume(renamed),
                    Err(_) => return Some(Err(Refusal::InvalidSession)),
                }
            }
            Step::Release(release) => {
                host.release(release.account()).unwrap();
                release.resume()
            }
            Step::Done(done) => {
                done.mail.iter().for_each(|envelope| host.send(envelope).unwrap());
                return Some(done.outcome.verdict.into_result().map(self.keep));
            }
        };
        self.step = Some(next);
        None
    }
}

pub(super) type Boxed<T> = Box<dyn Running<T>>;

/// A request that is begun now, with randomness of that number.
pub(super) fn under<R: Request, T: 'static>(
    world: &World,
    number: u64,
    request: R,
    keep: fn(R::Output) -> T,
) -> Boxed<T> {
    let context = Context { now: world.now(), entropy: seed(number) };
    Box::new(Under { step: Some(world.sentry.machine.begin(request, context)), keep })
}

/// Runs the first so many stages of one request, then all of the other, then the rest.
pub(super) fn race<T, U>(
    world: &World,
    mut first: Boxed<T>,
    mut second: Boxed<U>,
    stages: usize,
) -> (Result<T, Refusal>, Result<U, Refusal>) {
    let host = Part(Arc::clone(&world.seen), Arc::clone(&world.clock));
    let early = (0..stages).find_map(|_| first.step(&host));
    let other = to_its_end(&host, &mut second);
    (early.unwrap_or_else(|| to_its_end(&host, &mut first)), other)
}

fn to_its_end<T>(host: &Part, running: &mut Boxed<T>) -> Result<T, Refusal> {
    std::iter::from_fn(|| Some(running.step(host))).find_map(|end| end).unwrap()
}

/// The first runs so many stages, then the second so many, then the first to its end, then the second.
pub(super) fn cross<T, U>(
    world: &World,
    (mut first, one): (Boxed<T>, usize),
    (mut second, other): (Boxed<U>, usize),
) -> (Result<T, Refusal>, Result<U, Refusal>) {
    let host = Part(Arc::clone(&world.seen), Arc::clone(&world.clock));
    let early = (0..one).find_map(|_| first.step(&host));
    let early_too = (0..other).find_map(|_| second.step(&host));
    let end = early.unwrap_or_else(|| to_its_end(&host, &mut first));
    (end, early_too.unwrap_or_else(|| to_its_end(&host, &mut second)))
}
