//! Law 8, indistinguishable: whatever is sent by somebody without a right password who reads no mail, what shows is the same whoever
//! lives there, and while the owner comes and goes.

use countersign::*;
use proptest::prelude::*;

use crate::common::{id, sign_up};
use crate::people::*;
use crate::streets::{OWN, Owner, Street, Trace, WHO, trace};

const SPELLINGS: [&str; 3] = [WHO, "Jo@EXAMPLE.com", " JO@example.com "];
const CODES: [&str; 6] = ["0000000000", "1234567890", "", "12", "abcdef", "٠١٢٣٤٥٦٧٨٩"];
/// What strangers try, and what they sign up with. The owner's is not among them.
const TRIED: [&str; 5] = ["a stranger's own password", WRONG_PASSWORD, "", "mypassword1!", "short"];

/// What somebody may send who has neither the password nor the mailbox; and time, which passes for everybody.
#[derive(Clone, Debug)]
enum Knock {
    Password {
        spelling: usize,
        tried: usize,
        at_once: Option<[bool; 3]>,
        client: u8,
    },
    SignUp {
        spelling: usize,
        tried: usize,
        client: u8,
    },
    SignIn {
        spelling: usize,
        client: u8,
    },
    Recover {
        spelling: usize,
        client: u8,
    },
    ResendSignUp {
        spelling: usize,
        tried: usize,
        session: Option<u8>,
        client: u8,
    },
    Resend(u8),
    Guess {
        session: u8,
        door: Option<Purpose>,
        code: usize,
        claim: bool,
        enter: bool,
        client: u8,
    },
    Cancel(u8),
    /// With a ticket of one's own account, or one of those with a character changed.
    Own {
        what: u8,
        forged: Option<u8>,
        client: u8,
    },
    Later(i64),
    /// The clock is somewhere else altogether.
    Set(i64),
}

fn knock() -> impl Strategy<Value = Knock> {
    let spelling = || 0..SPELLINGS.len();
    let tried = || 0..TRIED.len();
    let client = || 0..2_u8;
    let door = prop::option::weighted(0.15, prop::sample::select(&Purpose::ALL[..]));
    let at_once = || prop::option::of(any::<[bool; 3]>());
    prop_oneof![
        6 => (spelling(), tried(), at_once(), client())
            .prop_map(|(spelling, tried, at_once, client)| Knock::Password { spelling, tried, at_once, client }),
        3 => (spelling(), tried(), client()).prop_map(|(spelling, tried, client)| Knock::SignUp { spelling, tried, client }),
        2 => (spelling(), client()).prop_map(|(spelling, client)| Knock::SignIn { spelling, client }),
        1 => (spelling(), client()).prop_map(|(spelling, client)| Knock::Recover { spelling, client }),
        3 => (spelling(), tried(), prop::option::of(0..3_u8), client())
            .prop_map(|(spelling, tried, session, client)| Knock::ResendSignUp { spelling, tried, session, client }),
        1 => (0..3_u8).prop_map(Knock::Resend),
        4 => (0..3_u8, door, 0..CODES.len(), any::<bool>(), any::<bool>(), client()).prop_map(
            |(session, door, code, claim, enter, client)| Knock::Guess { session, door, code, claim, enter, client }
        ),
        1 => (0..3_u8).prop_map(Knock::Cancel),
        2 => (0..8_u8, prop::option::of(0..40_u8), client()).prop_map(|(what, forged, client)| Knock::Own { what, forged, client }),
        5 => prop::sample::select(vec![1_i64, 999, 1000, 2000, 3000, 5000, 9000, 10_000, 18_000, 45_000, 1_300_000])
            .prop_map(Knock::Later),
    ]
}

/// Clocks that misbehave, too, up to the ends of what can be written.
fn any_clock() -> impl Strategy<Value = Knock> {
    let ends = vec![0, 1, -1, i64::MAX, i64::MAX - 1, i64::MAX - 9000, i64::MIN, i64::MIN + 9000];
    prop_oneof![
        20 => knock(),
        2 => prop::sample::select(vec![-1_i64, -1999, -2000, -2001, -5000, -60_000]).prop_map(Knock::Later),
        1 => prop::sample::select(ends).prop_map(Knock::Set),
        1 => any::<i64>().prop_map(Knock::Set),
    ]
}

/// Written by a request that changes nothing.
const NOTHING: &str = "[]";

fn client(number: u8) -> Client {
    if number == 0 { Client::unmetered() } else { Client::named(b"s") }
}

