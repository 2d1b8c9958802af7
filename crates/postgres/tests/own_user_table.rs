//! The example that keeps accounts in the host's own table: it passes the suite, and people sign up and in with it.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod common;
#[path = "common/host.rs"]
mod host;
#[path = "../examples/own_user_table.rs"]
#[allow(unreachable_pub, clippy::needless_pass_by_value, reason = "it is an example")]
mod own;

use std::sync::Arc;

use common::{block_on, blocking, name, pool_with};
use countersign::conformance::{Factory, run};
use countersign::host::*;
use countersign::record::{RecordKey, RecordKind, Version};
use countersign::*;
use countersign_postgres::{Pool, PostgresStore, Table, migrate};
use countersign_tokio::BlockingStore;
use host::{Codes, machine, sentry, sign_up, verify};
use own::OwnUsers;

const USERS: &str = "CREATE TABLE users (id serial PRIMARY KEY, email text UNIQUE, fullname text, \
    auth_key bytea UNIQUE, auth_state bytea, auth_version bytea, auth_expires_at bigint)";

/// A table of users in a schema of its own, and the common table beside it.
async fn own_users(schema: &str) -> OwnUsers {
    let pool = pool_with(&format!("-c search_path={schema}"), 8);
    let table = Table::named(schema, "countersign_records").unwrap();
    migrate(&pool, &table).await.unwrap();
    OwnUsers { common: PostgresStore::open(pool.clone(), table).await.unwrap(), pool }
}

async fn new_schema() -> String {
    let schema = name();
    let pool = pool_with("", 1);
    let client = pool.get().await.unwrap();
    client
        .batch_execute(&format!("CREATE SCHEMA {schema}; SET search_path = {schema}; {USERS}"))
        .await
        .unwrap();
    schema
}

/// Takes every row of the suite for that of an account, and has a user for each.
struct Accounts {
    store: BlockingStore<OwnUsers>,
    pool: Pool,
    schema: String,
}

impl Accounts {
    fn open(schema: String) -> Self {
        let store = block_on(own_users(&schema));
        Self { pool: store.pool.clone(), store: blocking(store), schema }
    }

    /// Keys of every kind, spread over those of accounts.
    fn account(key: &RecordKey) -> RecordKey {
        let mix = |n: u128| {
            let n = n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
            n ^ n >> 67
        };
        let [_, digest @ ..] = mix(mix(u128::from_be_bytes(*key.as_bytes()))).to_le_bytes();
        RecordKey::new(RecordKind::Account, digest)
    }
}

impl Store for Accounts {
    fn load(&self, keys: &[RecordKey]) -> Result<Vec<Option<Row>>, StoreError> {
        self.store.load(&keys.iter().map(Self::account).collect::<Vec<_>>())
    }
    fn commit(
        &self,
        key: &RecordKey,
        expected: Option<Version>,
        write: Write<'_>,
    ) -> Result<Committed, StoreError> {
        let key = Self::account(key);
        if expected.is_none() {
            block_on(async {
                let client = self.pool.get().await.unwrap();
                let user = "INSERT INTO users (auth_key) VALUES ($1) ON CONFLICT DO NOTHING";
                client.execute(user, &[&&key.as_bytes()[..]]).await.unwrap();
            });
        }
        self.store.commit(&key, expected, write)
    }
}

struct InUsers;

impl Factory for InUsers {
    type Store = Accounts;
    fn fresh(&self) -> Accounts {
        Accounts::open(block_on(new_schema()))
    }
    fn reopen(&self, store: Accounts) -> Option<Accounts> {
        Some(Accounts::open(store.schema))
    }
    fn another(&self, store: &Accounts) -> Option<Accounts> {
        Some(Accounts::open(store.schema.clone()))
    }
}

#[test]
#[ignore = "tests/servers/run starts the server"]
fn rows_of_accounts_conform() {
    run(&InUsers).assert();
}

