//! What is told, to whom: in mail, in answers, in the log.

use std::time::Duration;

use countersign::factor::RecoveryCode;
use countersign::policy::{Limit, RULE_LIVE_LINKS, RULE_LIVE_SESSIONS, RULE_SENDS_SHORT};
use countersign::*;

use crate::WHO;
use crate::common::{IntoResult, World, id, limit, sign_up, wrong};
use crate::owner::{APP, NONE, changing, client, password, second};
use crate::people::{PASSWORD, knock, two_codes};

/// Where the mail of an account goes that its host knows by another name.
const MAILBOX: &str = "jo.doe@mail.example.com";

/// Somebody of the host's own who signs in as [`WHO`] and is mailed elsewhere.
fn with_a_mailbox(world: &World) {
    let _ = world.legacy(WHO, true);
    world.seen.accounts.lock().unwrap().get_mut(WHO).unwrap().address = Address::parse(MAILBOX).unwrap();
}

fn nl() -> Option<Locale> {
    Some(Locale::new("nl").unwrap())
}

/// Law 8: whoever signs up with a taken address mails its owner, at the owner's own address, no code, no link and
/// no time of either.
#[test]
fn law8_the_owner_of_a_taken_address_is_mailed_nothing_to_use() {
    let world = World::recommended();
    with_a_mailbox(&world);
    let request = SignUp { locale: nl(), ..sign_up(WHO) };
    world.ask(request).into_result().unwrap();
    let mail = world.last_mail();
    assert_eq!((mail.kind.name(), mail.to.as_str()), ("sign_up_taken", MAILBOX));
    assert_eq!(mail.issued_at, world.now());
    assert!(mail.code.is_none() && mail.link.is_none() && !mail.suppressed);
    assert_eq!((mail.expires_at, mail.link_expires_at), (None, None));
    assert_eq!(mail.locale, nl());
}

/// Law 5: the code that replaces a lost app goes to the owner's own address, whatever was typed, and in the language asked for.
#[test]
fn law5_the_code_for_a_lost_app_goes_to_the_address_on_record() {
    let mut settings = Settings::recommended();
    settings.recovery.factor_wait = Duration::from_secs(3_600);
    let world = World::new(settings);
    with_a_mailbox(&world);
    let session = crate::owner::session(world.stepwise(WHO, PASSWORD).unwrap());
    let app = world.enrol(&session).unwrap();
    let _ = world.confirm(&session, &app.code(world.now(), 0)).unwrap();
    world.seconds(60);
    let login = || second(world.stepwise(WHO, PASSWORD).unwrap()).login.unwrap();
    let lost = |login: &Ticket<Login>| {
        let request = RecoverFactor { client: client(), login: login.clone(), locale: nl() };
        world.ask(request).into_result().unwrap()
    };
    let _ = lost(&login());
    world.seconds(3_601);
    let _ = lost(&login());
    let mail = world.last_mail();
    assert_eq!((mail.kind.name(), mail.to.as_str(), mail.locale), ("factor_recovery_code", MAILBOX, nl()));
}

/// The notice of a change of address is in the language of whoever asked for it, as the code is.
#[test]
fn r62_the_notice_of_a_move_is_in_the_language_asked_for() {
    let world = World::recommended();
    let person = world.owner(WHO, NONE);
    let request = ChangeAddress {
        client: client(),
        session: person.session,
        password: Some(password(PASSWORD)),
        to: id("new@example.com"),
        locale: nl(),
    };
    world.ask(request).into_result().unwrap();
    assert_eq!(world.last_of_to("address_change_started", WHO).locale, nl());
    assert_eq!(world.last_mail().locale, nl());
}

