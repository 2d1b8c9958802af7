//! Law 8, indistinguishable, and law 9, locks are local: what strangers may learn, and what they may spoil.

use core::fmt::Debug;
use core::time::Duration;

use countersign::host::Clock;
use countersign::policy::ResendPolicy;
use countersign::record::RecordKind;
use countersign::*;
use proptest::prelude::*;

use crate::common::{START, STARTED, World, id, sign_up, sign_up_link};
use crate::otp::drive::{Act, End, drive};
use crate::otp::small::small;

const WHO: &str = "jo@example.com";
const PASSING_BY: [Purpose; 3] = [Purpose::SignUp, Purpose::SignIn, Purpose::Recover];

/// What somebody may send who reads no mail of Jo's; and time, which passes for everybody.
#[derive(Clone, Debug)]
enum Stranger {
    Start(Purpose, u8),
    Resend(u8),
    Guess { session: u8, door: Option<Purpose>, code: &'static str, client: u8 },
    Cancel(u8),
    Redeem,
    Later(i64),
}

fn stranger() -> impl Strategy<Value = Stranger> {
    let seconds = vec![1000, 1001, 2000, 3000, 3999, 4000, 5000, 6000, 8000, 10_000, 18_000, 25_000, 45_000];
    let codes = vec!["0000000000", "1234567890", "", "12", "abcdef", "٠١٢٣٤٥٦٧٨٩"];
    let door = prop::option::weighted(0.15, prop::sample::select(&STARTED[..]));
    prop_oneof![
        4 => (prop::sample::select(&PASSING_BY[..]), 0..2_u8)
            .prop_map(|(purpose, client)| Stranger::Start(purpose, client)),
        2 => (0..3_u8).prop_map(Stranger::Resend),
        6 => (0..3_u8, door, prop::sample::select(codes), 0..2_u8)
            .prop_map(|(session, door, code, client)| Stranger::Guess { session, door, code, client }),
        1 => (0..3_u8).prop_map(Stranger::Cancel),
        1 => Just(Stranger::Redeem),
        4 => prop::sample::select(seconds).prop_map(Stranger::Later),
    ]
}

/// Who has the door that strangers knock at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Owner {
    Nobody,
    /// Signed up.
    Member,
    /// Known to the host from before, by another address.
    Legacy,
    /// Typed so many wrong codes that the factor is disabled.
    Disabled,
    /// Confirms actions all the time, right and wrong.
    Active,
}

struct Street {
    world: World,
    owner: Owner,
    given: Vec<(Purpose, Ticket<OtpSession>)>,
    /// A link that was mailed to somebody else.
    link: Ticket<SignUpLink>,
}

/// Everything of an operation that shows, or may show in how long it takes and what it leaves.
type Trace = (String, usize, String);

impl Street {
    fn new(owner: Owner, resend: ResendPolicy) -> Self {
        let world = World::new(small(resend));
        world.sign_up("else@example.com").unwrap();
        let link = sign_up_link(&world.last_mail()).unwrap();
        match owner {
            Owner::Nobody => {}
            Owner::Legacy => {
                let entry = DirectoryEntry {
                    identifier: WHO.into(),
                    account: AccountId::new("an-id-from-long-before-this-library").unwrap(),
                    address: Address::parse("Jo.Somebody@mail.example.com").unwrap(),
                    legacy: Some(PasswordHash::new("$test$00").unwrap()),
                    address_proven: true,
                };
                world.seen.accounts.lock().unwrap().insert(WHO.to_owned(), entry);
            }
            Owner::Member | Owner::Active | Owner::Disabled => drop(world.member(WHO)),
        }
        let mut disabled = owner != Owner::Disabled;
        while !disabled {
            world.seconds(9);
            if let Ok(started) = world.start(Purpose::ConfirmAction, WHO) {
                let guess = world.verify(Purpose::ConfirmAction, &started.session, "0000000000");
                disabled = matches!(guess, Err(Refusal::FactorDisabled));
            }
        }
        // So long after that all else is forgotten; the same moment on every street.
        world.clock.set(START.saturating_add(Duration::from_secs(100_000)));
        world.seen.rows.lock().unwrap().retain(|key, _| key.kind() == Some(RecordKind::Account));
        Self { world, owner, given: vec![], link }
    }

    fn now(&self) -> Timestamp {
        self.world.clock.now().unwrap()
    }

    fn drive<R: Request>(&self, request: R) -> End<R::Output> {
        drive(&self.world, request, self.now(), &mut |_, _| Act::Go)
    }

