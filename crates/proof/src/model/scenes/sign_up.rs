//! Accounts that begin.

use countersign::*;

use super::say::*;
use crate::common::World;
use crate::model::scene::*;
use crate::model::told::NOT_THE_CODE;
use crate::people::*;

const H: fn(&'static str) -> From = From::Home;

/// Somebody who signed up, and has mail.
fn signed_up(world: &World) -> Home {
    let mut home = Home::default();
    asked(world, &mut home, Purpose::SignUp, NEW, ["up", "up code", "up link"]);
    world.seconds(2);
    home
}

/// Nobody.
fn nobody(_: &World) -> Home {
    Home::default()
}

fn with(password: &'static str) -> impl Fn(&View<'_>) -> Option<SignUp> + Send + Sync {
    move |_| Some(SignUp { password: Password::typed(password).unwrap(), ..crate::common::sign_up(NEW) })
}

const OTHERS: &str = "Somebody else's 6";

pub(super) fn scenes() -> Vec<Scene> {
    let left = |session, code| {
        gauge("guesses at the code", NOT_THE_CODE, 2, guess(Purpose::SignUp, session, code, 5))
    };
    vec![
        Scene::new(
            "sign-up",
            "code and link to one account, wrong codes beside; cut off anywhere",
            signed_up,
            vec![
                ask("the code", verify(Purpose::SignUp, H("up"), H("up code"))).once("the sign-up").moves(),
                ask("the code again", verify(Purpose::SignUp, H("up"), H("up code")))
                    .once("the sign-up")
                    .moves(),
                ask("the link", redeem_sign_up(NEW, H("up link"), OTHERS)).once("the sign-up").moves(),
                ask("a wrong code", guess(Purpose::SignUp, H("up"), H("up code"), 0)).stranger().counts(0),
            ],
        )
        .settings(small)
        .gauge(left(H("up"), H("up code")))
        .troubles(1, 0),
        Scene::new(
            "sign-up-faults",
            "the same, with calls that fail",
            signed_up,
            vec![
                ask("the code", verify(Purpose::SignUp, H("up"), H("up code"))).once("the sign-up").moves(),
                ask("the link", redeem_sign_up(NEW, H("up link"), OTHERS)).once("the sign-up").moves(),
                ask("a new start", signing_up(NEW)).stranger(),
            ],
        )
        .settings(small)
        .troubles(1, 2),
        Scene::new(
            "sign-up-chain",
            "two people sign up with one address; only its owner's password opens",
            nobody,
            vec![
                ask("a stranger signs up", with(OTHERS)).stranger(),
                ask("the owner signs up", with(PASSWORD)).stranger(),
                ask("the owner's code", verify(Purpose::SignUp, From::Of(1, "otp"), From::Of(1, "code")))
                    .once("the address")
                    .moves(),
                ask("the owner's link", redeem_sign_up(NEW, From::Of(1, "link"), PASSWORD))
                    .once("the address")
                    .moves(),
                ask("the stranger's password", enter(NEW, OTHERS)).never(),
                ask(
                    "the stranger tries the owner's code",
                    verify(Purpose::SignUp, From::Of(0, "otp"), From::Of(1, "code")),
                )
                .never()
                .moves(),
            ],
        )
        .settings(small)
        .clocks(1, &[SECOND])
        .long(),
    ]
}
