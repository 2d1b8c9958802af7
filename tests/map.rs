//! The map of the flows is walked, arrow by arrow, with the machine itself: what is given at the end of each is what the table says, and the
//! table has no arrow that was not walked. The page that shows it says the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::type_complexity, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, clippy::disallowed_methods, reason = "tests")]

mod common;
#[path = "common/owner.rs"]
mod owner;
#[path = "common/people.rs"]
mod people;

use std::collections::BTreeSet;
use std::time::Duration;

use common::*;
use countersign::flow::map::{ARROWS, Arrow, Stage, markdown};
use countersign::*;
use people::*;

const WHO: &str = "jo@example.com";
const NEW: &str = "jo@example.org";

/// What was walked so far. Where an arrow led is judged by what was given, never by what the table says.
#[derive(Default)]
struct Walked(BTreeSet<Arrow>);

impl Walked {
    fn note(&mut self, from: Stage, operation: Operation, to: Stage) {
        let known = ARROWS.iter().find(|it| (it.from, it.operation, it.to) == (from, operation, to));
        let arrow = known.unwrap_or_else(|| panic!("not on the map: {from:?} {operation:?} {to:?}"));
        self.0.insert(*arrow);
    }

    /// Asks, and notes where it led.
    #[track_caller]
    fn go<R: Request>(
        &mut self,
        world: &World,
        (from, operation): (Stage, Operation),
        request: R,
        to: impl Fn(&R::Output) -> Stage,
    ) -> R::Output {
        let granted = world.ask(request).into_result().unwrap();
        self.note(from, operation, to(&granted));
        granted
    }

    /// The same, where the one thing that is given says where it leads.
    #[track_caller]
    fn to<R: Request>(
        &mut self,
        world: &World,
        from: (Stage, Operation),
        to: Stage,
        request: R,
    ) -> R::Output {
        self.go(world, from, request, |_| to)
    }
}

/// Whether a session is good for anything, as the host is told.
fn inside(world: &World, session: &Ticket<Session>) -> Stage {
    match world.check(session) {
        Ok(_) => Stage::SignedIn,
        Err(Refusal::ActionRequired { .. }) => Stage::MustAct,
        Err(_) => Stage::Outside,
    }
}

fn reached(world: &World, progress: &Progress) -> Stage {
    match progress {
        Progress::SignedIn(signed_in) => inside(world, signed_in.session()),
        Progress::SecondFactor(_) => Stage::SecondFactor,
    }
}

fn me() -> Client {
    Client::unmetered()
}

fn password(text: &str) -> Password {
    Password::typed(text).unwrap()
}

/// An account that asks for nothing, for a second factor, or for something to be done first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    Nothing,
    App,
    Action,
}

fn world(asks: Asks) -> (World, Person) {
    let world = World::recommended();
    let app = asks == Asks::App;
    let person = world.person(WHO, Has { totp: app, mailed: false, codes: app });
    if asks == Asks::Action {
        world.ask(RequirePasswordChange { account: person.account.clone() }).into_result().unwrap();
    }
    world.seconds(3600);
    (world, person)
}

fn sign_ups(walked: &mut Walked) {
    use Stage::{Outside, SignUpCode};
    let required = || {
        let mut settings = Settings::recommended();
        settings.factors.required = true;
        settings
    };
    for settings in [Settings::recommended(), required()] {
        let world = World::new(settings);
        let started = walked.to(&world, (Outside, Operation::SignUp), SignUpCode, sign_up(WHO));
        world.seconds(60);
        let resend = Resend { client: me(), session: started.session.clone() };
        walked.to(&world, (SignUpCode, Operation::Resend), SignUpCode, resend);
        world.seconds(60);
        let session = Some(started.session.clone());
        let again = ResendSignUp { client: me(), identifier: id(WHO), password: password(PASSWORD), session };
        walked.to(&world, (SignUpCode, Operation::ResendSignUp), SignUpCode, again);
        let enter = verify(Purpose::SignUp, &started.session, &world.last_code());
        let enter = Verify { enter: Some(label()), ..enter };
        walked.go(&world, (SignUpCode, Operation::VerifyAndEnter), enter, |verified| {
            reached(&world, verified.progress.as_ref().unwrap())
        });
    }
    let world = World::recommended();
    let session = world.sign_up("a@example.com").unwrap().session;
    let request = verify(Purpose::SignUp, &session, &world.last_code());
    walked.go(&world, (SignUpCode, Operation::Verify), request, |verified| {
        assert!(verified.progress.is_none());
        Outside
    });
    let session = world.sign_up("b@example.com").unwrap().session;
    let link = sign_up_link(&world.last_mail()).unwrap();
    walked.to(&world, (SignUpCode, Operation::Cancel), Outside, Cancel { client: me(), session });
    let (client, identifier, password) = (me(), id("b@example.com"), password(PASSWORD));
    let request = RedeemSignUp { client, link, identifier, password, profile: Profile::default() };
    walked.to(&world, (SignUpCode, Operation::RedeemSignUp), Outside, request);
}

