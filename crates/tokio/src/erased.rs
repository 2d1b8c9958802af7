//! Parts of the host whose types are chosen when the program runs, or are not to be in every signature.
//!
//! `AsyncStore` and its like return futures of their own types, so there is no `dyn AsyncStore`. Each wrapper here boxes those futures
//! behind one type, for one allocation a call, and changes nothing else: not what is asked, not how often, not what an error means.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use countersign::host::{
    AsyncDirectory, AsyncHasher, AsyncStore, Committed, Created, DirectoryEntry, DirectoryError, HashError,
    NewAccount, Row, StoreError, Write,
};
use countersign::machine::{Hashed, Work};
use countersign::record::{RecordKey, Version};
use countersign::{AccountId, Identifier};

/// A future whose type is not told.
type Pending<'a, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

trait DynStore: Send + Sync {
    fn load<'a>(&'a self, keys: &'a [RecordKey]) -> Pending<'a, Vec<Option<Row>>, StoreError>;
    fn commit<'a>(
        &'a self,
        key: &'a RecordKey,
        expected: Option<Version>,
        write: Write<'a>,
    ) -> Pending<'a, Committed, StoreError>;
}

impl<S: AsyncStore> DynStore for S {
    fn load<'a>(&'a self, keys: &'a [RecordKey]) -> Pending<'a, Vec<Option<Row>>, StoreError> {
        Box::pin(AsyncStore::load(self, keys))
    }

    fn commit<'a>(
        &'a self,
        key: &'a RecordKey,
        expected: Option<Version>,
        write: Write<'a>,
    ) -> Pending<'a, Committed, StoreError> {
        Box::pin(AsyncStore::commit(self, key, expected, write))
    }
}

trait DynDirectory: Send + Sync {
    fn find<'a>(&'a self, who: &'a Identifier) -> Pending<'a, Option<DirectoryEntry>, DirectoryError>;
    fn create<'a>(&'a self, new: &'a NewAccount) -> Pending<'a, Created, DirectoryError>;
    fn rename<'a>(
        &'a self,
        account: &'a AccountId,
        from: &'a Identifier,
        to: &'a Identifier,
    ) -> Pending<'a, Created, DirectoryError>;
    fn release<'a>(&'a self, account: &'a AccountId) -> Pending<'a, (), DirectoryError>;
}

impl<D: AsyncDirectory> DynDirectory for D {
    fn find<'a>(&'a self, who: &'a Identifier) -> Pending<'a, Option<DirectoryEntry>, DirectoryError> {
        Box::pin(AsyncDirectory::find(self, who))
    }

    fn create<'a>(&'a self, new: &'a NewAccount) -> Pending<'a, Created, DirectoryError> {
        Box::pin(AsyncDirectory::create(self, new))
    }

    fn rename<'a>(
        &'a self,
        account: &'a AccountId,
        from: &'a Identifier,
        to: &'a Identifier,
    ) -> Pending<'a, Created, DirectoryError> {
        Box::pin(AsyncDirectory::rename(self, account, from, to))
    }

    fn release<'a>(&'a self, account: &'a AccountId) -> Pending<'a, (), DirectoryError> {
        Box::pin(AsyncDirectory::release(self, account))
    }
}

trait DynHasher: Send + Sync {
    fn hash(&self, work: Work) -> Pending<'_, Hashed, HashError>;
}

impl<H: AsyncHasher> DynHasher for H {
    fn hash(&self, work: Work) -> Pending<'_, Hashed, HashError> {
        Box::pin(AsyncHasher::hash(self, work))
    }
}

/// Any store.
///
/// ```
/// use std::sync::Arc;
/// use countersign::host::{AsyncStore, MemoryStore};
/// use countersign_tokio::{AnyStore, OffloadedStore};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), countersign::host::StoreError> {
/// // One type for every store that the program can be told to use.
/// let store: AnyStore = AnyStore::new(OffloadedStore::new(Arc::new(MemoryStore::new())));
/// assert!(store.load(&[]).await?.is_empty());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct AnyStore(Arc<dyn DynStore>);

/// Any directory, as [`AnyStore`].
#[derive(Clone)]
pub struct AnyDirectory(Arc<dyn DynDirectory>);

/// Any hasher, as [`AnyStore`].
#[derive(Clone)]
pub struct AnyHasher(Arc<dyn DynHasher>);

impl AnyStore {
    /// Takes the store.
    #[must_use]
    pub fn new(store: impl AsyncStore + 'static) -> Self {
        Self(Arc::new(store))
    }
}

impl AnyDirectory {
    /// Takes the directory.
    #[must_use]
    pub fn new(directory: impl AsyncDirectory + 'static) -> Self {
        Self(Arc::new(directory))
    }
}

impl AnyHasher {
    /// Takes the hasher.
    #[must_use]
    pub fn new(hasher: impl AsyncHasher + 'static) -> Self {
        Self(Arc::new(hasher))
    }
}

impl AsyncStore for AnyStore {
    async fn load(&self, keys: &[RecordKey]) -> Result<Vec<Option<Row>>, StoreError> {
        self.0.load(keys).await
    }

    async fn commit(
        &self,
        key: &RecordKey,
        expected: Option<Version>,
        write: Write<'_>,
    ) -> Result<Committed, StoreError> {
        self.0.commit(key, expected, write).await
    }
}

impl AsyncDirectory for AnyDirectory {
    async fn find(&self, identifier: &Identifier) -> Result<Option<DirectoryEntry>, DirectoryError> {
        self.0.find(identifier).await
    }

    async fn create(&self, account: &NewAccount) -> Result<Created, DirectoryError> {
        self.0.create(account).await
    }

    async fn rename(
        &self,
        account: &AccountId,
        from: &Identifier,
        to: &Identifier,
    ) -> Result<Created, DirectoryError> {
        self.0.rename(account, from, to).await
    }

    async fn release(&self, account: &AccountId) -> Result<(), DirectoryError> {
        self.0.release(account).await
    }
}

impl AsyncHasher for AnyHasher {
    async fn hash(&self, work: Work) -> Result<Hashed, HashError> {
        self.0.hash(work).await
    }
}

macro_rules! untold {
    ($($name:ident)*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}

untold!(AnyStore AnyDirectory AnyHasher);
