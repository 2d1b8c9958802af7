//! What the policy's numbers amount to, for the log: one event with a field each.

use std::io::{IsTerminal, Write};

use countersign::policy::{Odds, Price};

/// Logs the price as one event. On a terminal there is the table for people besides.
pub(crate) fn log(price: &Price) {
    let (totp, mailed) = (&price.totp, &price.mailed_second_factor);
    tracing::info!(
        event = "policy.price",
        guesses_until_disabled = price.guesses_until_disabled,
        guesses_per_year = price.guesses_per_year,
        mailed_code_alone_per_year = chance(price.mailed_code_alone_per_year),
        totp_until_disabled = chance(totp.until_disabled),
        totp_per_year = chance(totp.per_year),
        totp_per_year_with_owner = chance(totp.per_year_with_owner),
        mailed_code_until_disabled = chance(mailed.until_disabled),
        mailed_code_per_year = chance(mailed.per_year),
        mailed_code_per_year_with_owner = chance(mailed.per_year_with_owner),
        confirmation_per_year_with_owner = chance(price.confirmation.per_year_with_owner),
        mails_by_strangers_per_day = price.mails_by_strangers_per_day,
        mails_by_owner_per_day = price.mails_by_owner_per_day,
        longest_lock_seconds = price.hold_off.longest_lock.as_secs(),
        longest_wait_seconds = price.hold_off.longest_wait.as_secs(),
        flood_rows_per_day = price.flood.rows_per_day,
        flood_bytes_per_day = price.flood.bytes_per_day,
    );
    let mut err = std::io::stderr();
    if err.is_terminal() {
        let _ = writeln!(err, "{price}");
    }
}

/// A chance from 0 to 1, to the part per trillion.
#[expect(clippy::cast_precision_loss, reason = "a trillion is far below 2^53")]
fn chance(odds: Odds) -> f64 {
    odds.parts_per_trillion() as f64 / Odds::CERTAIN.parts_per_trillion() as f64
}
