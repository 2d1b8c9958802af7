//! One type for every user table that this server can be told to use.

use std::sync::Arc;

use countersign::host::{AsyncDirectory, Created, DirectoryEntry, DirectoryError, NewAccount};
use countersign::{AccountId, Identifier};
use countersign_axum::People;
use countersign_tokio::OffloadedDirectory;
use tokio::task::spawn_blocking;

use super::{Person, PostgresUsers, Users};

/// The users. Cheap to clone.
#[derive(Clone)]
pub(crate) enum AnyUsers {
    /// Those whose calls block, and the same for what is not asked by the library.
    Blocking(OffloadedDirectory, Arc<dyn Users>),
    Postgres(PostgresUsers),
}

impl AnyUsers {
    /// Users whose calls block.
    pub(crate) fn blocking(users: impl Users + 'static) -> Self {
        let users: Arc<dyn Users> = Arc::new(users);
        Self::Blocking(OffloadedDirectory::new(Arc::clone(&users) as _), users)
    }

    /// Whether they answer, for those who ask if this server can be of use.
    pub(crate) async fn answer(&self) -> bool {
        match AccountId::new("nobody") {
            Ok(nobody) => self.person(&nobody).await.is_ok(),
            Err(_) => false,
        }
    }
}

impl People for AnyUsers {
    async fn person(&self, account: &AccountId) -> Result<Option<Person>, DirectoryError> {
        match self {
            Self::Blocking(_, users) => {
                let (users, account) = (Arc::clone(users), account.clone());
                let found = spawn_blocking(move || users.person(&account)).await;
                found.map_err(|_| DirectoryError("the call did not come to an end".into()))?
            }
            Self::Postgres(users) => users.person(account).await,
        }
    }
}

impl AsyncDirectory for AnyUsers {
    async fn find(&self, identifier: &Identifier) -> Result<Option<DirectoryEntry>, DirectoryError> {
        match self {
            Self::Blocking(users, _) => users.find(identifier).await,
            Self::Postgres(users) => users.find(identifier).await,
        }
    }

    async fn create(&self, account: &NewAccount) -> Result<Created, DirectoryError> {
        match self {
            Self::Blocking(users, _) => users.create(account).await,
            Self::Postgres(users) => users.create(account).await,
        }
    }

    async fn rename(
        &self,
        account: &AccountId,
        from: &Identifier,
        to: &Identifier,
    ) -> Result<Created, DirectoryError> {
        match self {
            Self::Blocking(users, _) => users.rename(account, from, to).await,
            Self::Postgres(users) => users.rename(account, from, to).await,
        }
    }

    async fn release(&self, account: &AccountId) -> Result<(), DirectoryError> {
        match self {
            Self::Blocking(users, _) => users.release(account).await,
            Self::Postgres(users) => users.release(account).await,
        }
    }
}
