//! Law 8 for the ways back: whatever is asked at somebody's door by who has neither password nor mailbox, what shows is the same whoever
//! lives there.

use core::fmt::Debug;
use std::sync::{Mutex, OnceLock};

use countersign::policy::ResendPolicy;
use countersign::record::RecordKind;
use countersign::*;
use proptest::prelude::*;

use crate::attacker::forge;
use crate::common::{IntoResult, START, World, id, sign_up, verify};
use crate::drive::{Act, End, Stage, drive};
use crate::household::WHO;
use crate::owner::*;
use crate::people::*;
use crate::small::small;

/// The stranger's own account, the same on every street.
const OWN: &str = "else@example.com";

/// Who has the door that strangers knock at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Owner {
    Nobody,
    Password,
    App,
    /// With an app, mailed codes, a device, a wait that is over, an enrolment.
    Everything,
    Suspended,
    /// Asked for another password.
    Asked,
    /// Known to the host from before.
    Legacy,
    LegacyUnproven,
    /// The same, and taken over by a sign-in.
    Unproven,
    Deleted,
    /// Deleted, and cut off before the address was free.
    HalfDeleted,
    /// On the way to another address, cut off before the directory was told.
    Moving,
    /// The same, cut off after it.
    Moved,
}

impl Owner {
    const ALL: [Self; 13] = [
        Self::Nobody,
        Self::Password,
        Self::App,
        Self::Everything,
        Self::Suspended,
        Self::Asked,
        Self::Legacy,
        Self::LegacyUnproven,
        Self::Unproven,
        Self::Deleted,
        Self::HalfDeleted,
        Self::Moving,
        Self::Moved,
    ];
}

struct Street {
    world: World,
    owner: Owner,
    session: Ticket<Session>,
    device: Ticket<Device>,
    grant: Ticket<ResetGrant>,
    login: Ticket<Login>,
    link: Ticket<RecoveryLink>,
    stop: Ticket<CancelLink>,
    /// What the stranger was given at the door.
    given: Vec<(Purpose, Ticket<OtpSession>)>,
    kept: Kept,
}

/// Everything of an operation that shows, or may show in how long it takes and what it leaves.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Trace {
    told: String,
    calls: String,
    written: String,
    mail: String,
}

fn trace<O: Debug>(end: &End<O>) -> Trace {
    let mail: Vec<_> = end.mail.iter().map(|mail| (mail.issued_at, &mail.locale)).collect();
    let calls: Vec<_> = end.stages.iter().filter(|stage| !matches!(stage, Stage::Commit(_))).collect();
    Trace {
        told: format!("{:?} {:?}", end.outcome, end.error),
        calls: format!("{calls:?}"),
        written: format!("{:?}", end.written),
        mail: format!("{mail:?}"),
    }
}

/// Runs a request up to a stage of that kind, which breaks off with its effect.
fn cut_off<R: Request>(world: &World, request: R, at: Stage, act: Act) {
    let end = drive(world, request, world.now(), &mut |_, stage| if stage == at { act } else { Act::Go });
    assert!(end.outcome.is_none());
}

fn moves_in(world: &World, owner: Owner) {
    let has = match owner {
        Owner::App => APP,
        Owner::Everything => BOTH,
        _ => NONE,
    };
    if matches!(owner, Owner::Legacy | Owner::LegacyUnproven | Owner::Unproven) {
        let _ = world.legacy(WHO, owner == Owner::Legacy);
        if owner == Owner::Unproven {
            let _ = session(world.stepwise(WHO, PASSWORD).unwrap());
        }
        return;
    }
    if owner == Owner::Nobody {
        return;
    }
    let mut person = world.owner(WHO, has);
    let delete = DeleteAccount { client: client(), session: person.session.clone(), password: None };
    let moving = || {
        let started = world.move_to(&person.session, None, "jo@new.example.org").unwrap();
        verify(Purpose::ChangeAddress, &started.session, &world.last_code())
    };
    match owner {
        Owner::Everything => {
            let _ = world.device(&mut person);
            let _ = world.enrol(&person.session).unwrap();
            world.seconds(61);
            let _ = world.lost(&world.login(WHO)).unwrap();
        }
        Owner::Suspended => world.suspend(&person.account, true),
        Owner::Asked => {
            let _ = world.ask(RequirePasswordChange { account: person.account }).into_result().unwrap();
        }
        Owner::Deleted => drop(world.ask(delete).into_result().unwrap()),
        Owner::HalfDeleted => cut_off(world, delete, Stage::Release, Act::Crash),
        Owner::Moving => cut_off(world, moving(), Stage::Rename, Act::Crash),
        Owner::Moved => cut_off(world, moving(), Stage::Rename, Act::Lose),
        _ => {}
    }
}

