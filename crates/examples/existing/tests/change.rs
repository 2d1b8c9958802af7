//! Steps 6 and 7: what the new door has that the old one had not.

use countersign::{
    AccountId, ChangePassword, Client, Factor, Label, OtpSession, Password, Profile, Purpose, Recover,
    Refusal, ResetPassword, SignIn, SignUp, Ticket, Todo, Verdict, Verify,
};
use countersign::{Code, Identifier, MessageKind};
use existing::before;
use existing::door::*;
use totp_rs::{Builder, Secret};

use crate::harness::*;

/// What an authenticator app shows that scanned this.
fn app(uri: &str, now: u64) -> String {
    let secret = uri.split(['?', '&']).find_map(|part| part.strip_prefix("secret=")).unwrap();
    let secret = Secret::try_from_base32(secret).unwrap();
    Builder::new().with_secret(secret).build().unwrap().generate(now).to_string()
}

pub(crate) fn enrolled(world: &World, who: (&str, &str)) -> (String, Vec<String>) {
    let session = world.session(who);
    let uri = enrol(&world.app, HERE, session.clone(), who.1).unwrap();
    let drawer = confirm(&world.app, HERE, session, &app(&uri, world.seconds())).unwrap();
    (uri, drawer)
}

#[test]
fn a_second_factor_is_added_and_asked_for() {
    let world = World::new();
    let (uri, drawer) = enrolled(&world, BOB);
    assert!(uri.starts_with("otpauth://totp/Example:bob@example.com?") && drawer.len() == 10);
    assert_eq!(world.mails.sent(), [("Bob@Example.com".into(), "factor_added")]);
    world.later(30);
    let Answer::SecondFactor { login, offered } = world.sign_in(BOB) else { panic!() };
    assert_eq!(offered, [Factor::Totp, Factor::RecoveryCode]);
    assert_eq!(name(&prove(&world.app, HERE, login.clone(), "000000")), "invalid_proof");
    assert!(whose(&world.app, HERE, &login.expose()).is_err(), "not in yet");
    let code = app(&uri, world.seconds());
    let Answer::In { session, .. } = prove(&world.app, HERE, login, &code) else { panic!() };
    assert_eq!(whose(&world.app, HERE, &session.expose()).unwrap(), id(2));
    sign_out(&world.app, HERE, session.clone()).unwrap();
    assert_eq!(name(&whose(&world.app, HERE, &session.expose()).unwrap_err()), "invalid_session");
    // A password alone opens nothing any more, at neither door, so the old hash is nowhere.
    assert_eq!(before::sign_in(&world.place.db(), "Bob@Example.com", BOB.1).unwrap(), None);
    assert_eq!(world.column(2), None);
    assert_eq!(world.app.retire().unwrap(), 0);
}

/// Whoever is disabled is told what anybody is told, at every door, before he has a record and after.
#[test]
fn the_disabled_stay_out() {
    let world = World::new();
    assert_eq!(world.refused(DAN), "invalid_credentials");
    let (client, identifier) = (Client::ip(HERE), Identifier::parse(DAN.0).unwrap());
    let recover = Recover { client: client.clone(), identifier: identifier.clone(), locale: None };
    let sign_in = SignIn { client, identifier, locale: None };
    assert!(world.app.desk.run(recover).unwrap().granted().is_some(), "as for anybody");
    assert!(world.app.desk.run(sign_in).unwrap().granted().is_some(), "as for anybody");
    assert_eq!(world.mails.sent(), [], "but no mail");
    let _ = sign_up(&world, DAN.0);
    assert_eq!(world.mails.sent(), [(DAN.0.into(), "sign_up_taken")], "and no second account");

    disable(&world.app, &id(4), false).unwrap();
    let session = world.session(DAN);
    assert!(whose(&world.app, HERE, &session.expose()).is_ok());
    // While he is in, and has a record.
    disable(&world.app, &id(4), true).unwrap();
    assert_eq!(name(&whose(&world.app, HERE, &session.expose()).unwrap_err()), "invalid_session");
    assert_eq!(world.refused(DAN), "invalid_credentials");
    disable(&world.app, &id(4), false).unwrap();
    assert!(whose(&world.app, HERE, &session.expose()).is_err(), "it does not come back");
    let session = world.session(DAN);
    // In the moment between column and record.
    world.place.db().execute("UPDATE users SET disabled = 1 WHERE id = 4", []).unwrap();
    assert_eq!(name(&whose(&world.app, HERE, &session.expose()).unwrap_err()), "invalid_session");
}

