//! Mailed codes: guesses, another code, the right one, the end of it.

use countersign::*;

use super::say::*;
use crate::common::World;
use crate::model::scene::*;
use crate::model::told::NOT_THE_CODE;
use crate::owner::*;

const OTP: From = From::Home("otp");
const CODE: From = From::Home("code");
const LINK: From = From::Home("link");

/// Somebody asked for a code to sign in with.
fn asked_in(world: &World) -> Home {
    let mut home = Home { people: vec![world.owner(WHO, NONE)], ..Home::default() };
    world.seconds(60);
    asked(world, &mut home, Purpose::SignIn, WHO, ["otp", "code", "link"]);
    world.seconds(1);
    home
}

/// The same, in two tabs.
fn asked_twice(world: &World) -> Home {
    let mut home = Home { people: vec![world.owner(WHO, NONE)], ..Home::default() };
    world.seconds(60);
    asked(world, &mut home, Purpose::SignIn, WHO, ["otp", "code", "link"]);
    world.seconds(1);
    asked(world, &mut home, Purpose::SignIn, WHO, ["other otp", "other code", "other link"]);
    world.seconds(1);
    home
}

/// Somebody who wants to pay.
fn pays(world: &World) -> Home {
    let mut home = Home { people: vec![world.owner(WHO, NONE)], ..Home::default() };
    world.seconds(60);
    asked(world, &mut home, Purpose::ConfirmAction, WHO, ["otp", "code", "link"]);
    world.seconds(1);
    home
}

/// Somebody at home, who asked for nothing.
fn at_home(world: &World) -> Home {
    let home = Home { people: vec![world.owner(WHO, NONE)], ..Home::default() };
    world.seconds(60);
    home
}

fn keeps_previous() -> Settings {
    let mut settings = small();
    settings.codes.live_sessions = 1;
    settings.codes.resend = policy::ResendPolicy::KeepPrevious;
    settings
}