    /// What a stranger does, and everything that shows of it.
    fn knock(&mut self, stranger: &Stranger) -> Option<Trace> {
        let client = |number: &u8| if *number == 0 { Client::unmetered() } else { Client::named(b"s") };
        let pick = |n: u8| self.given.iter().rev().cycle().take(self.given.len() * 4).nth(n.into());
        let (identifier, locale) = (id(WHO), None);
        match stranger {
            Stranger::Start(purpose, number) => {
                let client = client(number);
                let end = match purpose {
                    Purpose::SignUp => self.drive(SignUp { client, ..sign_up(WHO) }),
                    Purpose::SignIn => self.drive(SignIn { client, identifier, locale }),
                    _ => self.drive(Recover { client, identifier, locale }),
                };
                if let Some(Verdict::Granted(started)) = end.outcome.as_ref().map(|outcome| &outcome.verdict)
                {
                    self.given.push((*purpose, started.session.clone()));
                }
                Some(trace(&end))
            }
            Stranger::Resend(session) => {
                let session = pick(*session)?.1.clone();
                Some(trace(&self.drive(Resend { client: Client::unmetered(), session })))
            }
            Stranger::Guess { session, door, code, client: number } => {
                let (purpose, session) = pick(*session)?.clone();
                let (client, purpose) = (client(number), door.unwrap_or(purpose));
                let code = Code::typed(code);
                Some(trace(&self.drive(Verify {
                    client,
                    purpose,
                    session,
                    code,
                    identifier: None,
                    enter: None,
                })))
            }
            Stranger::Cancel(session) => {
                let session = pick(*session)?.1.clone();
                Some(trace(&self.drive(Cancel { client: Client::unmetered(), session })))
            }
            Stranger::Redeem => {
                let SignUp { client, identifier, password, profile, .. } = sign_up(WHO);
                let link = self.link.clone();
                Some(trace(&self.drive(RedeemSignUp { client, link, identifier, password, profile })))
            }
            Stranger::Later(millis) => {
                self.world.millis(*millis);
                None
            }
        }
    }

    /// What the owner does in between, if there is one who does.
    fn live(&self, turn: usize) {
        if self.owner != Owner::Active {
            return;
        }
        if let Ok(started) = self.world.start(Purpose::ConfirmAction, WHO) {
            let code = if turn.is_multiple_of(3) { self.world.last_code() } else { "0000000000".to_owned() };
            let _ = self.world.verify(Purpose::ConfirmAction, &started.session, &code);
            let _ = self.world.cancel(&started.session);
        }
    }
}

/// What shows: the answer, with what is drawn at random taken out; the host's calls in order; the rows written, with their
/// keys, sizes and expiries; how many messages were handed over. What is in a message does not show.
fn trace<O: Debug>(end: &End<O>) -> Trace {
    let seen = format!("{:?} {:?} {:?} {:?}", end.outcome, end.error, end.stages, end.written);
    let mail: Vec<_> = end.mail.iter().map(|mail| (mail.issued_at, &mail.locale)).collect();
    (seen, mail.len(), format!("{mail:?}"))
}

