//! The async driver: the same loop with `await` in it, for any runtime.
//!
//! The clock, the generator, the mailer (which queues) and the audit log stay blocking calls that return at once. A
//! future that is dropped half-way has abandoned its operation, as a crash would have: nothing is granted (law 12).

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::Future;

use super::blocking::finish;
use super::{Audit, Clock, DirectoryError, EntropySource, Error, HashError, Mailer, StoreError};
use crate::machine::{Committed, Created, DirectoryEntry, Hashed, NewAccount, Renaming, Row, Work, Write};
use crate::record::{RecordKey, Version};
use crate::{AccountId, Context, Identifier, Machine, Outcome, Request, Step};

/// A store used from async hosts. The contract is that of [`Store`](super::Store).
pub trait AsyncStore: Send + Sync {
    /// As [`Store::load`](super::Store::load).
    fn load(&self, keys: &[RecordKey]) -> impl Future<Output = Result<Vec<Option<Row>>, StoreError>> + Send;

    /// As [`Store::commit`](super::Store::commit).
    fn commit(
        &self,
        key: &RecordKey,
        expected: Option<Version>,
        write: Write<'_>,
    ) -> impl Future<Output = Result<Committed, StoreError>> + Send;
}

/// A directory used from async hosts. The contract is that of [`Directory`](super::Directory).
pub trait AsyncDirectory: Send + Sync {
    /// As [`Directory::find`](super::Directory::find).
    fn find(
        &self,
        identifier: &Identifier,
    ) -> impl Future<Output = Result<Option<DirectoryEntry>, DirectoryError>> + Send;

    /// As [`Directory::create`](super::Directory::create).
    fn create(&self, account: &NewAccount) -> impl Future<Output = Result<Created, DirectoryError>> + Send;

    /// As [`Directory::rename`](super::Directory::rename).
    fn rename(
        &self,
        account: &AccountId,
        from: &Identifier,
        to: &Identifier,
    ) -> impl Future<Output = Result<Created, DirectoryError>> + Send;

    /// As [`Directory::release`](super::Directory::release).
    fn release(&self, account: &AccountId) -> impl Future<Output = Result<(), DirectoryError>> + Send;
}

/// Hashes passwords away from the threads that serve requests.
///
/// Bound how much is hashed at once, and fail at once where too much waits: a hash takes memory by design.
pub trait AsyncHasher: Send + Sync {
    /// Does the work, with [`Work::run`] on a thread where slowness does no harm.
    fn hash(&self, work: Work) -> impl Future<Output = Result<Hashed, HashError>> + Send;
}

/// A machine with an async host around it.
#[derive(Clone)]
pub struct AsyncSentry<S, D, H> {
    /// The rules and keys.
    pub machine: Machine,
    /// Where records live.
    pub store: S,
    /// Who is who.
    pub directory: D,
    /// How passwords are hashed.
    pub hasher: H,
    /// Where messages go.
    pub mailer: Arc<dyn Mailer>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub entropy: Arc<dyn EntropySource>,
    /// Where events go.
    pub audit: Arc<dyn Audit>,
}

impl<S: AsyncStore, D: AsyncDirectory, H: AsyncHasher> AsyncSentry<S, D, H> {
    /// Runs a request to its end.
    ///
    /// Let it come to its end even if the client hangs up (spawn it): a future that is dropped after a commit has counted,
    /// and neither mails nor logs what it counted.
    ///
    /// # Errors
    /// [`Error`] if the host failed; always "not authenticated".
    pub async fn run<R: Request>(&self, request: R) -> Result<Outcome<R::Output>, Error> {
        let context = Context { now: self.clock.now()?, entropy: self.entropy.draw()? };
        let mut step = self.machine.begin(request, context);
        let mut failed = None;
        loop {
            step = match step {
                Step::Find(find) => {
                    let entry = self.directory.find(find.identifier()).await?;
                    find.resume(entry)
                }
                Step::Load(load) => {
                    let rows = self.store.load(load.keys()).await?;
                    load.resume(rows).map_err(|why| Error::after(failed.take(), why))?
                }
                Step::Prove(prove) => {
                    let hashed = self.hasher.hash(prove.work().clone()).await?;
                    prove.resume(hashed)?
                }
                Step::Commit(commit) => {
                    let write = commit.write(self.clock.now()?)?;
                    match self.store.commit(commit.key(), commit.expected(), write).await {
                        Ok(answer) => commit.resume(answer)?,
                        Err(why) => {
                            failed = Some(why);
                            commit.unsure()
                        }
                    }
                }
                Step::Create(create) => {
                    let created = self.directory.create(create.account()).await?;
                    create.resume(created)
                }
                Step::Rename(rename) => {
                    let Renaming { account, from, to } = rename.renaming();
                    let renamed = self.directory.rename(account, from, to).await?;
                    rename.resume(renamed)
                }
                Step::Release(release) => {
                    self.directory.release(release.account()).await?;
                    release.resume()
                }
                Step::Done(done) => return Ok(finish(done, &*self.mailer, &*self.audit)),
            }
        }
    }
}

impl<S, D, H> core::fmt::Debug for AsyncSentry<S, D, H> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("AsyncSentry").field("machine", &self.machine).finish_non_exhaustive()
    }
}
