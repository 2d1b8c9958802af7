//! The journeys of people who sign in: each door once, from the front to the session.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

mod common;

use common::*;
use countersign::factor::{Regenerate, TotpSecret};
use countersign::*;

const WHO: &str = "jo@example.com";
const PASSWORD: &str = "MyPassword1!";

fn with(steps: Steps) -> PasswordSignIn {
    PasswordSignIn {
        client: Client::unmetered(),
        identifier: id(WHO),
        password: Password::typed(PASSWORD).unwrap(),
        steps,
        label: Label::new("a browser"),
        locale: None,
        device: None,
    }
}

fn at_once(proofs: Proofs) -> PasswordSignIn {
    with(Steps::AtOnce(proofs))
}

fn totp(code: Code) -> Proofs {
    Proofs { totp: Some(code), ..Proofs::default() }
}

fn entered(verdict: Verdict<Progress>) -> SignedIn {
    match verdict.into_result().unwrap() {
        Progress::SignedIn(signed_in) => signed_in,
        other => panic!("{other:?}"),
    }
}

fn asked(verdict: Verdict<Progress>) -> SecondFactor {
    match verdict.into_result().unwrap() {
        Progress::SecondFactor(second) => second,
        other => panic!("{other:?}"),
    }
}

/// Somebody with an account and a signed-in session.
fn member() -> (World, Ticket<Session>) {
    let world = World::recommended();
    world.member(WHO);
    world.seconds(120);
    let signed_in = entered(world.ask(at_once(Proofs::default())));
    assert_eq!((signed_in.methods(), signed_in.aal()), (vec![Method::Password], 1));
    (world, signed_in.session().clone())
}

fn enrol(world: &World, session: &Ticket<Session>) -> (TotpSecret, Vec<RecoveryCode>) {
    let (client, session) = (Client::unmetered(), session.clone());
    let password = Password::typed(PASSWORD).unwrap();
    let request = EnrolTotp { client: client.clone(), session: session.clone(), password };
    let secret = world.ask(request).into_result().unwrap().secret;
    let code = totp_shown(world, &secret);
    let issued = world.ask(ConfirmTotp { client, session, code }).into_result().unwrap();
    (secret, issued.codes)
}

#[test]
fn a_password_alone_signs_in_where_nothing_else_is_on() {
    let (world, session) = member();
    let check = CheckSession { client: Client::unmetered(), session };
    let info = world.ask(check).into_result().unwrap();
    assert_eq!(
        (info.identifier, info.aal, info.label.as_str(), info.current),
        (id(WHO), 1, "a browser", true)
    );
    let wrong = PasswordSignIn {
        password: Password::typed("Not my password").unwrap(),
        ..at_once(Proofs::default())
    };
    assert_eq!(world.ask(wrong).into_result().unwrap_err(), Refusal::InvalidCredentials);
}

#[test]
fn an_authenticator_app_is_asked_for_in_both_styles() {
    let (world, session) = member();
    let (secret, codes) = enrol(&world, &session);
    assert_eq!(codes.len(), 10);

    // R87: the code that confirmed the app does not sign in.
    let again = world.ask(at_once(totp(totp_shown(&world, &secret)))).into_result().unwrap_err();
    assert!(matches!(again, Refusal::InvalidProof { factor: Factor::Totp, .. }), "{again:?}");

    world.seconds(30);
    let second = asked(world.ask(at_once(Proofs::default())));
    assert_eq!(second.offered, [Factor::Totp, Factor::RecoveryCode]);
    assert!(second.login.is_none() && !second.mailed);
    let signed_in = entered(world.ask(at_once(totp(totp_shown(&world, &secret)))));
    assert_eq!((signed_in.methods(), signed_in.aal()), (vec![Method::Password, Method::Totp], 2));
    assert_eq!(signed_in.recovery_codes_left(), Some(10));

    world.seconds(30);
    let login = asked(world.ask(with(Steps::Stepwise))).login.unwrap();
    let prove = |proof: Proof| {
        let request =
            ProveFactor { client: Client::unmetered(), login: login.clone(), proof, label: Label::default() };
        world.ask(request).into_result()
    };
    assert!(matches!(prove(Proof::Totp(Code::typed("000000"))), Err(Refusal::InvalidProof { .. })));
    let signed_in = prove(Proof::Totp(totp_shown(&world, &secret))).unwrap();
    assert_eq!(signed_in.aal(), 2);
    world.seconds(30);
    assert_eq!(
        prove(Proof::Totp(totp_shown(&world, &secret))).unwrap_err(),
        Refusal::InvalidSession,
        "spent"
    );
}