/// R92: the list of live codes and the rules for sending run beside each other; what is told is when both have opened, and the list where they open
/// together.
#[test]
fn r92_of_the_list_and_the_sends_the_last_to_open_is_told() {
    for (window, told) in [(599, RULE_LIVE_SESSIONS), (600, RULE_LIVE_SESSIONS), (601, RULE_SENDS_SHORT)] {
        let mut settings = Settings::recommended();
        settings.codes.live_sessions = 1;
        settings.codes.sign_in =
            policy::Lifetimes { code: Duration::from_secs(300), session: Duration::from_secs(600) };
        settings.sends.short = Limit { count: 1, window: Duration::from_secs(window) };
        let world = World::new(settings);
        world.start(Purpose::SignIn, WHO).unwrap();
        let opens = i64::try_from(window.max(600)).unwrap();
        let (rule, retry_at) = limit(world.start(Purpose::SignIn, WHO));
        assert_eq!(
            (rule, retry_at),
            (told, world.now().saturating_add(Duration::from_secs(window.max(600))))
        );
        world.seconds(opens);
        world.start(Purpose::SignIn, WHO).unwrap();
    }
}

/// R92: so with the list of links: sixty-four are kept, the first of which is soon over, and half of them were mailed just now or long ago.
#[test]
fn r92_of_the_links_and_the_sends_the_last_to_open_is_told() {
    for (mut pause, told) in [(2_000, RULE_LIVE_LINKS), (7_000, RULE_SENDS_SHORT)] {
        let mut settings = Settings::recommended();
        settings.codes.live_sessions = 1;
        let (code, session) = (Duration::from_secs(1), Duration::from_secs(1));
        settings.codes.sign_up = policy::Lifetimes { code, session };
        settings.links.sign_up = Duration::from_secs(7_201);
        settings.sends.cooldown = Duration::from_secs(1);
        settings.sends.short = Limit { count: 32, window: Duration::from_secs(1_000) };
        settings.sends.long = Limit { count: 64, window: Duration::from_secs(1_100) };
        let world = World::new(settings);
        for _ in 0..2 {
            for _ in 0..32 {
                world.sign_up(WHO).unwrap();
                world.seconds(2);
            }
            world.seconds(std::mem::take(&mut pause));
        }
        let (rule, retry_at) = limit(world.sign_up(WHO));
        assert_eq!(rule, told);
        world.clock.set(Timestamp::from_unix_millis(retry_at.unix_millis() - 1));
        assert!(world.sign_up(WHO).is_err());
        world.millis(1);
        world.sign_up(WHO).unwrap();
    }
}

/// A client is told when it may resend, unless the session ends before: then there is nothing to wait for.
#[test]
fn r92_no_resend_is_promised_at_the_end_of_the_session() {
    for (cooldown, promised) in [(599, true), (600, false), (601, false)] {
        let mut settings = Settings::recommended();
        settings.codes.sign_in =
            policy::Lifetimes { code: Duration::from_secs(300), session: Duration::from_secs(600) };
        settings.sends.cooldown = Duration::from_secs(cooldown);
        let world = World::new(settings);
        let started = world.start(Purpose::SignIn, WHO).unwrap();
        assert_eq!(started.state.resend_at.is_some(), promised, "{cooldown}");
    }
}

/// The headers of an answer tell how the rules for sending stand.
#[test]
fn r92_the_rules_for_sending_are_told() {
    let world = World::recommended();
    let outcome = world.run(SignIn { client: client(), identifier: id(WHO), locale: None }).unwrap();
    let told: Vec<_> = outcome.limits.iter().map(|quota| (quota.rule, quota.remaining)).collect();
    for rule in [("resend_cooldown", 0), ("sends_short", 5), ("sends_long", 19)] {
        assert!(told.contains(&rule), "{told:?}");
    }
}

/// What strangers can cause is mailed to the owner up to half of what a day holds, so that a change can always be told.
#[test]
fn half_of_the_notices_are_kept_for_changes() {
    for (count, mentioned) in [(4, 2), (5, 3), (6, 3)] {
        let mut settings = Settings::recommended();
        settings.notices = Limit { count, window: Duration::from_secs(86_400) };
        let world = World::new(settings);
        let person = world.owner(WHO, APP);
        world.seconds(86_400);
        let since = world.mails();
        for code in &person.drawer[..4] {
            let login = second(world.stepwise(WHO, PASSWORD).unwrap()).login.unwrap();
            let _ = world.prove(&login, Proof::RecoveryCode(code.clone())).unwrap();
        }
        let told = world.mailed(since).into_iter().filter(|(_, kind)| *kind == "recovery_code_used").count();
        assert_eq!(told, mentioned, "of {count}");
    }
}

