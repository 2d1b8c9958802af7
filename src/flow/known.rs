//! Whether an account stands behind an identifier.

use super::desk::Opened;
use crate::machine::turn::{Cx, Rows};
use crate::machine::{DirectoryEntry, MachineError};
use crate::record::Account;
use crate::{AccountId, Address, Identifier, PasswordHash};

/// An account that stands behind an identifier.
pub(super) struct Known {
    pub(super) id: AccountId,
    /// What it was when it was looked at; 0 where only the host's own credential stands in.
    pub(super) generation: u64,
    pub(super) address: Address,
    /// Whether its owner has proven that address.
    pub(super) proven: bool,
    /// The password hash to compare with: none where the account is suspended.
    pub(super) password: Option<PasswordHash>,
}

/// Who stands behind an identifier: only if the account's own record, the second row of the turn, says so. Where there is
/// no record, a credential of the host's own stands in; without one the identifier is free.
pub(super) fn known(
    cx: &Cx<'_>,
    rows: &Rows<'_>,
    entry: Option<&DirectoryEntry>,
    identifier: &Identifier,
) -> Result<Option<Known>, MachineError> {
    let Some(entry) = entry else { return Ok(None) };
    let id = entry.account.clone();
    let Some(desk) = Opened::<Account>::existing(cx, rows, 1)? else {
        let stands_in = |legacy: &PasswordHash| Known {
            proven: entry.address_proven,
            id,
            generation: 0,
            address: entry.address.clone(),
            password: Some(legacy.clone()),
        };
        // What an account left behind when it was deleted lets nothing else stand in.
        let deleted = rows.at(1)?.1.is_some();
        return Ok(entry.legacy.as_ref().filter(|_| !deleted).map(stands_in));
    };
    if !desk.record.answers_to(&desk.key, identifier) {
        return Ok(None);
    }
    let credentials = desk.record.credentials(&desk.key)?;
    let password = (!desk.record.suspended).then_some(credentials.password.0);
    let (generation, proven) = (desk.record.generation, !desk.record.unproven);
    Ok(Some(Known { id, generation, address: credentials.address, proven, password }))
}