#[test]
fn recovery_codes_work_once_each_and_say_when_they_run_out() {
    let (world, session) = member();
    let (_, codes) = enrol(&world, &session);
    for (used, code) in codes.iter().enumerate() {
        let typed = RecoveryCode::typed(&code.expose().to_lowercase());
        let proofs = || Proofs { recovery_code: Some(typed.clone()), ..Proofs::default() };
        let signed_in = entered(world.ask(at_once(proofs())));
        let left = 9 - used;
        assert_eq!(signed_in.recovery_codes_left(), Some(left));
        let regenerate = match left {
            0 => Regenerate::Required,
            1..=3 => Regenerate::Advised,
            _ => Regenerate::None,
        };
        assert_eq!(signed_in.regenerate(), regenerate);
        assert!(world.ask(at_once(proofs())).into_result().is_err(), "used");
        world.seconds(900);
    }
}

#[test]
fn a_mailed_code_is_a_second_factor_and_can_be_sent_again() {
    let (world, session) = member();
    let password = Password::typed(PASSWORD).unwrap();
    world.ask(EnableMailedCode { client: Client::unmetered(), session, password }).into_result().unwrap();
    assert_eq!(world.last_mail().kind, MessageKind::FactorAdded(Factor::MailedCode));

    let second = asked(world.ask(at_once(Proofs::default())));
    assert!(second.mailed && second.offered == [Factor::MailedCode]);
    let code = world.last_code();
    assert!(!asked(world.ask(at_once(Proofs::default()))).mailed, "one is on its way");
    let mailed = |code: &str| Proofs { mailed_code: Some(Code::typed(code)), ..Proofs::default() };
    assert!(world.ask(at_once(mailed(&wrong(&code)))).into_result().is_err());
    let signed_in = entered(world.ask(at_once(mailed(&code))));
    assert_eq!((signed_in.methods(), signed_in.aal()), (vec![Method::Password, Method::MailedCode], 1));

    world.seconds(60);
    let login = asked(world.ask(with(Steps::Stepwise))).login.unwrap();
    let first = world.last_code();
    world.seconds(60);
    let resent = world.ask(ResendFactorCode { client: Client::unmetered(), login: login.clone() });
    assert!(resent.into_result().unwrap().mailed);
    let prove = |code: &str| {
        let proof = Proof::MailedCode(Code::typed(code));
        let request =
            ProveFactor { client: Client::unmetered(), login: login.clone(), proof, label: Label::default() };
        world.ask(request).into_result()
    };
    assert!(prove(&first).is_err(), "replaced");
    prove(&world.last_code()).unwrap();
}

