//! Law 11, R28, R74: the events of an account that is lost and won back tell the whole story in order, and hold no secret.

use countersign::*;

use crate::common::{IntoResult, World, verify};
use crate::household::{WHO, settings};
use crate::owner::*;
use crate::people::*;

const NEW: &str = "jo@new.example.org";

/// What must stand in no event: everything that opens something, and who somebody is.
#[derive(Default)]
struct Secrets(Vec<String>);

impl Secrets {
    fn ticket<K: TicketKind>(&mut self, ticket: &Ticket<K>) {
        let text = ticket.expose();
        self.0.push(text.split_once('_').unwrap().1.to_owned());
    }

    fn mail(&mut self, world: &World) {
        for mail in world.seen.mail.lock().unwrap().iter() {
            self.0.extend(mail.code.as_ref().map(|code| code.expose().to_owned()));
            let link = mail.link.as_ref().map(MailedLink::expose);
            self.0.extend(link.map(|link| link.split_once('_').unwrap().1.to_owned()));
        }
    }
}

#[test]
fn law11_r74_the_trail_of_an_account_lost_and_won_back() {
    let world = World::new(settings());
    let mut secrets = Secrets::default();
    let mut person = world.owner(WHO, APP);
    let app = person.app.clone().unwrap();
    secrets
        .0
        .extend([PASSWORD, NEW_PASSWORD, WRONG_PASSWORD, WHO, NEW, "jo@", "new.example"].map(str::to_owned));
    secrets.0.extend(person.drawer.iter().map(|code| code.expose().to_owned()));
    let app_codes = |world: &World| (-1..=1).map(|steps| app.code(world.now(), steps)).collect::<Vec<_>>();
    world.events();
    let mut story = vec![];
    let mut seen = vec![];
    let mut chapter = |world: &World, of: &'static str| {
        let events: Vec<_> = world.seen.events.lock().unwrap().drain(..).collect();
        story.push((of, events.iter().map(|event| event.kind.name()).collect::<Vec<_>>()));
        seen.extend(events);
    };

    // Somebody who knows the password fails the app, up to the end of the ticket.
    let login = world.login(WHO);
    for _ in 0..5 {
        assert!(world.prove(&login, person.wrong_totp(&world)).is_err());
    }
    chapter(&world, "tried");
    // The owner loses the password, and shows the app beside the mailbox.
    let session = world.start(Purpose::Recover, WHO).unwrap().session;
    secrets.ticket(&session);
    let granted = world.verify(Purpose::Recover, &session, &world.last_code()).unwrap().grant.unwrap();
    world.seconds(31);
    secrets.0.extend(app_codes(&world));
    let reset = world.reset(&granted.grant, NEW_PASSWORD, Some(person.totp(&world))).unwrap();
    secrets.ticket(&granted.grant);
    secrets.ticket(&reset.device);
    chapter(&world, "reset");
    // In by the device; and the app is lost as well.
    let asked = second(world.by_device(WHO, NEW_PASSWORD, &reset.device).unwrap());
    let login = asked.login.unwrap();
    secrets.ticket(&login);
    let _ = world.lost(&login).unwrap();
    chapter(&world, "lost");
    let ready = world.lost(&login).unwrap().ready_at;
    world.clock.set(ready);
    let login = second(world.stepwise(WHO, NEW_PASSWORD).unwrap()).login.unwrap();
    let _ = world.lost(&login).unwrap();
    let _ = world.reset_factors(&login, &world.last_code()).unwrap();
    chapter(&world, "won back");
    // In again, with another app, another address, a device, and out.
    let signed_in = world.stepwise(WHO, NEW_PASSWORD).unwrap().signed_in().unwrap();
    person.session = signed_in.session().clone();
    secrets.ticket(&person.session);
    let request =
        EnrolTotp { client: client(), session: person.session.clone(), password: password(NEW_PASSWORD) };
    let enrolment = world.ask(request).into_result().unwrap();
    let fresh = App { secret: enrolment.secret, params: enrolment.params };
    secrets.0.push(fresh.code(world.now(), 0));
    let codes = world.confirm(&person.session, &fresh.code(world.now(), 0)).unwrap().codes;
    secrets.0.extend(codes.iter().map(|code| code.expose().to_owned()));
    chapter(&world, "bound anew");
    world.seconds(31);
    let proof = Proof::Totp(Code::typed(&fresh.code(world.now(), 0)));
    let stepped = world.step_up(&person.session, proof).unwrap();
    let started = world.move_to(stepped.session(), None, NEW).unwrap();
    let code = world.last_code();
    let _ = world.ask(verify(Purpose::ChangeAddress, &started.session, &code)).into_result().unwrap();
    let device = world.trust(stepped.session()).unwrap().device;
    secrets.ticket(stepped.session());
    secrets.ticket(&device);
    chapter(&world, "moved");
    assert_eq!(world.delete(stepped.session(), None), Ok(Deleted));
    chapter(&world, "left");

    let expected: [(&str, &[&str]); 7] = [
        (
            "tried",
            &[
                "password.accepted",
                "factor.asked",
                "factor.rejected",
                "factor.rejected",
                "factor.rejected",
                "factor.rejected",
                "factor.rejected",
                "otp.session_burned",
            ],
        ),
        (
            "reset",
            &[
                "otp.session_started",
                "otp.code_sent",
                "otp.code_accepted",
                "recovery.granted",
                "factor.accepted",
                "factor.right_after_failures",
                "recovery.password_reset",
                "session.ended",
                "device.trusted",
                "mail.notice",
            ],
        ),
        (
            "lost",
            &[
                "password.accepted",
                "device.accepted",
                "factor.asked",
                "recovery.factor_started",
                "mail.notice",
            ],
        ),
        (
            "won back",
            &[
                "password.accepted",
                "factor.abandoned",
                "factor.asked",
                "otp.code_sent",
                "factor.accepted",
                "recovery.factors_reset",
                "mail.notice",
            ],
        ),
        (
            "bound anew",
            &[
                "password.accepted",
                "session.signed_in",
                "factor.enrolment_started",
                "factor.enabled",
                "recovery_codes.issued",
                "mail.notice",
            ],
        ),
        (
            "moved",
            &[
                "factor.accepted",
                "session.signed_in",
                "address.change_started",
                "mail.notice",
                "otp.session_started",
                "otp.code_sent",
                "otp.code_accepted",
                "address.changed",
                "mail.notice",
                "device.trusted",
            ],
        ),
        ("left", &["account.deleted", "mail.notice", "account.identifiers_released"]),
    ];
    for ((of, events), (expected_of, expected)) in story.iter().zip(&expected) {
        assert_eq!((of, events.as_slice()), (expected_of, *expected));
    }
    assert_eq!(story.len(), expected.len());
    secrets.mail(&world);
    assert!(secrets.0.len() > 30 && seen.len() > 40);
    for event in &seen {
        let shown = format!("{event:?}");
        for secret in &secrets.0 {
            assert!(!shown.contains(secret), "law 11: {secret} in {shown}");
        }
    }
    // Each grant and each change names the account, for whoever reads the log.
    let named = [
        "recovery.password_reset",
        "recovery.factors_reset",
        "factor.enabled",
        "address.changed",
        "account.deleted",
    ];
    for event in seen.iter().filter(|event| named.contains(&event.kind.name())) {
        assert_eq!(event.account.as_ref(), Some(&person.account), "{event:?}");
    }
    // Nor does a message say more by its `Debug` than who it is to, masked.
    for mail in world.seen.mail.lock().unwrap().iter() {
        let shown = format!("{mail:?}");
        let tells = |secret: &&String| shown.contains(secret.as_str()) && !secret.contains("example");
        assert_eq!(secrets.0.iter().find(tells), None, "law 11: {shown}");
    }
}