/// No code goes to an address that nobody proved; its owner, signed in with his password, proves it first.
#[test]
fn an_unproven_address_is_proven_first() {
    let world = World::new();
    let identifier = Identifier::parse(EVE.0).unwrap();
    let recover = Recover { client: Client::ip(HERE), identifier, locale: None };
    assert!(world.app.desk.run(recover).unwrap().granted().is_some());
    assert_eq!(world.mails.sent(), []);
    let Answer::In { session, first } = world.sign_in(EVE) else { panic!() };
    assert_eq!(first, [Todo::VerifyAddress]);
    assert_eq!(name(&whose(&world.app, HERE, &session.expose()).unwrap_err()), "action_required");
    let otp = prove_address(&world.app, HERE, session.clone(), EVE.0).unwrap();
    address_proven(&world.app, HERE, otp, &world.mails.code()).unwrap();
    assert_eq!(whose(&world.app, HERE, &session.expose()).unwrap(), id(5));
    let verified = "SELECT email_verified FROM users WHERE id = 5";
    assert!(world.place.db().query_row(verified, [], |row| row.get::<_, bool>(0)).unwrap());
    assert_eq!(world.session(EVE).expose().split('_').next(), Some("sess"));
}

/// Who never had a password, or one that nobody can check, comes in by a mail, and stays the same user.
#[test]
fn without_a_password_a_mail_leads_in() {
    let world = World::new();
    let _ = sign_up(&world, "fay@example.com");
    let started = world.mails.last();
    assert_eq!((started.to.as_str(), started.kind), ("fay@example.com", MessageKind::SignUpCode));
    assert_eq!(signed_up(&world, "fay@example.com").unwrap(), id(6));
    let _ = world.session(("fay@example.com", NEW));
    let identifier = Identifier::parse("gus@example.com").unwrap();
    let recover = Recover { client: Client::ip(HERE), identifier, locale: None };
    let session = world.app.desk.run(recover).unwrap().granted().unwrap().session;
    let (client, code) = (Client::ip(HERE), Code::typed(&world.mails.code()));
    let purpose = Purpose::Recover;
    let verify = Verify { client: client.clone(), purpose, session, code, identifier: None, enter: None };
    let grant = world.app.desk.run(verify).unwrap().granted().unwrap().grant.unwrap().grant;
    let password = Password::typed("gus has a meadow").unwrap();
    let reset = ResetPassword { client, grant, password, proof: None, label: Label::default() };
    assert_eq!(world.app.desk.run(reset).unwrap().granted().unwrap().account, id(7));
    assert_eq!(world.column(7), None, "the old text is gone at once");
    let _ = world.session(("gus@example.com", "gus has a meadow"));
}

const NEW: &str = "a new password of theirs";

/// Begins to sign up.
fn sign_up(world: &World, email: &str) -> Ticket<OtpSession> {
    let request = SignUp {
        client: Client::ip(HERE),
        identifier: Identifier::parse(email).unwrap(),
        password: Password::typed(NEW).unwrap(),
        profile: Profile::default(),
        locale: None,
    };
    world.app.desk.run(request).unwrap().granted().expect("as for anybody").session
}

/// Signs up, as far as it goes.
fn signed_up(world: &World, email: &str) -> Result<AccountId, Refusal> {
    world.later(60);
    let session = sign_up(world, email);
    let (client, code) = (Client::ip(HERE), Code::typed(&world.mails.code()));
    let verify = Verify { client, purpose: Purpose::SignUp, session, code, identifier: None, enter: None };
    match world.app.desk.run(verify).unwrap().verdict {
        Verdict::Granted(verified) => Ok(verified.account),
        Verdict::Refused(refusal) => Err(refusal),
    }
}

/// What the document says of backups: a record whose row was lost is nobody's, also not the next one's with that id.
#[test]
fn a_row_that_was_lost_gives_its_record_to_nobody() {
    let world = World::new();
    let jo = signed_up(&world, "jo@example.com").unwrap();
    assert_eq!(jo, id(8));
    let db = world.place.db();
    db.execute_batch("DROP TRIGGER users_stay; DELETE FROM users WHERE id = 8").unwrap();
    for _ in 0..2 {
        assert_eq!(signed_up(&world, "kim@example.com"), Err(Refusal::InvalidSession));
    }
    let row: i64 =
        db.query_row("SELECT id FROM users WHERE email = 'kim@example.com'", [], |row| row.get(0)).unwrap();
    assert_eq!(row, 8, "the id of the one that was lost");
    assert_eq!(world.refused(("kim@example.com", NEW)), "invalid_credentials");
    assert_eq!(world.refused(("jo@example.com", NEW)), "invalid_credentials");
}

/// Sessions of the old door are nobody's at the new one, and are ended with it.
#[test]
fn old_sessions_end_with_the_old_door() {
    let world = World::new();
    let db = world.place.db();
    let token = before::sign_in(&db, ADA.0, ADA.1).unwrap().expect("open until the switch");
    assert!(whose(&world.app, HERE, &token).is_err());
    assert!(Ticket::<countersign::Session>::parse(&token).is_err());
    assert_eq!(end_old_sessions(&db).unwrap(), 1);
    assert_eq!(end_old_sessions(&db).unwrap(), 0);
}

/// Another password: the old one opens neither door.
pub(crate) fn change_password(world: &World, who: (&str, &str), new: &str) {
    let request = ChangePassword {
        client: Client::ip(HERE),
        session: world.session(who),
        current: Password::typed(who.1).unwrap(),
        password: Password::typed(new).unwrap(),
        label: Label::default(),
    };
    assert!(world.app.desk.run(request).unwrap().granted().is_some());
}
