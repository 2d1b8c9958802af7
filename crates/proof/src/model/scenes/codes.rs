//! Mailed codes: guesses, another code, the right one, the end of it.

use countersign::*;

use super::say::*;
use crate::common::World;
use crate::model::scene::{Home, BY_MAILBOX, BY_PASSWORD, Scene, View, ask, gauge};
use crate::owner::*;

const OTP: From = From::Home("otp");
const CODE: From = From::Home("code");

fn asked_in(world: &World) -> Home {
    let person = world.owner(WHO, NONE);
    let mut home = Home { people: vec![person], ..Home::default() };
    world.seconds(60);
    asked(world, &mut home, Purpose::SignIn, WHO, ["otp", "code", "link"]);
    world.seconds(1);
    home
}

fn ends(view: &View<'_>) -> Option<i64> {
    view.home.facts["code_ends"].parse().ok()
}

pub(super) fn scenes() -> Vec<Scene> {
    let verify_in = |session, code| verify(Purpose::SignIn, session, code);
    let guess_in = |which| guess(Purpose::SignIn, OTP, CODE, which);
    vec![
        Scene::new(
            "codes-guessed",
            "wrong codes, another code, the right one",
            asked_in,
            vec![
                ask("a wrong code", guess_in(0)).stranger().counts(0),
                ask("another wrong code", guess_in(1)).stranger().counts(0),
                ask("another code, please", resend(OTP)).stranger().session("the one"),
                ask("the right code", verify_in(OTP, CODE)).shows(BY_MAILBOX).once("the code"),
            ],
        )
        .settings(small)
        .gauge(gauge("guesses at the code of the session", 2, guess(Purpose::SignIn, OTP, CODE, 5)))
        .enough(|shown| shown & (BY_MAILBOX | BY_PASSWORD) != 0)
        .troubles(1, 0),
        Scene::new(
            "codes-deadlines",
            "a code at its end, and the one that took its place at the end of the session",
            asked_in,
            vec![
                ask("the right code", verify_in(OTP, CODE)).shows(BY_MAILBOX).once("the code").ends(ends),
                ask("another code, please", resend(OTP)).stranger(),
                ask("the other code", verify_in(OTP, From::Of(1, "code"))).once("the code"),
            ],
        )
        .clocks(3, &[299 * SECOND - 1, 1, -MINUTE]),
    ]
}
