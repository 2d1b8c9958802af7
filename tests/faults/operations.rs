//! Every operation, prepared up to the one request that meets with a lie.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use countersign::record::RecordKey;
use countersign::*;

use crate::common::{World, id, sign_up, sign_up_link, verify};
use crate::drive::{Act, Stage, drive};
use crate::liar::{Call, Liar, Lie, liar};
use crate::owner::*;
use crate::people::*;
use crate::told::Tickets;

pub(super) const WHO: &str = "jo@example.com";
/// Somebody with an account of his own, for whom the lies are.
pub(super) const OTHER: &str = "mallory@example.org";
const NEW: &str = "jo@new.example.net";

/// How a request ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Answer {
    /// Whether it was granted; nothing if the host failed.
    pub(super) granted: Option<bool>,
    /// The whole answer, without secrets.
    pub(super) text: String,
    pub(super) tickets: Vec<String>,
}

/// One request, sent as often as wanted.
pub(super) struct Prepared {
    pub(super) run: Box<dyn Fn(&World) -> Answer>,
    /// The same by hand; what is given is done before the stage of that number, where the host then hangs for good.
    pub(super) hang: Box<Hang>,
    name: &'static str,
}

type Hang = dyn Fn(&World, usize, &mut dyn FnMut()) -> Option<Stage>;

fn prepared<R: Request + Clone + 'static>(request: R) -> Prepared
where
    R::Output: Tickets + std::fmt::Debug,
{
    let again = request.clone();
    Prepared {
        run: Box::new(move |world| match world.run(request.clone()) {
            Ok(outcome) => {
                let text = format!("{:?}", outcome.verdict);
                match outcome.verdict {
                    Verdict::Granted(it) => Answer { granted: Some(true), text, tickets: it.tickets() },
                    Verdict::Refused(_) => Answer { granted: Some(false), text, tickets: vec![] },
                }
            }
            Err(error) => Answer { granted: None, text: format!("{error:?}"), tickets: vec![] },
        }),
        hang: Box::new(move |world, at, meanwhile| {
            let mut reached = None;
            let mut acts = |index, stage| {
                if index != at {
                    return Act::Go;
                }
                reached = Some(stage);
                meanwhile();
                Act::Crash
            };
            let end = drive(world, again.clone(), world.now(), &mut acts);
            assert!(reached.is_none() || end.outcome.is_none() && end.mail.is_empty());
            reached
        }),
        name: std::any::type_name::<R>().rsplit("::").next().unwrap(),
    }
}

/// An operation, and how to come to it.
pub(super) struct Scene {
    pub(super) operation: Operation,
    pub(super) what: &'static str,
    has: Has,
    prepare: fn(&World, &mut Person) -> Prepared,
    /// It spends something: it is granted once.
    pub(super) once: bool,
}

/// A scene about to be played, again and again from the same beginning.
pub(super) struct Stand {
    pub(super) world: World,
    pub(super) liar: Arc<Liar>,
    pub(super) person: Person,
    pub(super) request: Prepared,
    kept: Kept,
    history: BTreeMap<RecordKey, Vec<Option<Row>>>,
}

/// What is there after a run: every row and every message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct After {
    pub(super) answer: Answer,
    pub(super) rows: BTreeMap<RecordKey, (Row, Option<Timestamp>)>,
    pub(super) mail: Vec<String>,
}

impl Scene {
    pub(super) fn stand(&self) -> Stand {
        let mut settings = Settings::recommended();
        settings.recovery_codes.count = 3;
        settings.recovery_codes.warn_at = 1;
        let mut world = World::new(settings);
        let liar = liar(&mut world);
        let _ = world.member(OTHER);
        let mut person = world.owner(WHO, self.has);
        world.seconds(61);
        let request = (self.prepare)(&world, &mut person);
        let (kept, history) = (world.keep(), liar.history());
        Stand { world, liar, person, request, kept, history }
    }
}

/// What gives a run its randomness, and the honest request after it.
const SEED: u64 = 77_000_000;

impl Stand {
    /// Back to the beginning.
    pub(super) fn anew(&self) {
        self.world.put_back(&self.kept);
        self.liar.put_history_back(&self.history);
        let _ = self.liar.honest();
    }

    /// From the beginning, with one lie, or none.
    pub(super) fn play(&self, plan: Option<(usize, Lie)>) -> After {
        self.anew();
        self.go_on(0, plan)
    }