fn sign_ins(walked: &mut Walked) {
    use Stage::{Outside, SecondFactor, SignInCode};
    for asks in [Asks::Nothing, Asks::App, Asks::Action] {
        let (world, person) = world(asks);
        let request = knock(WHO, PASSWORD, Steps::Stepwise);
        walked
            .go(&world, (Outside, Operation::PasswordSignIn), request, |progress| reached(&world, progress));
        let start = || SignIn { client: me(), identifier: id(WHO), locale: None };
        let started = walked.to(&world, (Outside, Operation::SignIn), SignInCode, start());
        world.seconds(60);
        let resend = Resend { client: me(), session: started.session.clone() };
        walked.to(&world, (SignInCode, Operation::Resend), SignInCode, resend);
        let enter = verify(Purpose::SignIn, &started.session, &world.last_code());
        let enter = Verify { enter: Some(label()), ..enter };
        walked.go(&world, (SignInCode, Operation::VerifyAndEnter), enter, |verified| {
            reached(&world, verified.progress.as_ref().unwrap())
        });
        world.seconds(60);
        world.ask(start()).into_result().unwrap();
        let link = sign_in_link(&world.last_mail()).unwrap();
        let request = RedeemSignIn { client: me(), link, label: label() };
        walked.go(&world, (SignInCode, Operation::RedeemSignIn), request, |it| reached(&world, it));
        world.seconds(60);
        let session = world.ask(start()).into_result().unwrap().session;
        let request = verify(Purpose::SignIn, &session, &world.last_code());
        walked.go(&world, (SignInCode, Operation::Verify), request, |verified| {
            assert!(verified.progress.is_none());
            Outside
        });
        world.seconds(60);
        let session = world.ask(start()).into_result().unwrap().session;
        walked.to(&world, (SignInCode, Operation::Cancel), Outside, Cancel { client: me(), session });
        if asks == Asks::App {
            let proof = person.totp(&world);
            let request = proving(&world.login(WHO), proof);
            walked.go(&world, (SecondFactor, Operation::ProveFactor), request, |signed_in| {
                inside(&world, signed_in.session())
            });
        }
    }
    // A second factor, and then something to do.
    let (world, person) = world(Asks::App);
    world.ask(RequirePasswordChange { account: person.account.clone() }).into_result().unwrap();
    let request = proving(&world.login(WHO), person.totp(&world));
    walked.go(&world, (SecondFactor, Operation::ProveFactor), request, |it| inside(&world, it.session()));
    let world = World::recommended();
    world.person(WHO, Has { mailed: true, ..Has::default() });
    let login = world.login(WHO);
    world.seconds(60);
    let request = ResendFactorCode { client: me(), login };
    walked.to(&world, (SecondFactor, Operation::ResendFactorCode), SecondFactor, request);
}