/// The table of users, as a directory. What it makes has the key of the record that will be kept with it.
struct Users {
    pool: Pool,
    machine: Machine,
}

impl Users {
    async fn create(&self, new: &NewAccount) -> Result<String, tokio_postgres::Error> {
        let client = self.pool.get().await.unwrap();
        let made = "INSERT INTO users (email) VALUES ($1) ON CONFLICT (email) DO UPDATE SET email = $1 RETURNING id::text";
        let id: String = client.query_one(made, &[&new.identifier.as_str()]).await?.get(0);
        let key = self.machine.row_of(&AccountId::new(&id).unwrap());
        client
            .execute("UPDATE users SET auth_key = $2 WHERE id::text = $1", &[&id, &&key.as_bytes()[..]])
            .await?;
        Ok(id)
    }
}

impl AsyncDirectory for Users {
    async fn find(&self, who: &Identifier) -> Result<Option<DirectoryEntry>, DirectoryError> {
        let client = self.pool.get().await.unwrap();
        let found = client
            .query_opt("SELECT id::text, email FROM users WHERE email = $1", &[&who.as_str()])
            .await
            .map_err(|why| DirectoryError(why.to_string()))?;
        Ok(found.map(|row| DirectoryEntry {
            identifier: row.get(1),
            account: AccountId::new(row.get(0)).unwrap(),
            address: who.address().clone(),
            legacy: None,
            address_proven: true,
        }))
    }
    async fn create(&self, new: &NewAccount) -> Result<Created, DirectoryError> {
        let id = self.create(new).await.map_err(|why| DirectoryError(why.to_string()))?;
        Ok(Created::Account(AccountId::new(&id).unwrap()))
    }
    async fn rename(&self, _: &AccountId, _: &Identifier, _: &Identifier) -> Result<Created, DirectoryError> {
        Ok(Created::Taken)
    }
    async fn release(&self, _: &AccountId) -> Result<(), DirectoryError> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/servers/run starts the server"]
async fn somebody_signs_up_and_in_and_is_in_the_table_of_users() {
    let store = own_users(&new_schema().await).await;
    let pool = store.pool.clone();
    let codes = Arc::new(Codes::default());
    let desk = sentry(store, Users { pool: pool.clone(), machine: machine() }, codes.clone());
    let Verdict::Granted(started) = desk.run(sign_up()).await.unwrap().verdict else { unreachable!() };
    let verified = desk.run(verify(&started.session, &codes.last())).await.unwrap().verdict;
    assert!(matches!(verified, Verdict::Granted(_)), "{verified:?}");

    let client = pool.get().await.unwrap();
    let user = "SELECT email FROM users WHERE length(auth_state) > 0 AND length(auth_version) = 16";
    let users = client.query(user, &[]).await.unwrap();
    assert_eq!(users.iter().map(|row| row.get::<_, &str>(0)).collect::<Vec<_>>(), ["jo@example.com"]);
    // In the common table is the rest: what strangers did at this door, and no account.
    let kinds = "SELECT DISTINCT get_byte(key, 0) FROM countersign_records ORDER BY 1";
    let kinds = client.query(kinds, &[]).await.unwrap();
    assert_eq!(
        kinds.iter().map(|row| row.get::<_, i32>(0)).collect::<Vec<_>>(),
        [RecordKind::Visitor as i32]
    );
    drop(client);

    for (password, right) in [("a password", true), ("another one", false)] {
        let request = PasswordSignIn {
            client: Client::unmetered(),
            identifier: Identifier::parse("jo@example.com").unwrap(),
            password: Password::typed(password).unwrap(),
            steps: Steps::Stepwise,
            label: Label::default(),
            locale: None,
            device: None,
        };
        let verdict = desk.run(request).await.unwrap().verdict;
        assert_eq!(matches!(verdict, Verdict::Granted(_)), right, "{verdict:?}");
    }
}
