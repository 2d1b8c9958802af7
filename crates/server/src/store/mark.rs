//! Whether the keys are those that the store was begun with.
//!
//! With another locator key every account is lost, and two servers that each had their own would count the same person's
//! guesses apart. So the first one writes down by which key it names rows, as a keyed digest of a constant, and those after it compare.

use countersign::host::{AsyncStore, Committed, StoreError, Write};
use countersign::record::{RecordKey, Version};
use countersign::{AccountId, Machine};

use super::row_of_the_host;

/// The row it is written in.
pub(super) const ROW: RecordKey = row_of_the_host(1);

/// Checks that the store was begun with the keys of this machine, and begins it if nobody did.
///
/// # Errors
/// Why it was not, or why that cannot be told.
pub(crate) async fn check_keys(store: &impl AsyncStore, machine: &Machine) -> Result<(), String> {
    let nobody = AccountId::new("keys-of-this-store").map_err(|why| why.to_string())?;
    let digest = *machine.row_of(&nobody).as_bytes();
    let failed = |why: StoreError| why.to_string();
    if found(store).await.map_err(failed)?.is_none() {
        let write = Write::Put { version: Version::from_bytes(digest), bytes: &digest, expires_at: None };
        // Somebody else may have been first; then it is his that counts.
        let _: Committed = store.commit(&ROW, None, write).await.map_err(failed)?;
    }
    match found(store).await.map_err(failed)? {
        Some(written) if written == digest => Ok(()),
        Some(_) => Err("the store was begun with another locator key: this is not its key file".into()),
        None => Err("the store does not keep what it is told".into()),
    }
}

async fn found(store: &impl AsyncStore) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(store.load(&[ROW]).await?.pop().flatten().map(|row| row.bytes))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use countersign::host::MemoryStore;
    use countersign::{KeyRing, LocatorKey, Settings};
    use countersign_tokio::OffloadedStore;

    use super::*;

    #[tokio::test]
    async fn another_locator_key_is_refused_and_another_ring_is_not() {
        let store = OffloadedStore::new(Arc::new(MemoryStore::new()));
        let machine = |locator: u8, ring: u8| {
            let key = |byte: u8| (byte..).take(32).collect::<Vec<u8>>();
            let ring = KeyRing::new(&key(ring), &[]).unwrap();
            Machine::new(
                Settings::recommended().build().unwrap(),
                LocatorKey::new(&key(locator)).unwrap(),
                ring,
            )
        };
        assert_eq!(check_keys(&store, &machine(1, 2)).await, Ok(()));
        assert_eq!(check_keys(&store, &machine(1, 3)).await, Ok(()));
        let why = check_keys(&store, &machine(4, 2)).await.unwrap_err();
        assert!(why.contains("another locator key"), "{why}");
        assert_eq!(check_keys(&store, &machine(1, 2)).await, Ok(()), "a refusal changes nothing");
    }
}