fn recoveries(walked: &mut Walked) {
    use Stage::{FactorLost, Outside, RecoveryMail, Reset, SecondFactor};
    let (world, mut person) = world(Asks::App);
    let start = || Recover { client: me(), identifier: id(WHO), locale: None };
    let started = walked.to(&world, (Outside, Operation::Recover), RecoveryMail, start());
    world.seconds(60);
    let resend = Resend { client: me(), session: started.session.clone() };
    walked.to(&world, (RecoveryMail, Operation::Resend), RecoveryMail, resend);
    let request = verify(Purpose::Recover, &started.session, &world.last_code());
    let granted = walked.go(&world, (RecoveryMail, Operation::Verify), request, |verified| {
        assert!(verified.progress.is_none());
        Reset
    });
    let (client, grant, label) = (me(), granted.grant.unwrap().grant, label());
    let proof = Some(person.totp(&world));
    let request = ResetPassword { client, grant, password: password(PASSWORD), proof, label };
    walked.to(&world, (Reset, Operation::ResetPassword), Outside, request);
    world.seconds(60);
    let session = world.ask(start()).into_result().unwrap().session;
    let Some(MailedLink::Recovery(link)) = world.last_mail().link else { panic!("a link") };
    walked.to(&world, (RecoveryMail, Operation::Cancel), Outside, Cancel { client: me(), session });
    let request = RedeemRecovery { client: me(), link };
    walked.to(&world, (RecoveryMail, Operation::RedeemRecovery), Reset, request);

    let lost = |login: &Ticket<Login>| RecoverFactor { client: me(), login: login.clone(), locale: None };
    let first = world.login(WHO);
    walked.to(&world, (SecondFactor, Operation::RecoverFactor), FactorLost, lost(&first));
    let Some(MailedLink::Cancel(link)) = world.last_mail().link else { panic!("a link") };
    walked.to(&world, (FactorLost, Operation::RecoverFactor), FactorLost, lost(&first));
    let request = CancelFactorRecovery { client: me(), link };
    walked.to(&world, (Outside, Operation::CancelFactorRecovery), Outside, request);
    world.ask(lost(&first)).into_result().unwrap();
    let code = Proof::RecoveryCode(person.drawer.pop().unwrap());
    let request = proving(&first, code);
    walked.go(&world, (FactorLost, Operation::ProveFactor), request, |it| inside(&world, it.session()));
    world.ask(RequirePasswordChange { account: person.account.clone() }).into_result().unwrap();
    let login = world.login(WHO);
    world.ask(lost(&login)).into_result().unwrap();
    let request = proving(&login, Proof::RecoveryCode(person.drawer.pop().unwrap()));
    walked.go(&world, (FactorLost, Operation::ProveFactor), request, |it| inside(&world, it.session()));
    world.ask(lost(&world.login(WHO))).into_result().unwrap();
    world.seconds(72 * 3600);
    let login = world.login(WHO);
    world.ask(lost(&login)).into_result().unwrap();
    let code = Code::typed(&world.last_code());
    let request = ResetFactors { client: me(), login, code };
    walked.to(&world, (FactorLost, Operation::ResetFactors), Outside, request);
}

