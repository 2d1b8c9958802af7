//! Messages that somebody can be sent in a day, whatever the rules leave open.

use core::time::Duration;

use countersign::policy::Price;
use countersign::*;

use super::Figure;
use crate::common::{IntoResult, World};
use crate::owner::{APP, MAILED, NONE};
use crate::people::{PASSWORD, Person, knock};

const VICTIM: &str = "jo@example.com";
const DAY: Duration = Duration::from_secs(86_400);

/// A way to have a message sent: when it may be tried again.
type Way<'a> = Box<dyn FnMut(&World) -> Result<(), Timestamp> + 'a>;

fn world(settings: &Settings) -> World {
    let mut settings = settings.clone();
    settings.passwords.min_code_points = 8;
    settings.factors.required = false;
    World::new(settings)
}

fn again<T>(world: &World, answer: Result<T, Refusal>) -> Result<(), Timestamp> {
    match answer {
        Ok(_) => Ok(()),
        Err(Refusal::Limited { retry_at, .. }) => Err(retry_at),
        Err(_) => Err(world.now().saturating_add(Duration::from_secs(60))),
    }
}

/// Goes all the ways whenever one is open, for a day; how many messages came, by kind.
fn sent(world: &World, mut ways: Vec<Way<'_>>) -> (u64, String) {
    let start = world.now();
    let end = start.saturating_add(DAY);
    let mut open: Vec<Timestamp> = ways.iter().map(|_| start).collect();
    world.seen.mail.lock().unwrap().clear();
    let mut kinds = std::collections::BTreeMap::new();
    while let Some((at, next)) =
        open.iter().enumerate().min_by_key(|(_, at)| **at).map(|(at, next)| (at, *next))
    {
        if next >= end {
            break;
        }
        world.clock.set(world.now().max(next));
        let now = world.now();
        open[at] = match ways[at](world) {
            Ok(()) => now,
            Err(retry_at) => retry_at.max(now.saturating_add(Duration::from_millis(1))),
        };
        for mail in world.seen.mail.lock().unwrap().drain(..) {
            let counts = !mail.suppressed && mail.to.as_str() == VICTIM && now < end;
            // Security notices are apart: each tells of a change, or of one that begins.
            let notice = mail.code.is_none() && mail.link.is_none() && !mail.kind.name().contains("taken");
            if counts && !notice {
                *kinds.entry(mail.kind.name()).or_insert(0_u64) += 1;
            }
        }
        world.calls();
        world.events();
    }
    let all = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ");
    (kinds.values().sum(), all)
}

fn starting<'a>(purpose: Purpose) -> Way<'a> {
    Box::new(move |world| again(world, world.start(purpose, VICTIM)))
}

fn strangers(settings: &Settings) -> (u64, String) {
    let mut best = (0, String::new());
    // Whether the owner has an account there matters to what is sent.
    for known in [true, false] {
        let world = world(settings);
        if known {
            let _ = world.member(VICTIM);
        }
        // Whoever has accounts may say that the address is to be theirs; each has a limit of its own, and so they take turns.
        let movers: Vec<Person> =
            (0..40).map(|n| world.person(&format!("mallory{n}@example.org"), NONE)).collect();
        world.seconds(3 * 86_400);
        let mut sessions: Vec<_> = movers.iter().map(|mover| mover.session.clone()).collect();
        let mut turn = 0;
        let moving = Box::new(move |world: &World| {
            turn = (turn + 1) % movers.len();
            if world.check(&sessions[turn]).is_err() {
                sessions[turn] = world.trying_session(&movers[turn]);
            }
            again(world, world.move_to(&sessions[turn], Some(PASSWORD), VICTIM))
        });
        let ways =
            vec![starting(Purpose::SignUp), starting(Purpose::SignIn), starting(Purpose::Recover), moving];
        let got = sent(&world, ways);
        if got.0 > best.0 {
            best = got;
        }
    }
    best
}

/// Whoever knows the password, has a session, and perhaps a trusted device.
fn owners(settings: &Settings, with_device: bool, mailed: bool) -> (u64, String) {
    let world = world(settings);
    let mut person = world.owner(VICTIM, if mailed { MAILED } else { APP });
    let device = with_device.then(|| world.device(&mut person));
    if !mailed {
        // The wait for a lost app is begun before, so that its codes can be asked for.
        world.seconds(90);
        let _ = world.lost(&world.login(VICTIM));
    }
    world.seconds(i64::try_from(settings.recovery.factor_wait.as_secs()).unwrap() + 60);
    person.session = world.trying_session(&person);
    let session = person.session.clone();
    let mut ways = vec![starting(Purpose::ConfirmAction)];
    let by_session = session.clone();
    ways.push(Box::new(move |world: &World| again(world, world.step_up_code(&by_session))));
    for device in [None, device.clone()].into_iter().take(1 + usize::from(device.is_some())) {
        let mut device = device.clone();
        ways.push(Box::new(move |world: &World| {
            let request =
                PasswordSignIn { device: device.clone(), ..knock(VICTIM, PASSWORD, Steps::Stepwise) };
            let second = match world.ask(request).into_result() {
                Ok(Progress::SecondFactor(second)) => second,
                other => return again(world, other).and(Err(Timestamp::MAX)),
            };
            device = second.device.clone().or(device.take());
            if mailed {
                let wait = second.state.and_then(|state| state.resend_at);
                let minute = world.now().saturating_add(Duration::from_secs(60));
                return if second.mailed { Ok(()) } else { Err(wait.unwrap_or(minute)) };
            }
            again(world, world.lost(&second.login.unwrap()))
        }));
    }
    sent(&world, ways)
}

impl World {
    /// The session there is, or another if it has ended of not being used.
    fn trying_session(&self, person: &Person) -> Ticket<Session> {
        if self.check(&person.session).is_ok() { person.session.clone() } else { self.fresh(person) }
    }
}

const WAYS: &str =
    "an account either has an app, and its recovery, or mailed codes: not all four purposes at once";

pub(super) fn figures(settings: &Settings) -> Vec<Figure> {
    let (simulated, by) = strangers(settings);
    let what = "mails a day, by strangers";
    let of: fn(&Price) -> u64 = |price| price.mails_by_strangers_per_day;
    let mut figures = vec![Figure { what, of, computed: 0, simulated, by, loose: None }];
    for (what, device) in
        [("mails a day, by the signed-in", false), ("mails a day, by the signed-in with a device", true)]
    {
        let kinds = [false, true].into_iter().filter(|mailed| !mailed || settings.factors.mailed_code);
        let (simulated, by) = kinds.map(|mailed| owners(settings, device, mailed)).max().unwrap();
        let of: fn(&Price) -> u64 = |price| price.mails_by_owner_per_day;
        figures.push(Figure { what, of, computed: 0, simulated, by, loose: Some(WAYS) });
    }
    figures
}