    /// From where it stands; the `nth` time that the request is sent.
    pub(super) fn go_on(&self, nth: u64, plan: Option<(usize, Lie)>) -> After {
        self.liar.plan(SEED + nth, plan);
        let answer = (self.request.run)(&self.world);
        self.after(answer)
    }

    pub(super) fn after(&self, answer: Answer) -> After {
        let mail = self.world.seen.mail.lock().unwrap();
        let shown = |mail: &Envelope| {
            let code = mail.code.as_ref().map(Code::expose).unwrap_or_default();
            let link = mail.link.as_ref().map(link).unwrap_or_default();
            format!("{} {:?} {code} {link}", mail.to.as_str(), mail.kind)
        };
        let rows = self.world.seen.rows.lock().unwrap().clone();
        After { answer, rows, mail: mail.iter().map(shown).collect() }
    }

    /// The calls of an honest run.
    pub(super) fn calls(&self) -> Vec<Call> {
        let _ = self.play(None);
        self.liar.honest()
    }

    /// How often the same request is granted now by an honest host, of twice.
    pub(super) fn granted_again(&self) -> usize {
        (1..=2).filter(|nth| self.go_on(*nth, None).answer.granted == Some(true)).count()
    }

    /// Who is signed in by each of the tickets told.
    pub(super) fn signed_in_as(&self, answer: &Answer) -> Vec<AccountId> {
        let sessions = answer.tickets.iter().filter_map(|text| Ticket::<Session>::parse(text).ok());
        let client = || Client::unmetered();
        let info = |session| match self.world.run(CheckSession { client: client(), session }).ok()?.verdict {
            Verdict::Granted(info) => Some(info.account),
            Verdict::Refused(_) => None,
        };
        sessions.filter_map(info).collect()
    }
}

fn link(link: &MailedLink) -> String {
    match link {
        MailedLink::SignUp(link) => link.expose(),
        MailedLink::SignIn(link) => link.expose(),
        MailedLink::Recovery(link) => link.expose(),
        MailedLink::Cancel(link) => link.expose(),
        _ => panic!("a kind of link that nothing is known of"),
    }
}

fn own(person: &Person) -> (Client, Ticket<Session>) {
    (client(), person.session.clone())
}

macro_rules! scenes {
    ($($operation:ident $has:ident $once:literal $what:literal $prepare:expr;)+) => {
        /// All of them.
        pub(super) fn scenes() -> Vec<Scene> {
            vec![$(Scene {
                operation: Operation::$operation, what: $what, has: $has, prepare: $prepare, once: $once,
            }),+]
        }
    };
}

