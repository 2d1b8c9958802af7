//! The blocking driver: one loop, no logic.

use alloc::sync::Arc;

use super::{Audit, Clock, Directory, EntropySource, Error, Mailer, PasswordHasher, Store};
use crate::machine::{Done, Renaming};
use crate::{Context, Event, EventKind, Machine, Outcome, Request, Step};

/// A machine with a host around it.
///
/// ```
/// # use countersign::host::Sentry;
/// use countersign::{Client, Identifier, SignIn, Verdict};
/// # fn show(sentry: &Sentry) -> Result<(), Box<dyn std::error::Error>> {
/// let request = SignIn { client: Client::unmetered(), identifier: Identifier::parse("jo@example.com")?, locale: None };
/// match sentry.run(request)?.verdict {
///     Verdict::Granted(started) => println!("code sent to {}, session {}", started.sent_to, started.session.expose()),
///     Verdict::Refused(refusal) => println!("no: {refusal:?}"),
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Sentry {
    /// The rules and keys.
    pub machine: Machine,
    /// Where records live.
    pub store: Arc<dyn Store>,
    /// Who is who.
    pub directory: Arc<dyn Directory>,
    /// Where messages go.
    pub mailer: Arc<dyn Mailer>,
    /// How passwords are hashed.
    pub hasher: Arc<dyn PasswordHasher>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub entropy: Arc<dyn EntropySource>,
    /// Where events go.
    pub audit: Arc<dyn Audit>,
}

impl Sentry {
    /// Runs a request to its end.
    ///
    /// # Errors
    /// [`Error`] if the host failed; always "not authenticated".
    pub fn run<R: Request>(&self, request: R) -> Result<Outcome<R::Output>, Error> {
        let context = Context { now: self.clock.now()?, entropy: self.entropy.draw()? };
        let mut step = self.machine.begin(request, context);
        let mut failed = None;
        loop {
            step = match step {
                Step::Find(find) => {
                    let entry = self.directory.find(find.identifier())?;
                    find.resume(entry)
                }
                Step::Load(load) => {
                    let rows = self.store.load(load.keys())?;
                    load.resume(rows).map_err(|why| Error::after(failed.take(), why))?
                }
                Step::Prove(prove) => {
                    let hashed = prove.work().run(&*self.hasher)?;
                    prove.resume(hashed)?
                }
                Step::Commit(commit) => {
                    let write = commit.write(self.clock.now()?)?;
                    match self.store.commit(commit.key(), commit.expected(), write) {
                        Ok(answer) => commit.resume(answer)?,
                        Err(why) => {
                            failed = Some(why);
                            commit.unsure()
                        }
                    }
                }
                Step::Create(create) => {
                    let created = self.directory.create(create.account())?;
                    create.resume(created)
                }
                Step::Rename(rename) => {
                    let Renaming { account, from, to } = rename.renaming();
                    let renamed = self.directory.rename(account, from, to)?;
                    rename.resume(renamed)
                }
                Step::Release(release) => {
                    self.directory.release(release.account())?;
                    release.resume()
                }
                Step::Done(done) => return Ok(finish(done, &*self.mailer, &*self.audit)),
            }
        }
    }
}

/// Hands out the mail and the events of a finished operation.
pub(super) fn finish<O>(done: Done<O>, mailer: &dyn Mailer, audit: &dyn Audit) -> Outcome<O> {
    let Done { outcome, mail, events } = done;
    events.iter().for_each(|event| audit.record(event));
    for envelope in &mail {
        if mailer.send(envelope).is_err()
            && let Some(event) = events.first()
        {
            audit.record(&Event { kind: EventKind::MailFailed, ..event.clone() });
        }
    }
    outcome
}

impl core::fmt::Debug for Sentry {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Sentry").field("machine", &self.machine).finish_non_exhaustive()
    }
}