pub(super) fn scenes() -> Vec<Scene> {
    let verify_in = |session, code| verify(Purpose::SignIn, session, code);
    let wrong = |which| guess(Purpose::SignIn, OTP, CODE, which);
    let left = || gauge("guesses at the session's code", NOT_THE_CODE, 2, wrong(5));
    let in_all = |most| gauge("guesses at codes", NOT_THE_CODE, most, wrong(5));
    vec![
        Scene::new(
            "codes-guessed",
            "wrong codes, another code, the right one; one request is cut off",
            asked_in,
            vec![
                ask("a wrong code", wrong(0)).stranger().counts(0),
                ask("another wrong code", wrong(1)).stranger().counts(0),
                ask("another code, please", resend(OTP)).stranger().session("the one"),
                ask("the right code", verify_in(OTP, CODE)).shows(BY_MAILBOX).once("the code"),
            ],
        )
        .settings(small)
        .gauge(left())
        .troubles(1, 0),
        Scene::new(
            "codes-four-guesses",
            "more wrong codes at once than are answered, and the right one",
            asked_in,
            vec![
                ask("a wrong code", wrong(0)).stranger().counts(0),
                ask("a second wrong code", wrong(1)).stranger().counts(0),
                ask("a third wrong code", wrong(2)).stranger().counts(0),
                ask("a fourth wrong code", wrong(3)).stranger().counts(0),
                ask("the right code", verify_in(OTP, CODE)).shows(BY_MAILBOX).once("the code"),
            ],
        )
        .settings(small)
        .gauge(left()),
        Scene::new(
            "codes-faults",
            "wrong codes, another code, the right one; a call fails, or its answer is lost",
            asked_in,
            vec![
                ask("a wrong code", wrong(0)).stranger().counts(0),
                ask("another code, please", resend(OTP)).stranger().session("the one"),
                ask("the right code", verify_in(OTP, CODE)).shows(BY_MAILBOX).once("the code"),
            ],
        )
        .settings(small)
        .gauge(left())
        .troubles(1, 2),
        Scene::new(
            "codes-two-tabs",
            "two sessions, each other's codes, one of them given up",
            asked_twice,
            vec![
                ask("the code of the one", verify_in(OTP, CODE)).shows(BY_MAILBOX).once("the sign-in"),
                ask("the other's link", redeem_sign_in(From::Home("other link")))
                    .shows(BY_MAILBOX)
                    .once("the sign-in"),
                ask("the one's code in the other", verify_in(From::Home("other otp"), CODE)).never(),
                ask("the one's code for another purpose", verify(Purpose::Recover, OTP, CODE)).never(),
                ask("the other given up", cancel(From::Home("other otp"))).stranger(),
            ],
        )
        .settings(small)
        .enough(|shown| shown & BY_MAILBOX != 0),
        Scene::new(
            "codes-another-replaces",
            "another code: the one before is worth nothing",
            asked_in,
            vec![
                ask("another code, please", resend(OTP)).stranger().session("the one"),
                ask("the code from before", verify_in(OTP, CODE)).once("the sign-in").dead_after(&[0]),
                ask("the code that came", verify_in(OTP, From::Of(0, "code"))).once("the sign-in"),
                ask("the link", redeem_sign_in(LINK)).once("the sign-in").hopeless(),
                ask("a wrong code", wrong(0)).stranger().counts(0),
            ],
        )
        .settings(small)
        .gauge(left()),
        Scene::new(
            "codes-another-beside",
            "another code, and the one before is kept",
            asked_in,
            vec![
                ask("another code, please", resend(OTP)).stranger().session("the one"),
                ask("the code from before", verify_in(OTP, CODE)).once("the sign-in"),
                ask("the code that came", verify_in(OTP, From::Of(0, "code"))).once("the sign-in"),
                ask("a wrong code", wrong(0)).stranger().counts(0),
            ],
        )
        .settings(keeps_previous)
        .gauge(left()),
        Scene::new(
            "codes-chain",
            "start, resend, verify: each with what came of the one before, and a wrong code between",
            at_home,
            vec![
                ask("a code, please", sign_in(WHO)).stranger().session("the one"),
                ask("another", resend(From::Of(0, "otp"))).stranger().session("the one"),
                ask("a wrong code", guess(Purpose::SignIn, From::Of(0, "otp"), From::Of(0, "code"), 0))
                    .stranger()
                    .counts(0),
                ask("the last that came", verify_in(From::Of(0, "otp"), From::Last(&[0, 1], "code")))
                    .shows(BY_MAILBOX),
                ask("a new start", sign_in(WHO)).stranger(),
            ],
        )
        .settings(small)
        .clocks(1, &[SECOND])
        .gauge(gauge(
            "guesses at the session's code",
            NOT_THE_CODE,
            2,
            guess(Purpose::SignIn, From::Of(0, "otp"), From::Of(0, "code"), 5),
        )),
        Scene::new(
            "codes-new-starts",
            "no new start gives guesses back",
            asked_in,
            vec![
                ask("a wrong code", wrong(0)).stranger().counts(0),
                ask("a second wrong code", wrong(1)).stranger().counts(0),
                ask("a new start", sign_in(WHO)).stranger(),
                ask("a wrong code there", guess(Purpose::SignIn, From::Of(2, "otp"), From::Of(2, "code"), 0))
                    .stranger()
                    .counts(1),
                ask("a second there", guess(Purpose::SignIn, From::Of(2, "otp"), From::Of(2, "code"), 1))
                    .stranger()
                    .counts(1),
            ],
        )
        .settings(small)
        .gauge(left())
        .gauge(gauge(
            "guesses in the new session",
            NOT_THE_CODE,
            2,
            guess(Purpose::SignIn, From::Of(2, "otp"), From::Of(2, "code"), 5),
        )),
        Scene::new(
            "codes-lock",
            "wrong codes up to the lock, and past its end",
            asked_twice,
            vec![
                ask("a wrong code", wrong(0)).stranger().counts(0),
                ask("a second", wrong(1)).stranger().counts(0),
                ask("one in the other session", guess(Purpose::SignIn, From::Home("other otp"), CODE, 2))
                    .stranger()
                    .counts(0),
                ask("a second there", guess(Purpose::SignIn, From::Home("other otp"), CODE, 3))
                    .stranger()
                    .counts(0),
            ],
        )
        .settings(small)
        .gauge(in_all(3 + 1))
        .clocks(2, &[14 * MINUTE, MINUTE - 1, 1])
        .long(),
        Scene::new(
            "codes-deadlines",
            "a code at its end, and the one that took its place at the end of the session",
            asked_in,
            vec![
                ask("the right code", verify_in(OTP, CODE)).shows(BY_MAILBOX).once("the code").ends("code"),
                ask("another code, please", resend(OTP)).stranger().session("the one").ends("otp"),
                ask("the other code", verify_in(OTP, From::Of(1, "code"))).once("the code").ends("otp"),
            ],
        )
        .clocks(4, &[299 * SECOND - 1, 1, 300 * SECOND])
        .sweeps(),
        Scene::new(
            "codes-clock-back",
            "what has ended stays so if the clock goes back",
            asked_in,
            vec![
                ask("the right code", verify_in(OTP, CODE))
                    .shows(BY_MAILBOX)
                    .once("the code")
                    .ends("code")
                    .ended_by(&[1, 2]),
                ask("a wrong code", wrong(0)).stranger().counts(0),
                ask("a wrong code once more", wrong(1)).stranger().counts(0),
            ],
        )
        .settings(small)
        .gauge(left())
        .clocks(3, &[299 * SECOND, -30 * SECOND, -10 * MINUTE])
        .long(),
        Scene::new(
            "codes-of-the-account",
            "an action that is confirmed: guesses on the account's own record",
            pays,
            vec![
                ask("a wrong code", guess(Purpose::ConfirmAction, OTP, CODE, 0)).counts(0),
                ask("a second wrong code", guess(Purpose::ConfirmAction, OTP, CODE, 1)).counts(0),
                ask("another code, please", resend(OTP)).session("the one"),
                ask("the right code", verify(Purpose::ConfirmAction, OTP, CODE)).once("the action"),
            ],
        )
        .settings(small)
        .gauge(gauge(
            "guesses at the session's code",
            NOT_THE_CODE,
            2,
            guess(Purpose::ConfirmAction, OTP, CODE, 5),
        ))
        .troubles(1, 0),
    ]
}