/// The ticket's text with one character changed.
fn forge<K: TicketKind>(ticket: &Ticket<K>, at: Option<u8>) -> Ticket<K> {
    let mut text = ticket.expose().into_bytes();
    if let Some(at) = at {
        let at = text.len() - 2 - usize::from(at) % 40;
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
    }
    Ticket::parse(std::str::from_utf8(&text).unwrap()).unwrap_or_else(|_| ticket.clone())
}

impl Street {
    /// What a stranger does, and everything that shows of it.
    fn knock(&mut self, knock: &Knock) -> Option<Trace> {
        let pick = |n: u8| self.given.iter().rev().cycle().take(self.given.len() * 4).nth(n.into()).cloned();
        let spelled = |n: usize| id(SPELLINGS[n]);
        let typed = |n: usize| Password::typed(TRIED[n]).unwrap();
        let (label, locale) = (label(), None);
        let end = match *knock {
            Knock::Password { spelling, tried, at_once, client: number } => {
                let code = |sent: bool| sent.then(|| Code::typed("12345678"));
                let proofs = |[totp, mailed, recovery]: [bool; 3]| Proofs {
                    totp: code(totp),
                    mailed_code: code(mailed),
                    recovery_code: recovery.then(no_recovery_code),
                };
                let steps = at_once.map_or(Steps::Stepwise, |sent| Steps::AtOnce(proofs(sent)));
                let (identifier, password, client) = (spelled(spelling), typed(tried), client(number));
                return Some(trace(&self.drive(PasswordSignIn {
                    client,
                    identifier,
                    password,
                    steps,
                    label,
                    locale,
                    device: None,
                })));
            }
            Knock::SignUp { spelling, tried, client: number } => {
                let (identifier, password, client) = (spelled(spelling), typed(tried), client(number));
                let end = self.drive(SignUp { client, identifier, password, ..sign_up(WHO) });
                (Purpose::SignUp, end)
            }
            Knock::SignIn { spelling, client: number } => {
                let end =
                    self.drive(SignIn { client: client(number), identifier: spelled(spelling), locale });
                (Purpose::SignIn, end)
            }
            Knock::Recover { spelling, client: number } => {
                let end =
                    self.drive(Recover { client: client(number), identifier: spelled(spelling), locale });
                (Purpose::Recover, end)
            }
            Knock::ResendSignUp { spelling, tried, session, client: number } => {
                let session = session.and_then(pick).map(|(_, session)| session);
                let (identifier, password, client) = (spelled(spelling), typed(tried), client(number));
                (Purpose::SignUp, self.drive(ResendSignUp { client, identifier, password, session }))
            }
            Knock::Resend(session) => {
                let (_, session) = pick(session)?;
                return Some(trace(&self.drive(Resend { client: Client::unmetered(), session })));
            }
            Knock::Guess { session, door, code, claim, enter, client: number } => {
                let (purpose, session) = pick(session)?;
                let (client, purpose) = (client(number), door.unwrap_or(purpose));
                let (code, identifier, enter) =
                    (Code::typed(CODES[code]), claim.then(|| id(WHO)), enter.then_some(label));
                return Some(trace(&self.drive(Verify {
                    client,
                    purpose,
                    session,
                    code,
                    identifier,
                    enter,
                })));
            }
            Knock::Cancel(session) => {
                let (_, session) = pick(session)?;
                return Some(trace(&self.drive(Cancel { client: Client::unmetered(), session })));
            }
            Knock::Own { what, forged, client: number } => {
                let mut trace = self.own(what, forged, client(number));
                if forged.is_some() && what < 7 {
                    // Where a ticket leads that was tampered with, is chance; what is told, is not.
                    (trace.calls, trace.written) = (String::new(), String::new());
                }
                return Some(trace);
            }
            Knock::Later(millis) => {
                self.world.millis(millis);
                return None;
            }
            Knock::Set(millis) => {
                self.world.clock.set(Timestamp::from_unix_millis(millis));
                return None;
            }
        };
        let (purpose, end) = end;
        if let Some(Verdict::Granted(started)) = end.outcome.as_ref().map(|outcome| &outcome.verdict) {
            self.given.push((purpose, started.session.clone()));
        }
        Some(trace(&end))
    }