#[test]
fn a_link_signs_in_and_its_mailbox_is_no_second_factor() {
    let (world, session) = member();
    let link = || {
        world.start(Purpose::SignIn, WHO).unwrap();
        match world.last_mail().link {
            Some(MailedLink::SignIn(link)) => link,
            other => panic!("{other:?}"),
        }
    };
    let redeem = |link| RedeemSignIn { client: Client::unmetered(), link, label: Label::default() };
    let first = link();
    let signed_in = entered(world.ask(redeem(first.clone())));
    assert_eq!(signed_in.methods(), [Method::MailedLink]);
    assert_eq!(world.ask(redeem(first)).into_result().unwrap_err(), Refusal::InvalidSession);

    let password = Password::typed(PASSWORD).unwrap();
    let request = EnableMailedCode { client: Client::unmetered(), session, password: password.clone() };
    world.ask(request).into_result().unwrap();
    world.seconds(60);
    let second = asked(world.ask(redeem(link())));
    assert_eq!(second.offered, [Factor::Password], "the mailbox was shown already");
    let (client, login) = (Client::unmetered(), second.login.unwrap());
    let prove = |password| {
        let (client, login) = (client.clone(), login.clone());
        world.ask(ProveFactor { client, login, proof: Proof::Password(password), label: Label::default() })
    };
    assert!(prove(Password::typed("Not my password").unwrap()).into_result().is_err());
    let signed_in = prove(password).into_result().unwrap();
    assert_eq!(signed_in.methods(), [Method::Password, Method::MailedLink]);
}

#[test]
fn a_sign_up_can_end_signed_in() {
    let world = World::recommended();
    let session = world.sign_up(WHO).unwrap().session;
    let code = world.last_code();
    let request = Verify { enter: Some(Label::default()), ..verify(Purpose::SignUp, &session, &code) };
    let verified = world.ask(request).into_result().unwrap();
    let signed_in = verified.progress.and_then(Progress::signed_in).unwrap();
    let check = CheckSession { client: Client::unmetered(), session: signed_in.session().clone() };
    assert_eq!(world.ask(check).into_result().unwrap().account, verified.account);
}

#[test]
fn a_sign_up_is_sent_again_to_whoever_knows_its_password() {
    let world = World::recommended();
    let session = world.sign_up(WHO).unwrap().session;
    world.seconds(60);
    let again = |session: Option<&Ticket<OtpSession>>, password: &str| {
        let password = Password::typed(password).unwrap();
        let (client, session) = (Client::unmetered(), session.cloned());
        world.ask(ResendSignUp { client, identifier: id(WHO), password, session }).into_result()
    };
    assert_eq!(again(Some(&session), "Not my password").unwrap_err(), Refusal::InvalidCredentials);
    let same = again(Some(&session), PASSWORD).unwrap().session;
    assert_eq!(same.expose(), session.expose());
    world.seconds(60);
    let other = again(None, PASSWORD).unwrap().session;
    let code = world.last_code();
    assert_eq!(world.verify(Purpose::SignUp, &session, &code).unwrap_err(), Refusal::InvalidSession);
    world.verify(Purpose::SignUp, &other, &code).unwrap();
}

#[test]
fn sessions_are_listed_and_ended() {
    let (world, session) = member();
    let other = entered(world.ask(at_once(Proofs::default()))).session().clone();
    let client = Client::unmetered;
    let list = || world.ask(ListSessions { client: client(), session: session.clone() }).into_result();
    let sessions = list().unwrap();
    assert_eq!(sessions.iter().map(|it| it.current).collect::<Vec<_>>(), [true, false]);
    let end = |which| {
        world
            .ask(EndSessions { client: client(), session: session.clone(), which })
            .into_result()
            .unwrap()
            .count
    };
    assert_eq!(end(Which::One(sessions[1].id)), 1);
    let check = |session: &Ticket<Session>| {
        world.ask(CheckSession { client: client(), session: session.clone() }).into_result()
    };
    assert_eq!(check(&other).unwrap_err(), Refusal::InvalidSession);
    assert_eq!(end(Which::Others), 0);
    assert_eq!(end(Which::This), 1);
    assert_eq!(list().unwrap_err(), Refusal::InvalidSession);
}