/// Only what is there is asked for: whoever has used up the recovery codes is not offered them for a new password.
#[test]
fn r57_no_recovery_code_is_asked_for_where_none_is_left() {
    let world = World::new(two_codes());
    let person = world.owner(WHO, APP);
    assert_eq!(world.granted(WHO).unwrap().asks, [Factor::Totp, Factor::RecoveryCode]);
    for code in &person.drawer {
        let login = second(world.stepwise(WHO, PASSWORD).unwrap()).login.unwrap();
        let _ = world.prove(&login, Proof::RecoveryCode(RecoveryCode::typed(code.expose()))).unwrap();
    }
    world.seconds(3_600);
    assert_eq!(world.granted(WHO).unwrap().asks, [Factor::Totp]);
}

/// R74: sessions that a new password ends are logged with their number, and only if there were any.
#[test]
fn r74_the_sessions_that_a_new_password_ends_are_counted() {
    let ended = |world: &World| {
        let events = world.seen.events.lock().unwrap();
        let count = |event: &Event| match event.kind {
            EventKind::SessionsEnded { count } => Some(count),
            _ => None,
        };
        events.iter().filter_map(count).collect::<Vec<_>>()
    };
    let world = World::recommended();
    let mut person = world.owner(WHO, NONE);
    let _ = world.device(&mut person);
    let others = world.sessions(&person.session).unwrap().len() - 1;
    world.ask(changing(&person.session, PASSWORD, "Quite another 5")).into_result().unwrap();
    assert!(world.seen.events.lock().unwrap().iter().any(|event| event.kind.name() == "device.forgotten"));
    assert_eq!(ended(&world), [others]);
    for sessions in [1, 0] {
        world.seconds(3_600);
        world.seen.events.lock().unwrap().clear();
        let grant = world.granted(WHO).unwrap();
        let _ = world.reset(&grant.grant, &format!("Quite another {sessions}6"), None).unwrap();
        assert_eq!(ended(&world), vec![1; sessions]);
    }
}

/// R74: the log says whether a device stood in for a factor: only where there was one to stand in for.
#[test]
fn r74_the_log_says_what_a_device_skipped() {
    for (has, skipped) in [(NONE, false), (APP, true)] {
        let world = World::recommended();
        let mut person = world.owner(WHO, has);
        let device = world.device(&mut person);
        world.seen.events.lock().unwrap().clear();
        let _ = world.by_device(WHO, PASSWORD, &device).unwrap().signed_in().unwrap();
        let events = world.seen.events.lock().unwrap();
        let said = events.iter().find_map(|event| match event.kind {
            EventKind::DeviceAccepted { skipped } => Some(skipped),
            _ => None,
        });
        assert_eq!(said, Some(skipped));
    }
}

/// A mailed factor shown at once is spent by the sign-in it was for, and five wrong ones are the end of it, as where it is shown later.
#[test]
fn law3_a_mailed_factor_shown_at_once_is_spent() {
    let world = World::recommended();
    let _ = world.owner(WHO, crate::owner::MAILED);
    let at_once = |code: &str| {
        let proofs = Proofs { mailed_code: Some(Code::typed(code)), ..Proofs::default() };
        world.ask(knock(WHO, PASSWORD, Steps::AtOnce(proofs))).into_result()
    };
    let mailed = || {
        world.seconds(120);
        let _ = world.at_once(WHO, PASSWORD, Proofs::default());
        world.last_code()
    };
    let code = mailed();
    assert!(at_once(&wrong(&code)).is_err());
    assert!(matches!(at_once(&code), Ok(Progress::SignedIn(_))));
    assert!(!matches!(at_once(&code), Ok(Progress::SignedIn(_))), "law 3: spent");
    let code = mailed();
    for _ in 0..5 {
        assert!(at_once(&wrong(&code)).is_err());
    }
    assert!(!matches!(at_once(&code), Ok(Progress::SignedIn(_))), "law 2: five are answered");
}
