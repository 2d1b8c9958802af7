//! The record of one identifier: what people who have proved nothing did at that door.

use serde::{Deserialize, Serialize};

use super::codec::Record;
use super::{Ledger, RecordKind};

/// What strangers did at one identifier. The same record whether or not an account stands behind it (law 8), and the only
/// one their requests write, the meter apart.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Visitor {
    pub(crate) ledger: Ledger,
}

impl Record for Visitor {
    const KIND: RecordKind = RecordKind::Visitor;
}