#[test]
fn a_session_ends_at_its_time_and_when_it_is_not_used() {
    let world = World::new(Settings::nist_aal2());
    let password = Password::typed("a password of nineteen").unwrap();
    let started = world.ask(SignUp { password: password.clone(), ..sign_up(WHO) }).into_result().unwrap();
    world.verify(Purpose::SignUp, &started.session, &world.last_code()).unwrap();
    let request = PasswordSignIn { password: password.clone(), ..at_once(Proofs::default()) };
    let signed_in = entered(world.ask(request));
    assert_eq!(signed_in.todo(), [Todo::EnrolFactor]);
    let session = signed_in.session().clone();
    let check =
        || world.ask(CheckSession { client: Client::unmetered(), session: session.clone() }).into_result();
    let due = Refusal::ActionRequired { actions: vec![Todo::EnrolFactor] };
    assert_eq!(check().unwrap_err(), due);
    let request = EnrolTotp { client: Client::unmetered(), session: session.clone(), password };
    let code = totp_shown(&world, &world.ask(request).into_result().unwrap().secret);
    let confirm = ConfirmTotp { client: Client::unmetered(), session: session.clone(), code };
    world.ask(confirm).into_result().unwrap();
    for _ in 0..24 {
        world.seconds(3599);
        check().unwrap();
    }
    // A day after the beginning it is over, however much it was used.
    world.seconds(23);
    check().unwrap();
    world.seconds(1);
    assert_eq!(check().unwrap_err(), Refusal::InvalidSession);
}

#[test]
fn a_hash_of_the_host_is_taken_over_and_made_anew() {
    let world = World::recommended();
    let password = Password::typed(PASSWORD).unwrap();
    let legacy = hash_for_tests("old", &password, b"sixteen bytes ok");
    world.seen.accounts.lock().unwrap().insert(
        WHO.to_owned(),
        DirectoryEntry {
            identifier: WHO.into(),
            account: AccountId::new("legacy-1").unwrap(),
            address: Address::parse(WHO).unwrap(),
            legacy: Some(legacy),
            address_proven: true,
        },
    );
    let signed_in = entered(world.ask(at_once(Proofs::default())));
    assert_eq!(signed_in.account().as_str(), "legacy-1");
    let events = world.events();
    assert!(events.contains(&"account.taken_over") && events.contains(&"password.rehashed"), "{events:?}");
    // From now on the record stands, whatever the host's table says.
    world.seen.accounts.lock().unwrap().get_mut(WHO).unwrap().legacy = None;
    entered(world.ask(at_once(Proofs::default())));
    assert!(!world.events().contains(&"password.rehashed"));
}

#[test]
fn another_factor_makes_another_session() {
    let (world, session) = member();
    let (secret, _) = enrol(&world, &session);
    world.seconds(30);
    let step_up = |session: &Ticket<Session>, proof| {
        let (client, session) = (Client::unmetered(), session.clone());
        world.ask(StepUp { client, session, proof, label: Label::default() }).into_result()
    };
    let wrong = Proof::Password(Password::typed("Not my password").unwrap());
    assert_eq!(step_up(&session, wrong).unwrap_err(), Refusal::InvalidCredentials);
    let code = totp_shown(&world, &secret);
    let higher = step_up(&session, Proof::Totp(code.clone())).unwrap();
    assert_eq!((higher.methods(), higher.aal()), (vec![Method::Password, Method::Totp], 2));
    let again = step_up(&session, Proof::Totp(code.clone())).unwrap_err();
    assert_eq!(again, Refusal::InvalidSession, "the earlier ticket is dead");
    assert!(step_up(higher.session(), Proof::Totp(code)).is_err(), "R36: and so is the code");
    // R88: only now can the app be replaced.
    enrol(&world, higher.session());
}