proptest! {
    #![proptest_config(crate::cases(150))]

    /// Law 8, B062-B067: whatever strangers do at a door, they see the same whoever lives there.
    #[test]
    fn law8_nobody_can_tell_who_lives_there(
        knocks in prop::collection::vec(stranger(), 1..50),
        two in any::<bool>(),
    ) {
        let resend = if two { ResendPolicy::KeepPrevious } else { ResendPolicy::Replace };
        let owners = [Owner::Nobody, Owner::Member, Owner::Legacy, Owner::Disabled, Owner::Active];
        let mut streets = owners.map(|owner| Street::new(owner, resend));
        for (turn, knock) in knocks.iter().enumerate() {
            let mut nobody = None;
            for street in &mut streets {
                street.live(turn);
                let trace = street.knock(knock);
                let expected = nobody.get_or_insert_with(|| trace.clone());
                prop_assert_eq!(
                    &*expected, &trace, "law 8 (indistinguishable): nobody, or {:?}, at {:?}", street.owner, knock
                );
            }
        }
    }

    /// Law 9, B068, B069: whatever strangers do at a door, its owner's own sessions, the account's record, and other doors do
    /// what they would have done without them.
    #[test]
    fn law9_strangers_spoil_nothing_of_the_owners(
        knocks in prop::collection::vec(stranger(), 1..60),
        own in prop::collection::vec((0..6_u8, any::<bool>()), 60),
    ) {
        let owners = [Owner::Member, Owner::Member];
        let [mut noisy, quiet] = owners.map(|owner| Street::new(owner, ResendPolicy::Replace));
        let mut sessions: [Vec<(Purpose, Ticket<OtpSession>, String)>; 2] = [vec![], vec![]];
        for (knock, (what, elsewhere)) in knocks.iter().zip(own) {
            let _ = noisy.knock(knock);
            if let Stranger::Later(millis) = knock {
                quiet.world.millis(*millis);
            }
            let told = [(&noisy.world, 0), (&quiet.world, 1)].map(|(world, at)| {
                let mine: &mut Vec<_> = &mut sessions[at];
                let last = mine.last().cloned();
                match (what, last) {
                    (0, _) | (_, None) => {
                        // On the account's own record, or at another door.
                        let started = if elsewhere {
                            (Purpose::SignIn, world.start(Purpose::SignIn, "next@example.com"))
                        } else {
                            (Purpose::ConfirmAction, world.start(Purpose::ConfirmAction, WHO))
                        };
                        if let (purpose, Ok(Started { session, .. })) = &started {
                            let code = world.last_mail().code;
                            let code = code.map_or_else(|| "1111111111".to_owned(), |code| code.expose().to_owned());
                            mine.push((*purpose, session.clone(), code));
                        }
                        format!("{started:?}")
                    }
                    (1, Some((_, session, _))) => {
                        let resent = world.resend(&session);
                        if let (Ok(_), Some(code)) = (&resent, world.last_mail().code) {
                            mine.last_mut().unwrap().2 = code.expose().to_owned();
                        }
                        format!("{resent:?}")
                    }
                    (2, Some((purpose, session, code))) => format!("{:?}", world.verify(purpose, &session, &code)),
                    (3, Some((_, session, _))) => format!("{:?}", world.cancel(&session)),
                    (_, Some((purpose, session, _))) => {
                        format!("{:?}", world.verify(purpose, &session, "0000000000"))
                    }
                }
            });
            prop_assert_eq!(&told[0], &told[1], "law 9 (locks are local), after {:?}", knock);
        }
        // Strangers write visitors' records and meters, never the account's.
        let accounts = |street: &Street| {
            let rows = street.world.seen.rows.lock().unwrap();
            rows.keys().filter(|key| key.kind() == Some(RecordKind::Account)).count()
        };
        prop_assert_eq!(accounts(&noisy), accounts(&quiet));
    }
}

/// Law 9: strangers who have spent all guesses, all messages and all sessions at a free address cannot keep its owner from
/// signing up by the link that was mailed to him.
#[test]
fn law9_a_mailed_link_is_outside_every_limit() {
    let world = World::new(small(ResendPolicy::Replace));
    let started = world.sign_up("new@example.org").unwrap();
    let link = sign_up_link(&world.last_mail()).unwrap();
    for purpose in PASSING_BY.into_iter().cycle().take(60) {
        if let Ok(session) = world.start(purpose, "new@example.org") {
            for _ in 0..2 {
                let _ = world.verify(purpose, &session.session, "0000000000");
            }
        }
        world.millis(500);
    }
    let _ = world.cancel(&started.session);
    let SignUp { client, identifier, password, profile, .. } = sign_up("new@example.org");
    let request = RedeemSignUp { client, link, identifier, password, profile };
    let verdict = world.ask(request);
    assert!(matches!(verdict, Verdict::Granted(_)), "law 9 (locks are local): {verdict:?}");
}

/// Law 9: a stranger's locked guesses at signing in leave the other purposes' messages alone, and the account's own guesses.
#[test]
fn law9_a_lock_blocks_only_its_own_partition() {
    let world = World::new(small(ResendPolicy::Replace));
    world.member(WHO);
    let mut limited = None;
    while limited.is_none() {
        world.seconds(1);
        if let Ok(started) = world.start(Purpose::SignIn, WHO) {
            for _ in 0..3 {
                if let Err(Refusal::Limited { rule, .. }) =
                    world.verify(Purpose::SignIn, &started.session, "0000000000")
                {
                    limited = Some(rule);
                }
            }
        }
    }
    assert_eq!(limited, Some("guesses_lock"));
    assert!(world.start(Purpose::Recover, WHO).is_ok(), "another purpose's messages");
    let started = world.start(Purpose::ConfirmAction, WHO).unwrap();
    assert_eq!(started.state.attempts_left, 2, "another partition's guesses");
    let code = world.last_code();
    assert!(world.verify(Purpose::ConfirmAction, &started.session, &code).is_ok());
    let started = world.start(Purpose::SignIn, "next@example.com").unwrap();
    assert_eq!(started.state.attempts_left, 2, "another identifier's guesses");
}
