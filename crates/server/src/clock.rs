//! The clock of `--dev`: the system's, shifted, and stopped if somebody wants to look closely.

use std::sync::Mutex;

use countersign::Timestamp;
use countersign::host::{Clock, ClockError, SystemClock};

/// A clock that can be moved. It is the server's only clock while it is in use.
#[derive(Debug)]
pub(crate) struct DevClock(Mutex<Shift>);

#[derive(Clone, Copy, Debug)]
struct Shift {
    millis: i64,
    stopped_at: Option<Timestamp>,
}

impl Shift {
    fn now(self) -> Result<Timestamp, ClockError> {
        let from = match self.stopped_at {
            Some(at) => at,
            None => SystemClock.now()?,
        };
        Ok(Timestamp::from_unix_millis(from.unix_millis().saturating_add(self.millis)))
    }
}

impl DevClock {
    /// The system's time, for now.
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Shift { millis: 0, stopped_at: None }))
    }

    /// Moves the clock by so many seconds, backwards if negative; then stops it or lets it run if that is asked for. Says what
    /// time it is now.
    ///
    /// # Errors
    /// [`ClockError`] if the system's clock fails.
    pub(crate) fn change(&self, seconds: i64, stop: Option<bool>) -> Result<Timestamp, ClockError> {
        let mut shift = self.0.lock().map_err(|_| ClockError)?;
        match (stop, shift.stopped_at) {
            (Some(true), None) => shift.stopped_at = Some(SystemClock.now()?),
            (Some(false), Some(at)) => {
                // It goes on from where it stood.
                let missed = SystemClock.now()?.unix_millis().saturating_sub(at.unix_millis());
                *shift = Shift { millis: shift.millis.saturating_sub(missed), stopped_at: None };
            }
            _ => {}
        }
        shift.millis = shift.millis.saturating_add(seconds.saturating_mul(1000));
        shift.now()
    }
}

impl Clock for DevClock {
    fn now(&self) -> Result<Timestamp, ClockError> {
        self.0.lock().map_err(|_| ClockError)?.now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_stops_and_goes_on_from_where_it_stood() {
        let clock = DevClock::new();
        let start = clock.change(0, Some(true)).unwrap();
        assert_eq!(clock.now(), Ok(start));
        assert_eq!(clock.change(61, None).unwrap().since(start).as_secs(), 61);
        assert_eq!(clock.change(-61, Some(true)), Ok(start));
        let on = clock.change(0, Some(false)).unwrap();
        assert!(on.since(start).as_secs() < 60, "no jump when it runs again");
        assert!(clock.change(i64::MAX, None).is_ok());
    }
}