impl Street {
    fn new(owner: Owner) -> Self {
        let world = World::new(small(ResendPolicy::Replace));
        let mut own = world.owner(OWN, APP);
        moves_in(&world, owner);
        // So long after that all else is forgotten, and the wait is over; the same moment on every street.
        world.clock.set(START.saturating_add(core::time::Duration::from_secs(400_000)));
        own.session = world.fresh(&own);
        let device = world.trust(&own.session).unwrap().device;
        world.seconds(2);
        let login = world.login(OWN);
        let _ = world.lost(&login).unwrap();
        let stop = cancel_link(&world.last_mail()).unwrap();
        let grant = world.granted(OWN).unwrap().grant;
        world.seconds(2);
        let _ = world.start(Purpose::Recover, OWN).unwrap();
        let link = recovery_link(&world.last_mail()).unwrap();
        // Of the door at which they knock nobody has tried anything yet.
        let kept = world.keep();
        let session = own.session;
        Self { world, owner, session, device, grant, login, link, stop, given: vec![], kept }
    }

    fn drive<R: Request>(&self, request: R) -> End<R::Output> {
        drive(&self.world, request, self.world.now(), &mut |_, _| Act::Go)
    }

    fn starts<R: Request<Output = Started>>(&mut self, purpose: Purpose, request: R) -> Option<Trace> {
        let end = self.drive(request);
        if let Some(Verdict::Granted(started)) = end.outcome.as_ref().map(|outcome| &outcome.verdict) {
            self.given.push((purpose, started.session.clone()));
        }
        Some(trace(&end))
    }

    /// What a stranger does, and everything that shows of it.
    fn knock(&mut self, knock: Knock) -> Option<Trace> {
        let Knock { what, which, forged, client: number } = knock;
        let client = if number == 0 { client() } else { Client::named(b"s") };
        let identifier = id(["jo@example.com", "Jo@EXAMPLE.com"][usize::from(which) % 2]);
        let (label, locale) = (label(), None);
        let typed = password([WRONG_PASSWORD, "mypassword1!", "short"][usize::from(which) % 3]);
        let given = self.given.iter().rev().nth(usize::from(which) % 3).cloned();
        match what {
            What::Recover => self.starts(Purpose::Recover, Recover { client, identifier, locale }),
            What::SignIn => self.starts(Purpose::SignIn, SignIn { client, identifier, locale }),
            What::SignUp => {
                let request = SignUp { client, identifier, password: typed, ..sign_up(WHO) };
                self.starts(Purpose::SignUp, request)
            }
            What::MoveThere => {
                let session = self.session.clone();
                let request = ChangeAddress { client, session, password: None, to: identifier, locale };
                self.starts(Purpose::ChangeAddress, request)
            }
            What::Guess => {
                let (purpose, session) = given?;
                let code = Code::typed(["0000000000", "12", "no code"][usize::from(which) % 3]);
                let request = Verify { client, code, ..verify(purpose, &session, "") };
                Some(trace(&self.drive(request)))
            }
            What::Resend => Some(trace(&self.drive(Resend { client, session: given?.1 }))),
            What::Cancel => Some(trace(&self.drive(Cancel { client, session: given?.1 }))),
            What::OnOwnDevice => {
                let (device, steps) = (Some(forge(self.device.clone(), forged)), Steps::Stepwise);
                let request =
                    PasswordSignIn { client, identifier, password: typed, steps, label, locale, device };
                Some(trace(&self.drive(request)))
            }
            What::Tickets => Some(self.tickets(which, forged, client)),
            What::Later(millis) => {
                self.world.millis(millis);
                None
            }
        }
    }

