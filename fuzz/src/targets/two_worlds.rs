//! Any bytes are a secret and a story of somebody who has proved nothing; both worlds of the secret must show the same.

use crate::worlds::steps::steps;
use crate::worlds::story::play;

/// Longer stories find nothing that shorter ones do not.
const MOST: usize = 60;

pub fn two_worlds(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    if let Err(broken) = play(usize::from(*first), steps(rest).take(MOST)) {
        panic!("{broken}");
    }
}