    fn own(&self, what: u8, forged: Option<u8>, client: Client) -> Trace {
        let session = forge(&self.stranger.session, forged);
        let login = forge(&self.login, forged);
        let password = Password::typed(WRONG_PASSWORD).unwrap();
        match what {
            0 => trace(&self.drive(CheckSession { client, session })),
            1 => trace(&self.drive(ListSessions { client, session })),
            2 => trace(&self.drive(RedeemSignIn { client, link: forge(&self.link, forged), label: label() })),
            3 => {
                let proof = Proof::Totp(Code::typed("00000000"));
                trace(&self.drive(ProveFactor { client, login, proof, label: label() }))
            }
            4 => trace(&self.drive(ResendFactorCode { client, login })),
            5 => trace(&self.drive(EnrolTotp { client, session, password })),
            6 => trace(&self.drive(EnableMailedCode { client, session, password })),
            _ => {
                let locale = None;
                let identifier = id(OWN);
                let steps = Steps::Stepwise;
                trace(&self.drive(PasswordSignIn {
                    client,
                    identifier,
                    password,
                    steps,
                    label: label(),
                    locale,
                    device: None,
                }))
            }
        }
    }

    /// The owner comes and goes: signs in rightly, proves the rest rightly or wrongly, adds factors, looks at sessions.
    fn live(&mut self, turn: usize) {
        if self.person.is_none() {
            let legacy = self.owner == Owner::Legacy && turn.is_multiple_of(2);
            let _ = legacy.then(|| self.world.stepwise(WHO, PASSWORD));
            return;
        }
        // The password of a suspended account is a wrong one, and counted as one.
        let Some(person) = self.person.clone().filter(|_| self.owner != Owner::Suspended) else { return };
        match turn % 7 {
            0 | 3 => {
                if let Ok(Progress::SecondFactor(second)) = self.world.stepwise(WHO, PASSWORD) {
                    self.owners_login = second.login;
                }
            }
            1 => {
                if let (Some(login), true) = (&self.owners_login, person.app.is_some()) {
                    let proof = if turn.is_multiple_of(2) {
                        person.totp(&self.world)
                    } else {
                        person.wrong_totp(&self.world)
                    };
                    let _ = self.world.prove(login, proof);
                }
            }
            2 => drop(self.world.at_once(WHO, PASSWORD, Proofs::default())),
            4 => {
                let client = Client::unmetered();
                let _ =
                    self.owners_login.clone().map(|login| self.world.run(ResendFactorCode { client, login }));
            }
            5 => {
                if let Ok(Progress::SignedIn(signed_in)) = self.world.stepwise(WHO, PASSWORD) {
                    let _ = self.world.enrol(signed_in.session());
                    let _ = turn.is_multiple_of(3).then(|| self.world.enable_mailed(signed_in.session()));
                }
            }
            _ => drop(self.world.check(&person.session)),
        }
    }
}

proptest! {
    #![proptest_config(crate::cases(60))]

    /// Law 8, R75, B061-B067: whatever strangers do, whatever the clock says, they see the same whoever lives there.
    #[test]
    fn law8_no_door_tells_who_lives_there(knocks in prop::collection::vec(any_clock(), 1..50)) {
        let mut streets = Street::all();
        for knock in &knocks {
            let mut nobody: Option<Option<Trace>> = None;
            for street in &mut streets {
                let trace = street.knock(knock);
                let expected = nobody.get_or_insert_with(|| trace.clone());
                prop_assert_eq!(&*expected, &trace, "law 8: nobody, or {:?}, at {:?}", street.owner, knock);
            }
        }
    }

    /// Law 8: while owners sign in, prove factors and add some, strangers are told what they would be told without them.
    #[test]
    fn law8_an_active_owner_does_not_show(knocks in prop::collection::vec(knock(), 1..50)) {
        let mut streets = Street::all();
        for (turn, knock) in knocks.iter().enumerate() {
            let mut nobody: Option<Option<Trace>> = None;
            for street in &mut streets {
                street.live(turn);
                let mut trace = street.knock(knock);
                // What has expired is erased in the next commit, be it the owner's: then there is nothing left to write.
                // That is the one thing that differs, and it is nothing that is told.
                if let (Some(Some(nobody)), Some(trace)) = (&nobody, &mut trace)
                    && (trace.written == NOTHING || nobody.written == NOTHING)
                {
                    trace.written.clone_from(&nobody.written);
                }
                let expected = nobody.get_or_insert_with(|| trace.clone());
                prop_assert_eq!(&*expected, &trace, "law 8: nobody, or an active {:?}, at {:?}", street.owner, knock);
            }
        }
    }
}
