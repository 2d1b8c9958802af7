//! New keys, from the host's generator.

use super::{EntropyError, EntropySource};
use crate::KeyBytes;

/// Makes a new key: the locator key of a new deployment, or a key of its ring.
///
/// Call it once for each key, store the bytes, and load them at every start. With other keys than those a store was
/// begun with, its rows are not found and cannot be opened.
///
/// ```
/// use countersign::host::{OsEntropy, generate_key};
/// use countersign::{KeyRing, LocatorKey};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = std::env::temp_dir().join(format!("countersign-keys-{}", std::process::id()));
/// # std::fs::create_dir(&directory)?;
/// // Once, when the deployment is set up. Let nobody but the host read these files.
/// for name in ["locator.key", "ring.key"] {
///     std::fs::write(directory.join(name), generate_key(&OsEntropy)?.expose())?;
/// }
///
/// // At every start.
/// let locator = LocatorKey::new(&std::fs::read(directory.join("locator.key"))?)?;
/// let ring = KeyRing::new(&std::fs::read(directory.join("ring.key"))?, &[])?;
/// # std::fs::remove_dir_all(directory)?;
/// # let _ = (locator, ring);
/// # Ok(()) }
/// ```
///
/// # Errors
/// [`EntropyError`] of the generator: there is no key in its place.
pub fn generate_key(source: &dyn EntropySource) -> Result<KeyBytes, EntropyError> {
    source.draw().map(KeyBytes::from_entropy)
}
