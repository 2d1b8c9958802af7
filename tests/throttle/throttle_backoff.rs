//! Waits that double.

use core::time::Duration;

use countersign::Timestamp;
use countersign::throttle::{Backoff, BackoffSettings};
use proptest::prelude::*;

use super::*;

fn settings() -> impl Strategy<Value = BackoffSettings> {
    (1_u64..20, 0_u64..200, 1_u64..30).prop_map(|(base, more, forget)| {
        BackoffSettings::new("lock", ms(base), ms(base + more), ms(forget)).unwrap()
    })
}

proptest! {
    #![proptest_config(cases())]

    /// R7, B081, B082: locks double to their maximum, never beyond, and are forgotten exactly `forget_after` their end.
    #[test]
    fn r7_locks_double_saturate_and_are_forgotten(settings in settings(), times in ascending(40)) {
        let mut backoff = Backoff::default();
        let (mut step, mut end) = (0_u32, i128::MIN);
        for now in times.into_iter().map(at) {
            let t = big(now);
            let raised = step > 0 && t < end + length(settings.forget_after());
            // What ends at the last moment that can be written never ends.
            let locked = step > 0 && (t < end || end >= MAX);
            prop_assert_eq!(backoff.is_raised(&settings, now), raised);
            prop_assert_eq!(backoff.retry_at(now), locked.then(|| cut(end)));
            prop_assert_eq!(backoff.check(&settings, now).err().map(|l| (l.rule, l.retry_at)), locked.then(|| ("lock", cut(end))));
            let mut kept = backoff.clone();
            kept.forget(&settings, now);
            prop_assert_eq!(kept == Backoff::default(), !raised);
            if raised {
                prop_assert_eq!(&kept, &backoff);
            } else {
                step = 0;
            }
            let span = (length(settings.base()) << step.min(60)).min(length(settings.max()));
            (step, end) = (step + 1, t + span);
            backoff.raise(&settings, now);
            prop_assert_eq!(backoff.retry_at(now), Some(cut(end)));
            prop_assert_eq!(backoff.forgotten_at(&settings), cut(end + length(settings.forget_after())));
            prop_assert!(backoff.retry_at(now).unwrap().since(now) <= settings.max(), "law 7: no longer wait");
            if end < MAX {
                prop_assert!(backoff.check(&settings, cut(end - 1)).is_err());
                prop_assert!(backoff.check(&settings, cut(end)).is_ok());
            }
            prop_assert_eq!(&stored(&backoff), &backoff);
        }
    }

    /// R7: non-decreasing in the number of failures, for every step a row can hold.
    #[test]
    fn r7_backoff_never_decreases(settings in settings(), step in any::<u32>(), now in any_time()) {
        prop_assert!(settings.span(step) <= settings.span(step.saturating_add(1)));
        prop_assert!(settings.span(step) >= settings.base() && settings.span(step) <= settings.max());
        let row = postcard::to_allocvec(&Some((step, now))).unwrap();
        match postcard::from_bytes::<Backoff>(&row) {
            Err(_) => prop_assert_eq!(step, 0),
            Ok(mut backoff) => {
                backoff.raise(&settings, at(now));
                prop_assert!(backoff.retry_at(at(now)).is_some());
                backoff.rebase(Timestamp::MAX, Timestamp::MIN);
                backoff.rebase(Timestamp::MIN, at(now));
                prop_assert!(backoff.is_raised(&settings, Timestamp::MIN), "the step is not lost");
            }
        }
    }
}

/// R16, B083: what cannot be a finite, positive span is refused, not wrapped.
#[test]
fn r16_b083_absurd_spans_are_refused() {
    let (one, year) = (ms(1), BackoffSettings::MAX_SPAN);
    assert_eq!(year, Duration::from_secs(366 * 86_400));
    let ok = BackoffSettings::new("lock", one, year, year).unwrap();
    assert_eq!((ok.name(), ok.base(), ok.max(), ok.forget_after()), ("lock", one, year, year));
    assert_eq!(ok.span(u32::MAX), year);
    for bad in
        [Duration::ZERO, Duration::from_nanos(1), one + Duration::from_nanos(1), year + one, Duration::MAX]
    {
        assert!(BackoffSettings::new("lock", bad, year, year).is_err());
        assert!(BackoffSettings::new("lock", one, bad, year).is_err());
        assert!(BackoffSettings::new("lock", one, year, bad).is_err());
    }
    assert!(BackoffSettings::new("lock", ms(2), one, one).is_err());
}
