//! The tables of what is explored.

mod codes;
mod pairs;
mod recovery;
mod say;
mod sign_in;
mod sign_up;
mod strangers;

use super::scene::Scene;

/// All of them.
pub(super) fn all() -> Vec<Scene> {
    let tables = [
        codes::scenes(),
        sign_in::scenes(),
        recovery::scenes(),
        sign_up::scenes(),
        strangers::scenes(),
        pairs::scenes(),
    ];
    tables.into_iter().flatten().collect()
}
