//! The tables of what is explored.

mod codes;
mod neighbours;
mod operations;
mod pairs;
mod recovery;
mod say;
mod sign_in;
mod sign_up;
mod strangers;

use super::scene::Scene;

/// What the operations are called of which all pairs are explored.
pub(super) fn operations() -> Vec<String> {
    operations::operations().iter().map(|operation| (operation.ask)().what).collect()
}

/// All of them.
pub(super) fn all() -> Vec<Scene> {
    let tables = [
        codes::scenes(),
        sign_in::scenes(),
        recovery::scenes(),
        sign_up::scenes(),
        strangers::scenes(),
        pairs::scenes(),
        neighbours::scenes(),
    ];
    tables.into_iter().flatten().collect()
}
