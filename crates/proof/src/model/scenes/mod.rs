//! The tables of what is explored.

mod codes;
mod pairs;
mod say;

use super::scene::Scene;

/// All of them.
pub(super) fn all() -> Vec<Scene> {
    [codes::scenes(), pairs::scenes()].into_iter().flatten().collect()
}