/// Everything that somebody may ask who is signed in, or must do something first.
fn managing(walked: &mut Walked) {
    use Stage::{ActionCode, Enrolling, Gone, MustAct, NewAddress, Outside, SignedIn};
    // With something to do: each of these leads on or leaves one where one was.
    let first = |what: &dyn Fn(&World, &Ticket<Session>, &Person, &mut Walked)| {
        let mut here = Walked::default();
        for asks in [Asks::Nothing, Asks::App] {
            let (world, person) = world(asks);
            let session = fresh(&world, &person);
            world.ask(RequirePasswordChange { account: person.account.clone() }).into_result().unwrap();
            what(&world, &session, &person, &mut here);
        }
        here.0
    };
    let all = first(&|world, session, person, walked| {
        let (client, own) = (me, || session.clone());
        let at = |operation| (MustAct, operation);
        walked.go(
            world,
            at(Operation::ListFactors),
            ListFactors { client: client(), session: own() },
            |_| inside(world, session),
        );
        let request = SendStepUpCode { client: client(), session: own(), locale: None };
        walked.go(world, at(Operation::SendStepUpCode), request, |_| inside(world, session));
        let proof = Proof::MailedCode(Code::typed(&world.last_code()));
        let request = StepUp { client: client(), session: own(), proof, label: label() };
        let next = walked.go(world, at(Operation::StepUp), request, |it| inside(world, it.session()));
        let own = || next.session().clone();
        if person.app.is_none() {
            let (current, new) = (password(PASSWORD), password("AnotherPassword2!"));
            let request =
                ChangePassword { client: client(), session: own(), current, password: new, label: label() };
            let next =
                walked.go(world, at(Operation::ChangePassword), request, |it| inside(world, it.session()));
            world.ask(RequirePasswordChange { account: person.account.clone() }).into_result().unwrap();
            let request =
                EndSessions { client: client(), session: next.session().clone(), which: Which::This };
            walked.go(world, at(Operation::EndSessions), request, |_| inside(world, next.session()));
        }
    });
    walked.0.extend(all);
    // What has to be done, is.
    let mut settings = Settings::recommended();
    settings.factors.required = true;
    let world = World::new(settings);
    world.member(WHO);
    let session = world.stepwise(WHO, PASSWORD).unwrap().signed_in().unwrap().session().clone();
    let request = EnrolTotp { client: me(), session: session.clone(), password: password(PASSWORD) };
    walked.to(&world, (MustAct, Operation::EnrolTotp), Enrolling, request);
    let request = EnableMailedCode { client: me(), session: session.clone(), password: password(PASSWORD) };
    walked.go(&world, (MustAct, Operation::EnableMailedCode), request, |_| inside(&world, &session));
    let world = World::recommended();
    world.legacy(WHO, false);
    let session = world.stepwise(WHO, PASSWORD).unwrap().signed_in().unwrap().session().clone();
    let request = ChangeAddress { client: me(), session, password: None, to: id(WHO), locale: None };
    walked.to(&world, (MustAct, Operation::ChangeAddress), NewAddress, request);
    let mut settings = two_codes();
    settings.actions.regenerate_codes = true;
    let world = World::new(settings);
    let mut person = world.person(WHO, Has { totp: true, mailed: false, codes: true });
    world.prove(&world.login(WHO), Proof::RecoveryCode(person.drawer.pop().unwrap())).unwrap();
    let last = Proof::RecoveryCode(person.drawer.pop().unwrap());
    let session = world.prove(&world.login(WHO), last).unwrap().session().clone();
    world.seconds(30);
    let session = world.step_up(&session, person.totp(&world)).unwrap().session().clone();
    let request = RegenerateRecoveryCodes { client: me(), session: session.clone(), password: None };
    walked.go(&world, (MustAct, Operation::RegenerateRecoveryCodes), request, |_| inside(&world, &session));

    let (world, person) = world_with_app();
    let session = fresh(&world, &person);
    let (at, own) = (|operation| (SignedIn, operation), || session.clone());
    let stays = |_: &World| inside(&world, &session);
    walked.go(&world, at(Operation::CheckSession), CheckSession { client: me(), session: own() }, |_| {
        stays(&world)
    });
    let within = Duration::from_secs(60);
    let request = RequireFresh { client: me(), session: own(), factor: None, within };
    walked.go(&world, at(Operation::RequireFresh), request, |_| stays(&world));
    walked.go(&world, at(Operation::ListSessions), ListSessions { client: me(), session: own() }, |_| {
        stays(&world)
    });
    walked.go(&world, at(Operation::ListFactors), ListFactors { client: me(), session: own() }, |_| {
        stays(&world)
    });
    let request = TrustDevice { client: me(), session: own(), label: label() };
    walked.go(&world, at(Operation::TrustDevice), request, |_| stays(&world));
    walked.go(&world, at(Operation::ListDevices), ListDevices { client: me(), session: own() }, |_| {
        stays(&world)
    });
    let request = ForgetDevices { client: me(), session: own(), which: None };
    walked.go(&world, at(Operation::ForgetDevices), request, |_| stays(&world));
    let request = SendStepUpCode { client: me(), session: own(), locale: None };
    walked.go(&world, at(Operation::SendStepUpCode), request, |_| stays(&world));
    let proof = Proof::Password(password(PASSWORD));
    let request = StepUp { client: me(), session: own(), proof, label: label() };
    let next = walked.go(&world, at(Operation::StepUp), request, |it| inside(&world, it.session()));
    let session = next.session().clone();
    let own = || session.clone();
    let stays = || inside(&world, &session);
    let request = EnableMailedCode { client: me(), session: own(), password: password(PASSWORD) };
    walked.go(&world, at(Operation::EnableMailedCode), request, |_| stays());
    let request = DisableMailedCode { client: me(), session: own(), password: None };
    walked.go(&world, at(Operation::DisableMailedCode), request, |_| stays());
    let request = RegenerateRecoveryCodes { client: me(), session: own(), password: None };
    walked.go(&world, at(Operation::RegenerateRecoveryCodes), request, |_| stays());
    let request = DisableTotp { client: me(), session: own(), password: None };
    walked.go(&world, at(Operation::DisableTotp), request, |_| stays());
    let request = EnrolTotp { client: me(), session: own(), password: password(PASSWORD) };
    let enrolment = walked.to(&world, at(Operation::EnrolTotp), Enrolling, request);
    let code = totp_shown(&world, &enrolment.secret);
    let request = ConfirmTotp { client: me(), session: own(), code };
    walked.go(&world, (Enrolling, Operation::ConfirmTotp), request, |_| stays());

    let (world, person) = self::world(Asks::Nothing);
    let session = fresh(&world, &person);
    let own = || session.clone();
    let stays = || inside(&world, &session);
    let action = || ConfirmAction {
        client: me(),
        account: person.account.clone(),
        action: Action::new("pay:1").unwrap(),
        locale: None,
    };
    let started = walked.to(&world, at(Operation::ConfirmAction), ActionCode, action());
    world.seconds(60);
    let request = Resend { client: me(), session: started.session.clone() };
    walked.to(&world, (ActionCode, Operation::Resend), ActionCode, request);
    let request = verify(Purpose::ConfirmAction, &started.session, &world.last_code());
    walked.go(&world, (ActionCode, Operation::Verify), request, |_| stays());
    world.seconds(60);
    let started = world.ask(action()).into_result().unwrap();
    let request = Cancel { client: me(), session: started.session };
    walked.go(&world, (ActionCode, Operation::Cancel), request, |_| stays());
    let change = |session| ChangeAddress { client: me(), session, password: None, to: id(NEW), locale: None };
    let started = walked.to(&world, at(Operation::ChangeAddress), NewAddress, change(own()));
    walked.go(
        &world,
        (NewAddress, Operation::Cancel),
        Cancel { client: me(), session: started.session },
        |_| stays(),
    );
    world.seconds(60);
    let _ = world.ask(change(own())).into_result().unwrap();
    world.seconds(60);
    let started = walked.to(&world, (NewAddress, Operation::ChangeAddress), NewAddress, change(own()));
    let request = verify(Purpose::ChangeAddress, &started.session, &world.last_code());
    walked.go(&world, (NewAddress, Operation::Verify), request, |_| stays());
    let (current, new) = (password(PASSWORD), password("AnotherPassword2!"));
    let request = ChangePassword { client: me(), session: own(), current, password: new, label: label() };
    let next = walked.go(&world, at(Operation::ChangePassword), request, |it| inside(&world, it.session()));
    let session = next.session().clone();
    let typed = Some(password("AnotherPassword2!"));
    let request = DeleteAccount { client: me(), session: session.clone(), password: typed };
    walked.to(&world, at(Operation::DeleteAccount), Gone, request);
    assert_eq!(inside(&world, &session), Outside);

    let (world, person) = self::world(Asks::Nothing);
    let session = fresh(&world, &person);
    let request = EndSessions { client: me(), session: session.clone(), which: Which::This };
    walked.go(&world, at(Operation::EndSessions), request, |_| inside(&world, &session));
}

