//! What random stories are made of.

mod asked;
mod goals;
mod people;
mod stale;
mod tours;

use proptest::prelude::*;

use crate::sign_in::ops::Op;
use asked::any_op;
use goals::{eager, greedy, patient};
use people::{armed, at_home, careful};
use stale::{cut_off, late, parallel, stale};
pub(crate) use tours::tours;

pub(crate) fn story(moves: impl Strategy<Value = i32> + 'static) -> BoxedStrategy<Vec<Op>> {
    let any = (armed(), prop::collection::vec(any_op(moves), 1..16));
    let part = prop_oneof![
        4 => any.prop_map(|(armed, any)| [armed, any].concat()),
        2 => patient(),
        1 => eager(),
        2 => greedy(),
        2 => stale(),
        2 => at_home(),
        2 => careful(),
        2 => late(),
        2 => parallel(),
        1 => cut_off(),
    ];
    prop::collection::vec(part, 1..4).prop_map(|parts| parts.concat()).boxed()
}
