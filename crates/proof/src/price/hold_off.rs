//! How long strangers keep the owner waiting.

use core::time::Duration;

use countersign::policy::{Price, RULE_GUESSES_LOCK};
use countersign::*;

use super::Figure;
use super::guesses::YEAR;
use crate::common::{IntoResult, World};
use crate::owner::NONE;
use crate::people::{PASSWORD, WRONG_PASSWORD, knock};

const WHO: &str = "jo@example.com";

/// The longest that the owner, with the right password, was told to wait; by a lock, and by anything.
fn longest(settings: &Settings, patient: bool) -> (Duration, Duration, &'static str) {
    let mut settled = settings.clone();
    settled.passwords.min_code_points = 8;
    settled.factors.required = false;
    let world = World::new(settled);
    let _ = world.owner(WHO, NONE);
    world.seconds(400 * 86_400);
    let start = world.now();
    let (mut lock, mut wait, mut by) = (Duration::ZERO, Duration::ZERO, "");
    let (guesses, mut answered) = (&settings.guesses, Vec::<Timestamp>::new());
    while world.now().since(start) < YEAR {
        let recent =
            answered.iter().rev().take_while(|at| world.now().since(**at) < guesses.free.window).count();
        let left = guesses.long.count as usize
            - answered.iter().rev().take_while(|at| world.now().since(**at) < guesses.long.window).count();
        if patient && recent + 1 >= guesses.free.count as usize && guesses.free.count > 1 && left > 1 {
            let oldest = answered[answered.len() + 1 - guesses.free.count as usize];
            world.clock.set(oldest.saturating_add(guesses.free.window));
            continue;
        }
        match world.ask(knock(WHO, WRONG_PASSWORD, Steps::Stepwise)).into_result() {
            Err(Refusal::InvalidCredentials) => {
                answered.push(world.now());
                let right = world.trying(|| world.ask(knock(WHO, PASSWORD, Steps::Stepwise)).into_result());
                if let Err(Refusal::Limited { rule, retry_after, .. }) = right {
                    if rule == RULE_GUESSES_LOCK {
                        lock = lock.max(retry_after);
                    }
                    if retry_after > wait {
                        (wait, by) = (retry_after, rule);
                    }
                }
            }
            Err(Refusal::Limited { retry_at, .. }) => world.clock.set(retry_at),
            other => panic!("{other:?}"),
        }
        world.calls();
        world.events();
        world.seen.mail.lock().unwrap().clear();
    }
    (lock, wait, by)
}

const SENDS: &str = "the longest wait is another door's: of sends, sessions or links, not of passwords";
const SHORT_OF: &str =
    "the locks before it take their time: the long rule shuts first, or the step is forgotten";
const FILLING: &str = "the window runs from the first guess, and the last that fills it comes later";

pub(super) fn figures(settings: &Settings, price: &Price) -> Vec<Figure> {
    let (greedy, patient) = (longest(settings, false), longest(settings, true));
    let lock = greedy.0.max(patient.0);
    let (wait, by) = [greedy, patient].map(|(_, wait, by)| (wait, by)).into_iter().max().unwrap();
    let hold_off = price.hold_off;
    let seconds = |span: Duration| span.as_secs();
    let guessing = hold_off.rule.starts_with("guesses");
    let mut loose = (!guessing).then_some(SENDS);
    if guessing
        && settings.guesses.free.window.saturating_mul(settings.guesses.long.count)
            > settings.guesses.long.window / 100
    {
        loose = Some(FILLING);
    }
    // As many locks in a row as it takes to come to the longest.
    let doublings =
        (hold_off.longest_lock.as_secs() / settings.guesses.lock.as_secs().max(1)).max(1).ilog2() + 2;
    let enough = settings.guesses.free.count + doublings <= settings.guesses.long.count
        && settings.guesses.forget_lock_after > Duration::ZERO;
    vec![
        Figure {
            what: "longest lock, seconds",
            of: |price| price.hold_off.longest_lock.as_secs(),
            computed: 0,
            simulated: seconds(lock),
            by: "a wrong password whenever one is answered".to_owned(),
            loose: (!enough).then_some(SHORT_OF),
        },
        Figure {
            what: "longest wait, seconds",
            of: |price| price.hold_off.longest_wait.as_secs(),
            computed: 0,
            simulated: seconds(wait),
            by: format!("rule {by}"),
            loose,
        },
    ]
}