fn world_with_app() -> (World, Person) {
    world(Asks::App)
}

/// A session whose proofs are of this moment.
fn fresh(world: &World, person: &Person) -> Ticket<Session> {
    match &person.app {
        Some(_) => world.prove(&world.login(WHO), person.totp(world)).unwrap().session().clone(),
        None => world.stepwise(WHO, PASSWORD).unwrap().signed_in().unwrap().session().clone(),
    }
}

#[test]
fn the_map_is_the_machines() {
    let mut walked = Walked::default();
    sign_ups(&mut walked);
    sign_ins(&mut walked);
    recoveries(&mut walked);
    managing(&mut walked);
    let missing: Vec<_> = ARROWS.iter().filter(|arrow| !walked.0.contains(arrow)).collect();
    assert!(missing.is_empty(), "on the map, and not walked: {missing:#?}");
}

/// Every operation that a client can ask for is on the map.
#[test]
fn every_operation_is_on_the_map() {
    for operation in Operation::ALL {
        assert!(ARROWS.iter().any(|arrow| arrow.operation == operation), "{operation:?}");
    }
}

/// `COUNTERSIGN_MAP=write cargo test --test map` writes the table anew.
#[test]
fn the_page_shows_the_map() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/flows.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (begin, end) = ("<!-- table: begin -->\n", "<!-- table: end -->");
    let (head, rest) = page.split_once(begin).expect("a mark");
    let (_, tail) = rest.split_once(end).expect("a mark");
    let expected = [head, begin, &markdown(), end, tail].concat();
    if std::env::var_os("COUNTERSIGN_MAP").is_some() {
        std::fs::write(path, &expected).unwrap();
    }
    assert!(
        page == expected || std::env::var_os("COUNTERSIGN_MAP").is_some(),
        "docs/flows.md is not the map"
    );
}
