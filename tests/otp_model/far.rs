//! Law 7 where no calendar reaches: clocks that jump between the ends of the range of time.

use countersign::policy::*;
use countersign::*;
use proptest::prelude::*;

use crate::common::{START, World, wrong};
use crate::otp::answer::{Answer, Door};
use crate::otp::laws::Laws;
use crate::otp::small::small;

#[derive(Clone, Debug)]
enum Far {
    Clock(i64),
    Later(i64),
    Start(Purpose),
    Resend(u8),
    Right(u8),
    Wrong(u8),
}

fn far() -> impl Strategy<Value = Far> {
    let span =
        prop::sample::select(vec![0, 1, 999, 1000, 2000, 2001, 3000, 4000, 5000, 8000, 10_000, 45_000]);
    let ends = prop::sample::select(vec![i64::MIN, START.unix_millis(), 0, i64::MAX]);
    let clock = (ends, span.clone(), any::<bool>()).prop_map(|(end, span, up): (i64, i64, bool)| {
        Far::Clock(end.saturating_add(if up { span } else { -span }))
    });
    let later = (span, any::<bool>()).prop_map(|(span, back)| Far::Later(if back { -span } else { span }));
    prop_oneof![
        2 => clock,
        4 => later,
        3 => prop::sample::select(&[Purpose::SignIn, Purpose::ConfirmAction, Purpose::Recover][..]).prop_map(Far::Start),
        2 => (0..3_u8).prop_map(Far::Resend),
        1 => (0..3_u8).prop_map(Far::Right),
        4 => (0..3_u8).prop_map(Far::Wrong),
    ]
}

struct Session {
    ticket: Ticket<OtpSession>,
    purpose: Purpose,
    codes: Vec<String>,
}

/// What was answered, in words that the laws are told in.
fn answer<T>(result: &Result<T, Refusal>, granted: impl FnOnce(&T) -> Answer) -> Answer {
    result.as_ref().map_or_else(|refusal| Answer::Refused(refusal.clone()), granted)
}

proptest! {
    #![proptest_config(crate::cases(300))]

    /// Laws 2, 3 and 7, as inequalities: at the ends of time nothing panics, no budget comes back, nothing spent or ended
    /// revives, and no wait is longer than configured.
    #[test]
    fn law7_no_clock_gives_anything_back(ops in prop::collection::vec(far(), 1..80), two in any::<bool>()) {
        let settings = small(if two { ResendPolicy::KeepPrevious } else { ResendPolicy::Replace });
        let world = World::new(settings.clone());
        world.member("jo@example.com");
        let mut laws = Laws::new(settings);
        laws.cut_off();
        let mut sessions: Vec<Session> = vec![];
        for op in ops {
            let now = countersign::host::Clock::now(&*world.clock).unwrap();
            let pick = |n: u8| sessions.len().checked_sub(1 + usize::from(n) % sessions.len().max(1));
            let door = |purpose| match purpose {
                Purpose::ConfirmAction => Door::Account(0),
                _ => Door::Visitor(0),
            };
            let told = match op {
                Far::Clock(at) => {
                    world.clock.set(Timestamp::from_unix_millis(at));
                    Ok(())
                }
                Far::Later(by) => {
                    world.millis(by);
                    Ok(())
                }
                Far::Start(purpose) => {
                    laws.clock(now);
                    let started = world.start(purpose, "jo@example.com");
                    let answer = answer(&started, |started| Answer::Started(started.state));
                    if let Ok(started) = started {
                        sessions.push(Session { ticket: started.session, purpose, codes: vec![world.last_code()] });
                    }
                    laws.answered(door(purpose), None, &answer, purpose)
                }
                Far::Resend(n) => {
                    let Some(index) = pick(n) else { continue };
                    laws.clock(now);
                    let resent = world.resend(&sessions[index].ticket);
                    if resent.is_ok() {
                        sessions[index].codes.push(world.last_code());
                    }
                    let purpose = sessions[index].purpose;
                    let answer = answer(&resent, |resent| Answer::Resent(resent.state));
                    laws.answered(door(purpose), Some(index), &answer, purpose)
                }
                Far::Right(n) | Far::Wrong(n) => {
                    let Some(index) = pick(n) else { continue };
                    laws.clock(now);
                    let Session { ticket, purpose, codes } = &sessions[index];
                    let newest = codes.last().unwrap();
                    let code = if matches!(op, Far::Right(_)) { newest.clone() } else { other(newest) };
                    let verified = world.verify(*purpose, ticket, &code);
                    prop_assert!(verified.is_err() || code == *newest, "law 5 (bound)");
                    let answer = answer(&verified, |verified| Answer::Verified(verified.purpose));
                    laws.answered(door(*purpose), Some(index), &answer, *purpose)
                }
            };
            told.map_err(TestCaseError::fail)?;
        }
    }
}

fn other(code: &str) -> String {
    // The helper of the harness knows codes of six digits.
    let last = code.len() - 6;
    format!("{}{}", &code[..last], wrong(&code[last..]))
}