#[test]
fn a_suspended_account_is_like_one_with_another_password() {
    let (world, session) = member();
    let account = world.account(WHO).unwrap();
    let set =
        |suspended| world.ask(SetSuspended { account: account.clone(), suspended }).into_result().unwrap();
    let password = Password::typed(PASSWORD).unwrap();
    let begun = EnrolTotp { client: Client::unmetered(), session: session.clone(), password };
    let secret = world.ask(begun).into_result().unwrap().secret;
    assert_eq!(set(true).sessions_ended, 1);
    let check = CheckSession { client: Client::unmetered(), session };
    assert_eq!(world.ask(check).into_result().unwrap_err(), Refusal::InvalidSession);
    let refused = world.ask(at_once(Proofs::default())).into_result().unwrap_err();
    assert_eq!(refused, Refusal::InvalidCredentials);
    set(false);
    let session = entered(world.ask(at_once(Proofs::default()))).session().clone();
    let code = totp_shown(&world, &secret);
    let confirm = ConfirmTotp { client: Client::unmetered(), session, code };
    assert_eq!(world.ask(confirm).into_result().unwrap_err(), Refusal::NothingPending, "begun before");
}

/// Laws 1 and 2: a right password counts as compared even where nothing is left to do: without a commit, the right one of
/// many that are sent at once would be answered however few the budget lets through.
#[test]
fn law2_a_right_password_is_answered_only_if_no_guess_was_counted_meanwhile() {
    let (world, session) = member();
    let enable = |password: &str| EnableMailedCode {
        client: Client::unmetered(),
        session: session.clone(),
        password: Password::typed(password).unwrap(),
    };
    world.ask(enable(PASSWORD)).into_result().unwrap();
    let context =
        Context { now: START.saturating_add(core::time::Duration::from_secs(300)), entropy: seed(77) };
    let mut step = world.sentry.machine.begin(enable(PASSWORD), context);
    let mut raced = false;
    let outcome = loop {
        step = match step {
            Step::Load(load) => {
                let rows = world.sentry.store.load(load.keys()).unwrap();
                if !std::mem::replace(&mut raced, true) {
                    // Ten wrong ones overtake it.
                    for _ in 0..10 {
                        world.ask(enable("Not my password")).into_result().unwrap_err();
                    }
                }
                load.resume(rows).unwrap()
            }
            Step::Prove(prove) => {
                let hashed = prove.work().run(&*world.sentry.hasher).unwrap();
                prove.resume(hashed).unwrap()
            }
            Step::Commit(commit) => {
                let write = commit.write(world.sentry.clock.now().unwrap()).unwrap();
                let answer = world.sentry.store.commit(commit.key(), commit.expected(), write).unwrap();
                commit.resume(answer).unwrap()
            }
            Step::Done(done) => break done.outcome.verdict.into_result(),
            other => panic!("{other:?}"),
        };
    };
    assert!(matches!(outcome, Err(Refusal::Limited { .. })), "{outcome:?}");
}

/// Law 8: an outcome names the account once something was proven, also where it is refused afterwards, and not before.
#[test]
fn law8_an_outcome_names_an_account_only_after_a_proof() {
    let (world, session) = member();
    let (client, account) = (Client::unmetered(), world.account(WHO));
    let named = |request: PasswordSignIn| world.run(request).unwrap().account;
    let wrong = Password::typed("AnotherPassword2").unwrap();
    assert_eq!(named(PasswordSignIn { password: wrong.clone(), ..at_once(Proofs::default()) }), None);
    let unknown = PasswordSignIn { identifier: id("nobody@example.com"), ..at_once(Proofs::default()) };
    assert_eq!(named(unknown), None);
    let mailed = SignIn { client: client.clone(), identifier: id(WHO), locale: None };
    assert_eq!(world.run(mailed).unwrap().account, None, "a mailbox that was not read yet");
    assert_eq!(named(at_once(Proofs::default())), account);

    let (secret, _) = enrol(&world, &session);
    let missing = world.run(at_once(Proofs::default())).unwrap();
    assert!(matches!(missing.verdict, Verdict::Granted(Progress::SecondFactor(_))));
    assert_eq!(missing.account, account, "the password was right");
    let right = totp_shown(&world, &secret);
    let refused = world.run(at_once(totp(Code::typed(&common::wrong(right.expose()))))).unwrap();
    assert!(matches!(refused.verdict, Verdict::Refused(Refusal::InvalidProof { .. })));
    assert_eq!(refused.account, account);

    let step_up =
        |proof| StepUp { client: client.clone(), session: session.clone(), proof, label: Label::new("") };
    let refused = world.run(step_up(Proof::Password(wrong))).unwrap();
    assert!(matches!(refused.verdict, Verdict::Refused(_)));
    assert_eq!(refused.account, account, "the session is the proof");
    let end = EndSessions { client: client.clone(), session: session.clone(), which: Which::This };
    assert_eq!(world.run(end).unwrap().account, account);
    assert_eq!(world.run(CheckSession { client, session }).unwrap().account, None, "it has ended");
}