    /// Tickets of one's own, or with a character changed: where such a one leads is chance, what is told is not.
    fn tickets(&self, which: u8, forged: Option<u8>, client: Client) -> Trace {
        let (login, password, proof) = (forge(self.login.clone(), forged), password(NEW_PASSWORD), None);
        let mut trace = match which % 5 {
            0 => trace(&self.drive(RedeemRecovery { client, link: forge(self.link.clone(), forged) })),
            1 => {
                let grant = forge(self.grant.clone(), forged);
                trace(&self.drive(ResetPassword { client, grant, password, proof, label: label() }))
            }
            2 => trace(&self.drive(RecoverFactor { client, login, locale: None })),
            3 => trace(&self.drive(ResetFactors { client, login, code: Code::typed("no code") })),
            _ => trace(&self.drive(CancelFactorRecovery { client, link: forge(self.stop.clone(), forged) })),
        };
        if forged.is_some() {
            (trace.calls, trace.written) = (String::new(), String::new());
        }
        trace
    }
}

#[derive(Clone, Copy, Debug)]
enum What {
    Recover,
    SignIn,
    SignUp,
    MoveThere,
    Guess,
    Resend,
    Cancel,
    OnOwnDevice,
    Tickets,
    Later(i64),
}

#[derive(Clone, Copy, Debug)]
struct Knock {
    what: What,
    which: u8,
    forged: Option<u8>,
    client: u8,
}

fn knock() -> impl Strategy<Value = Knock> {
    let later = vec![1_i64, 999, 1000, 2000, 5000, 9000, 18_000, 45_000, 1_300_000, -1, -1999, -60_000];
    let what = prop_oneof![
        5 => Just(What::Recover),
        1 => Just(What::SignIn),
        1 => Just(What::SignUp),
        3 => Just(What::MoveThere),
        5 => Just(What::Guess),
        1 => Just(What::Resend),
        1 => Just(What::Cancel),
        3 => Just(What::OnOwnDevice),
        2 => Just(What::Tickets),
        6 => prop::sample::select(later).prop_map(What::Later),
    ];
    (what, any::<u8>(), prop::option::weighted(0.3, 0..40_u8), 0..2_u8)
        .prop_map(|(what, which, forged, client)| Knock { what, which, forged, client })
}

fn streets() -> &'static Mutex<Vec<Street>> {
    static BUILT: OnceLock<Mutex<Vec<Street>>> = OnceLock::new();
    BUILT.get_or_init(|| {
        let streets: Vec<_> = Owner::ALL.map(Street::new).into();
        for street in &streets {
            let visitors = |key: &record::RecordKey| key.kind() == Some(RecordKind::Visitor);
            street.world.seen.rows.lock().unwrap().retain(|key, _| !visitors(key));
        }
        let kept = streets.into_iter().map(|street| Street { kept: street.world.keep(), ..street });
        Mutex::new(kept.collect())
    })
}

proptest! {
    #![proptest_config(crate::cases(60))]

    /// Law 8, R75, B061-B067: nobody, somebody with a password, an app, all there is; suspended, unproven, deleted or moving: the same answers,
    /// messages, calls and rows.
    #[test]
    fn law8_r75_no_way_back_tells_who_lives_there(knocks in prop::collection::vec(knock(), 1..40)) {
        let mut streets = streets().lock().unwrap_or_else(|broken| broken.into_inner());
        for street in streets.iter_mut() {
            street.world.put_back(&street.kept);
            street.given.clear();
        }
        for knock in knocks {
            let mut nobody: Option<Option<Trace>> = None;
            for street in streets.iter_mut() {
                let trace = street.knock(knock);
                let expected = nobody.get_or_insert_with(|| trace.clone());
                prop_assert_eq!(&*expected, &trace, "law 8: nobody, or {:?}, at {:?}", street.owner, knock);
            }
        }
    }
}

/// What the owners get is another matter, and shows that they are who they are.
#[test]
fn the_streets_differ_in_who_lives_there() {
    let mut streets = streets().lock().unwrap_or_else(|broken| broken.into_inner());
    let reached: Vec<_> = streets
        .iter_mut()
        .map(|street| {
            street.world.put_back(&street.kept);
            let _ = street.world.start(Purpose::Recover, WHO).unwrap();
            (street.owner, !street.world.last_mail().suppressed)
        })
        .filter_map(|(owner, sent)| sent.then_some(owner))
        .collect();
    let all = [
        Owner::Password,
        Owner::App,
        Owner::Everything,
        Owner::Suspended,
        Owner::Asked,
        Owner::Legacy,
        Owner::Moving,
    ];
    assert_eq!(reached, all);
}