scenes! {
    SignUp NONE false "a sign-up" |_, _| prepared(sign_up(NEW));
    SignUp NONE false "a sign-up with a taken address" |_, _| prepared(sign_up(WHO));
    SignIn NONE false "a sign-in by mail" |_, _| {
        prepared(SignIn { client: client(), identifier: id(WHO), locale: None })
    };
    Recover APP false "a lost password" |_, _| {
        prepared(Recover { client: client(), identifier: id(WHO), locale: None })
    };
    ConfirmAction NONE false "an action to confirm" |_, person| {
        let (account, action) = (person.account.clone(), Action::new("pay:1").unwrap());
        prepared(ConfirmAction { client: client(), account, action, locale: None })
    };
    Resend NONE false "a code sent again" |world, _| {
        let session = world.start(Purpose::SignIn, WHO).unwrap().session;
        world.seconds(61);
        prepared(Resend { client: client(), session })
    };
    Verify NONE true "a sign-up's code" |world, _| {
        let session = world.sign_up(NEW).unwrap().session;
        prepared(verify(Purpose::SignUp, &session, &world.last_code()))
    };
    Verify NONE true "an action's code" |world, _| {
        let session = world.start(Purpose::ConfirmAction, WHO).unwrap().session;
        prepared(verify(Purpose::ConfirmAction, &session, &world.last_code()))
    };
    Verify APP true "a recovery's code" |world, _| {
        let session = world.start(Purpose::Recover, WHO).unwrap().session;
        prepared(verify(Purpose::Recover, &session, &world.last_code()))
    };
    Verify APP true "a new address's code" |world, person| {
        let started = world.move_to(&person.session, None, NEW).unwrap();
        prepared(verify(Purpose::ChangeAddress, &started.session, &world.last_code()))
    };
    Cancel NONE true "a session cancelled" |world, _| {
        let session = world.start(Purpose::SignIn, WHO).unwrap().session;
        prepared(Cancel { client: client(), session })
    };
    RedeemSignUp NONE true "a sign-up's link" |world, _| {
        let _ = world.sign_up(NEW).unwrap();
        let (client, link) = (client(), sign_up_link(&world.last_mail()).unwrap());
        let (identifier, password, profile) = (id(NEW), password(PASSWORD), Profile::default());
        prepared(RedeemSignUp { client, link, identifier, password, profile })
    };
    VerifyAndEnter NONE true "a code that signs in" |world, _| {
        let session = world.start(Purpose::SignIn, WHO).unwrap().session;
        let request = verify(Purpose::SignIn, &session, &world.last_code());
        prepared(Verify { enter: Some(label()), ..request })
    };
    VerifyAndEnter NONE true "a sign-up's code that signs in" |world, _| {
        let session = world.sign_up(NEW).unwrap().session;
        let request = verify(Purpose::SignUp, &session, &world.last_code());
        prepared(Verify { enter: Some(label()), ..request })
    };
    ResendSignUp NONE false "a sign-up's code sent again" |world, _| {
        let session = Some(world.sign_up(NEW).unwrap().session);
        world.seconds(61);
        prepared(ResendSignUp { client: client(), identifier: id(NEW), password: password(PASSWORD), session })
    };
    RedeemSignIn NONE true "a link that signs in" |world, _| {
        let _ = world.start(Purpose::SignIn, WHO).unwrap();
        let link = sign_in_link(&world.last_mail()).unwrap();
        prepared(RedeemSignIn { client: client(), link, label: label() })
    };
    PasswordSignIn NONE false "a password" |_, _| prepared(knock(WHO, PASSWORD, Steps::Stepwise));
    PasswordSignIn APP false "a password before an app" |_, _| prepared(knock(WHO, PASSWORD, Steps::Stepwise));
    PasswordSignIn APP true "a password and an app's code" |world, person| {
        let Proof::Totp(code) = person.totp(world) else { panic!("an app") };
        prepared(knock(WHO, PASSWORD, Steps::AtOnce(Proofs { totp: Some(code), ..Proofs::default() })))
    };
    PasswordSignIn APP false "a password on a device" |world, person| {
        let device = Some(world.device(person));
        prepared(PasswordSignIn { device, ..knock(WHO, PASSWORD, Steps::Stepwise) })
    };
    ProveFactor APP true "an app's code" |world, person| {
        prepared(proving(&world.login(WHO), person.totp(world)))
    };
    ProveFactor APP true "a recovery code" |world, person| {
        prepared(proving(&world.login(WHO), Proof::RecoveryCode(person.drawer[1].clone())))
    };
    ProveFactor MAILED true "a mailed second factor" |world, _| {
        let login = world.login(WHO);
        prepared(proving(&login, Proof::MailedCode(world.last_mail().code.unwrap())))
    };
    ResendFactorCode MAILED false "a second factor mailed again" |world, _| {
        let login = world.login(WHO);
        world.seconds(61);
        prepared(ResendFactorCode { client: client(), login })
    };
    CheckSession NONE false "a session" |_, person| {
        let (client, session) = own(person);
        prepared(CheckSession { client, session })
    };
    ListSessions NONE false "a list of sessions" |_, person| {
        let (client, session) = own(person);
        prepared(ListSessions { client, session })
    };
    EndSessions NONE true "sessions ended" |_, person| {
        let (client, session) = own(person);
        prepared(EndSessions { client, session, which: Which::All })
    };
    EnrolTotp NONE false "an app to set up" |_, person| {
        let (client, session) = own(person);
        prepared(EnrolTotp { client, session, password: password(PASSWORD) })
    };
    ConfirmTotp NONE true "an app confirmed" |world, person| {
        let app = world.enrol(&person.session).unwrap();
        let (client, session) = own(person);
        prepared(ConfirmTotp { client, session, code: Code::typed(&app.code(world.now(), 0)) })
    };
    EnableMailedCode NONE false "mailed codes turned on" |_, person| {
        let (client, session) = own(person);
        prepared(EnableMailedCode { client, session, password: password(PASSWORD) })
    };
    StepUp APP true "a step up" |world, person| {
        let (client, session) = own(person);
        prepared(StepUp { client, session, proof: person.totp(world), label: label() })
    };
    RedeemRecovery APP true "a recovery's link" |world, _| {
        let _ = world.start(Purpose::Recover, WHO).unwrap();
        prepared(RedeemRecovery { client: client(), link: recovery_link(&world.last_mail()).unwrap() })
    };
    ResetPassword APP true "a new password" |world, person| {
        let grant = world.granted(WHO).unwrap().grant;
        prepared(resetting(&grant, NEW_PASSWORD, Some(person.totp(world))))
    };
    RecoverFactor APP false "an app said to be lost" |world, _| {
        prepared(RecoverFactor { client: client(), login: world.login(WHO), locale: None })
    };
    CancelFactorRecovery APP true "a wait that is stopped" |world, _| {
        let _ = world.lost(&world.login(WHO)).unwrap();
        prepared(CancelFactorRecovery { client: client(), link: cancel_link(&world.last_mail()).unwrap() })
    };
    ResetFactors APP true "an app turned off after the wait" |world, _| {
        let _ = world.lost(&world.login(WHO)).unwrap();
        world.seconds(73 * 3600);
        let login = world.login(WHO);
        let _ = world.lost(&login).unwrap();
        prepared(ResetFactors { client: client(), login, code: world.last_mail().code.unwrap() })
    };
    SendStepUpCode MAILED false "a code to step up" |_, person| {
        let (client, session) = own(person);
        prepared(SendStepUpCode { client, session, locale: None })
    };
    RequireFresh APP false "something proven just now" |_, person| {
        let (client, session) = own(person);
        prepared(RequireFresh { client, session, factor: None, within: core::time::Duration::from_secs(600) })
    };
    ListFactors APP false "a list of factors" |_, person| {
        let (client, session) = own(person);
        prepared(ListFactors { client, session })
    };
    ChangePassword APP true "a changed password" |_, person| {
        prepared(changing(&person.session, PASSWORD, NEW_PASSWORD))
    };
    DisableTotp BOTH true "an app turned off" |_, person| {
        let (client, session) = own(person);
        prepared(DisableTotp { client, session, password: None })
    };
    DisableMailedCode BOTH true "mailed codes turned off" |_, person| {
        let (client, session) = own(person);
        prepared(DisableMailedCode { client, session, password: None })
    };
    RegenerateRecoveryCodes APP false "new recovery codes" |_, person| {
        let (client, session) = own(person);
        prepared(RegenerateRecoveryCodes { client, session, password: None })
    };
    ChangeAddress APP false "a change of the address" |_, person| {
        let (client, session) = own(person);
        prepared(ChangeAddress { client, session, password: None, to: id(NEW), locale: None })
    };
    DeleteAccount APP true "an account deleted" |_, person| {
        let (client, session) = own(person);
        prepared(DeleteAccount { client, session, password: None })
    };
    TrustDevice APP false "a device trusted" |_, person| {
        let (client, session) = own(person);
        prepared(TrustDevice { client, session, label: label() })
    };
    ListDevices APP false "a list of devices" |world, person| {
        let _ = world.device(person);
        let (client, session) = own(person);
        prepared(ListDevices { client, session })
    };
    ForgetDevices APP false "devices forgotten" |world, person| {
        let _ = world.device(person);
        let (client, session) = own(person);
        prepared(ForgetDevices { client, session, which: None })
    };
}

/// Every operation is here, each under its own name, and each is granted by an honest host: once, or again.
#[test]
fn every_operation_meets_with_trouble() {
    let all: BTreeSet<_> = Operation::ALL.into_iter().collect();
    let here: BTreeSet<_> = scenes().iter().map(|scene| scene.operation).collect();
    let missing: Vec<_> = all.difference(&here).collect();
    assert!(missing.is_empty(), "operations that no scene is of: {missing:?}");
    for scene in scenes() {
        let stand = scene.stand();
        let name = format!("{:?}", scene.operation);
        let asked = if name == "VerifyAndEnter" { "Verify" } else { name.as_str() };
        assert_eq!(stand.request.name, asked, "{}", scene.what);
        let (first, second) = (stand.play(None), stand.play(None));
        assert_eq!(first.answer.granted, Some(true), "{}: {first:?}", scene.what);
        assert!(first == second, "{}: the same host and randomness, and another end", scene.what);
        assert!(!scene.once || stand.granted_again() == 0, "law 3: {}", scene.what);
    }
}