/// A request that never came to be uses the allowance of the operation it was for, and no other.
#[test]
fn r92_requests_that_are_only_counted_share_the_allowance_of_their_operation() {
    let world = World::recommended();
    let client = Client::named(b"a client");
    let count = |operation| world.run(CountRequest { client: client.clone(), operation }).unwrap();
    let per_minute = world.sentry.machine.policy().settings().clients.every.count;
    for left in (0..per_minute).rev() {
        let outcome = count(Operation::PasswordSignIn);
        assert!(outcome.refusal().is_none());
        assert_eq!((outcome.limits[0].remaining, outcome.account), (left, None));
    }
    let real = PasswordSignIn { client: client.clone(), ..at_once(Proofs::default()) };
    let refused = world.run(real).unwrap();
    assert!(matches!(refused.verdict, Verdict::Refused(Refusal::Limited { .. })), "they share it");
    assert!(matches!(count(Operation::PasswordSignIn).verdict, Verdict::Refused(Refusal::Limited { .. })));
    assert!(count(Operation::SignUp).refusal().is_none(), "another operation");
    world.seconds(60);
    assert!(count(Operation::PasswordSignIn).refusal().is_none());
}

/// Law 2, law 9: a look-up that is wider than the normal form finds other people's rows. They count as unknown, so that an account has one
/// guess budget and not one for each spelling that the look-up takes for the same.
#[test]
fn law2_law9_a_look_up_wider_than_the_normal_form_finds_nobody() {
    let world = World::recommended();
    let owner = "jose@example.com";
    let wide = "josé@example.com";
    // The host's own account, which the library has no record of yet: found under either spelling.
    let account = AccountId::new("from-before").unwrap();
    let entry = |identifier: &str| DirectoryEntry {
        identifier: identifier.to_owned(),
        account: account.clone(),
        address: Address::parse(owner).unwrap(),
        legacy: Some(hash_for_tests("old", &Password::typed(PASSWORD).unwrap(), b"sixteen bytes ok")),
        address_proven: true,
    };
    let found = |under: &str, stored: &str| {
        world.seen.accounts.lock().unwrap().insert(id(under).as_str().to_owned(), entry(stored));
    };
    found(owner, owner);
    found(wide, owner);
    let typed = |who: &str| PasswordSignIn { identifier: id(who), ..at_once(Proofs::default()) };
    world.events();
    assert_eq!(world.ask(typed(wide)).into_result().unwrap_err(), Refusal::InvalidCredentials);
    assert!(world.events().contains(&"directory.mismatch"), "the operator hears of it");
    assert_eq!(
        entered(world.ask(typed(owner))).account(),
        &account,
        "nobody chose another spelling for the owner"
    );
    assert!(!world.events().contains(&"directory.mismatch"));
    assert!(world.ask(typed(wide)).into_result().is_err(), "not afterwards either");
    // Another spelling that has the same normal form is no other identifier.
    found(owner, "JOSE@Example.com");
    assert_eq!(entered(world.ask(typed(owner))).account(), &account);
    // What is no identifier at all is none of anybody.
    found("nobody@example.com", "not an address");
    let nobody = PasswordSignIn { identifier: id("nobody@example.com"), ..at_once(Proofs::default()) };
    assert_eq!(world.ask(nobody).into_result().unwrap_err(), Refusal::InvalidCredentials);
}
