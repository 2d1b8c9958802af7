//! Any bytes are a story of people who sign in; the machine and the model must tell it alike.

use crate::sign_in::ops::Op;
use crate::sign_in::reader::{Reader, armed};
use crate::sign_in::small::small;
use crate::sign_in::story::play;

/// Longer stories find nothing that shorter ones do not, and cost the model time.
const MOST: usize = 60;

pub fn sign_in(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let mut reader = Reader::new(rest);
    // What is asked for beside the password is most of what there is to tell, so that it need not be found out first.
    let ops: Vec<Op> =
        armed(first / 8).into_iter().chain(core::iter::from_fn(|| reader.op())).take(MOST).collect();
    if let Err(broken) = play(&small(first % 8), &ops) {
        panic!("{broken}");
    }
}
