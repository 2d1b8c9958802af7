//! Passwords, second factors, devices.

use countersign::*;

use super::say::*;
use crate::common::World;
use crate::model::scene::*;
use crate::model::told::{NOT_THE_CODE, NOT_THE_FACTOR, NOT_THE_PASSWORD};
use crate::owner::*;
use crate::people::*;

const H: fn(&'static str) -> From = From::Home;
const LOGIN: From = From::Home("login");

/// An account with an app, and two sign-ins that wait for it.
fn waiting(world: &World) -> Home {
    let mut home = Home { people: vec![world.owner(WHO, APP)], ..Home::default() };
    world.seconds(61);
    home.note("login", world.login(WHO).expose());
    home.note("other login", world.login(WHO).expose());
    home.note("app's code", home.people[0].app.as_ref().unwrap().code(world.now(), 0));
    home
}

/// The same, with a device that lets past the app.
fn with_device(world: &World) -> Home {
    let mut person = world.owner(WHO, APP);
    let device = world.device(&mut person);
    world.seconds(61);
    let mut home = Home { people: vec![person], ..Home::default() };
    home.note("device", device.expose());
    home.note("login", world.login(WHO).expose());
    home
}

/// A device that has budgets of its own, and lets past no factor.
fn only_budgets(world: &World) -> Home {
    let person = world.owner(WHO, APP);
    world.seconds(61);
    let grant = world.granted(WHO).unwrap().grant;
    let device = world.reset(&grant, PASSWORD, Some(person.totp(world))).unwrap().device;
    world.seconds(61);
    let mut home = Home { people: vec![person], ..Home::default() };
    home.note("device", device.expose());
    home.note("app's code", home.people[0].app.as_ref().unwrap().code(world.now(), 0));
    home
}

/// Codes by mail are the second factor, and one was mailed.
fn mailed(world: &World) -> Home {
    let mut home = Home { people: vec![world.owner(WHO, MAILED)], ..Home::default() };
    world.seconds(61);
    home.note("login", world.login(WHO).expose());
    home.note("code", world.last_code());
    world.seconds(2);
    home
}

/// A password is all that is asked for.
fn alone(world: &World) -> Home {
    let home = Home { people: vec![world.owner(WHO, NONE)], ..Home::default() };
    world.seconds(61);
    home
}

/// The host's own account, from before.
fn legacy(world: &World) -> Home {
    let _ = world.legacy(WHO, true);
    Home::default()
}

/// One code of the app, whatever the time.
fn the_code(view: &View<'_>) -> Option<Proof> {
    Some(Proof::Totp(Code::typed(&view.had("app's code")?)))
}

fn with_the_code(view: &View<'_>) -> Option<Proofs> {
    Some(Proofs { totp: Some(Code::typed(&view.had("app's code")?)), ..Proofs::default() })
}

fn wrong_code(view: &View<'_>) -> Option<Proofs> {
    Some(Proofs { totp: Some(app(view, false)), ..Proofs::default() })
}

fn from_drawer(view: &View<'_>) -> Option<Proof> {
    Some(Proof::RecoveryCode(drawer(view, 0)))
}

fn with_drawer(view: &View<'_>) -> Option<Proofs> {
    Some(Proofs { recovery_code: Some(drawer(view, 0)), ..Proofs::default() })
}

fn by_mail(code: From) -> impl Fn(&View<'_>) -> Option<Proof> + Send + Sync + 'static {
    move |view| Some(Proof::MailedCode(Code::typed(&code.text(view)?)))
}

fn not_by_mail(view: &View<'_>) -> Option<Proof> {
    Some(Proof::MailedCode(not(&view.had("code")?, 0)))
}

fn another(view: &View<'_>) -> Option<ResendFactorCode> {
    Some(ResendFactorCode { client: client(), login: LOGIN.ticket(view)? })
}

/// A first factor and a second: not the same mailbox twice.
const fn two_factors(shown: u8) -> bool {
    shown & BY_PASSWORD != 0 && shown & (BY_APP | BY_DRAWER | BY_MAILBOX | BY_DEVICE) != 0
}

/// Uses of a device, while its password is guessed and it is forgotten.
fn on_a_device(name: &'static str, about: &'static str, uses: &[&str]) -> Scene {
    let forgotten = uses.len() + 1;
    let used = uses.iter().map(|what| {
        ask(*what, on_device(WHO, PASSWORD, H("device")))
            .shows(BY_PASSWORD | BY_DEVICE)
            .dead_after(&[forgotten])
            .by_device()
    });
    let wrong = || on_device(WHO, WRONG_PASSWORD, H("device"));
    let others = [ask("a wrong password there", wrong()).counts(0), ask("devices forgotten", forget)];
    Scene::new(name, about, with_device, used.chain(others).collect())
        .settings(small)
        .gauge(gauge("passwords on the device", NOT_THE_PASSWORD, 3, move |view| {
            // Forgotten, its ticket leads to the strangers' door.
            if view.was_granted(forgotten) { None } else { wrong()(view) }
        }))
        .enough(two_factors)
}

/// An account of the host's own, from before, that stays open to whoever has its password.
fn from_before(name: &'static str, about: &'static str, asks: Vec<Ask>) -> Scene {
    let right = ask("the right password", enter(WHO, PASSWORD));
    Scene::new(name, about, legacy, asks).settings(small).way(
        12,
        "to sign in by the password from before",
        vec![right],
    )
}

pub(super) fn scenes() -> Vec<Scene> {
    let wrong = || enter(WHO, WRONG_PASSWORD);
    let at_the_door =
        |most| gauge("passwords at the door", NOT_THE_PASSWORD, most, enter(WHO, WRONG_PASSWORD));
    let of_the_app =
        |most| gauge("codes of the app", NOT_THE_FACTOR, most, prove(H("other login"), proves_app(false)));
    let bad = || prove(LOGIN, proves_app(false));
    vec![
        Scene::new(
            "passwords-guessed",
            "more wrong passwords at once than are answered, and the right one",
            alone,
            vec![
                ask("a wrong password", wrong()).stranger().counts(0),
                ask("a second", wrong()).stranger().counts(0),
                ask("a third", wrong()).stranger().counts(0),
                ask("the right one", enter(WHO, PASSWORD)).shows(BY_PASSWORD).commits(2),
            ],
        )
        .settings(tiny)
        .gauge(at_the_door(2))
        .enough(|shown| shown & BY_PASSWORD != 0),
        Scene::new(
            "passwords-guessed-by-many",
            "the same, with one more",
            alone,
            vec![
                ask("a wrong password", wrong()).stranger().counts(0),
                ask("a second", wrong()).stranger().counts(0),
                ask("a third", wrong()).stranger().counts(0),
                ask("a fourth", wrong()).stranger().counts(0),
                ask("the right one", enter(WHO, PASSWORD)).shows(BY_PASSWORD).commits(2),
            ],
        )
        .settings(small)
        .gauge(at_the_door(3))
        .enough(|shown| shown & BY_PASSWORD != 0)
        .long(),
        Scene::new(
            "passwords-cut-off",
            "wrong passwords and the right one, cut off and failing",
            alone,
            vec![
                ask("a wrong password", wrong()).stranger().counts(0),
                ask("a second", wrong()).stranger().counts(0),
                ask("the right one", enter(WHO, PASSWORD)).shows(BY_PASSWORD).commits(2),
            ],
        )
        .settings(small)
        .gauge(at_the_door(3))
        .enough(|shown| shown & BY_PASSWORD != 0)
        .troubles(1, 1),
        Scene::new(
            "passwords-lock",
            "wrong passwords up to the lock, and past its end, and back",
            alone,
            vec![
                ask("a wrong password", wrong()).stranger().counts(0),
                ask("a second", wrong()).stranger().counts(0),
                ask("a third", wrong()).stranger().counts(0),
                ask("a fourth", wrong()).stranger().counts(0),
            ],
        )
        .settings(small)
        // The free ones are forgotten with time; those of the long rule are not.
        .gauge(at_the_door(5))
        .clocks(2, &[15 * MINUTE - 1, 1, -30 * SECOND])
        .sweeps()
        .long(),
        Scene::new(
            "app-guessed",
            "wrong codes of the app by two sign-ins, the right one by both",
            waiting,
            vec![
                ask("a wrong code", bad()).shows(BY_PASSWORD).counts(0),
                ask("a wrong code in the other", prove(H("other login"), proves_app(false))).shows(BY_PASSWORD).counts(0),
                ask("the right code", prove(LOGIN, the_code)).shows(BY_PASSWORD | BY_APP).once("the app's code"),
                ask("the right code in the other", prove(H("other login"), the_code)).shows(BY_PASSWORD | BY_APP).once("the app's code"),
            ],
        )
        .settings(small)
        .gauge(of_the_app(3))
        .enough(two_factors)
        .troubles(1, 0),
        Scene::new(
            "app-clock",
            "one code of the app, whatever the clock does",
            waiting,
            vec![
                ask("the right code", prove(LOGIN, the_code)).shows(BY_PASSWORD | BY_APP).once("the app's code"),
                ask("the same in the other", prove(H("other login"), the_code)).shows(BY_PASSWORD | BY_APP).once("the app's code"),
                ask("the same with the password", at_once(WHO, PASSWORD, with_the_code)).shows(BY_PASSWORD | BY_APP).once("the app's code"),
            ],
        )
        .settings(small)
        .enough(two_factors)
        .clocks(2, &[30 * SECOND, -30 * SECOND, -10 * MINUTE]),
        Scene::new(
            "app-no-rescue",
            "a right code never rescues a wrong password, and is not used up by it",
            waiting,
            vec![
                ask("a wrong password with the right code", at_once(WHO, WRONG_PASSWORD, with_the_code)).counts(0),
                ask("a wrong password with a recovery code", at_once(WHO, WRONG_PASSWORD, with_drawer)).counts(0),
                ask("the right password with it", at_once(WHO, PASSWORD, with_the_code)).shows(BY_PASSWORD | BY_APP).once("the app's code"),
                ask("the recovery code", prove(LOGIN, from_drawer)).shows(BY_PASSWORD | BY_DRAWER).once("the recovery code"),
            ],
        )
        .settings(small)
        .gauge(at_the_door(3))
        .enough(two_factors)
        .way(4, "the right password with the code, or the recovery code, unless used", vec![
            ask("the drawer's other code", at_once(WHO, PASSWORD, |view| {
                Some(Proofs { recovery_code: Some(drawer(view, 1)), ..Proofs::default() })
            })),
        ]),
        Scene::new(
            "drawer",
            "one recovery code at three doors",
            waiting,
            vec![
                ask("with the one sign-in", prove(LOGIN, from_drawer)).shows(BY_PASSWORD | BY_DRAWER).once("the recovery code"),
                ask("with the other", prove(H("other login"), from_drawer)).shows(BY_PASSWORD | BY_DRAWER).once("the recovery code"),
                ask("with the password", at_once(WHO, PASSWORD, with_drawer)).shows(BY_PASSWORD | BY_DRAWER).once("the recovery code"),
            ],
        )
        .settings(small)
        .enough(two_factors)
        .troubles(1, 0),
        Scene::new(
            "sign-in-chain",
            "password, then the factor, by what came of it; a wrong one between",
            waiting,
            vec![
                ask("the password", enter(WHO, PASSWORD)).shows(BY_PASSWORD),
                ask("a wrong code", prove(From::Of(0, "login"), proves_app(false))).follows(0).counts(0),
                ask("the code", prove(From::Of(0, "login"), the_code)).follows(0).shows(BY_APP).once("the app's code"),
                ask("the code, elsewhere", prove(LOGIN, the_code)).shows(BY_PASSWORD | BY_APP).once("the app's code"),
            ],
        )
        .settings(small)
        .gauge(of_the_app(3))
        .enough(two_factors)
        .troubles(1, 1),
        Scene::new(
            "mailed-factor",
            "a mailed second factor: another code, a wrong one, the right one, twice",
            mailed,
            vec![
                ask("another code, please", another),
                ask("a wrong code", prove(LOGIN, not_by_mail)).shows(BY_PASSWORD).counts(0),
                ask("the code from before", prove(LOGIN, by_mail(H("code")))).shows(BY_PASSWORD | BY_MAILBOX).once("the sign-in").dead_after(&[0]),
                ask("the code that came", prove(LOGIN, by_mail(From::Of(0, "code")))).shows(BY_PASSWORD | BY_MAILBOX).once("the sign-in"),
            ],
        )
        .settings(small)
        .gauge(gauge("mailed codes", NOT_THE_FACTOR, 3, prove(LOGIN, not_by_mail)))
        .enough(two_factors)
        .troubles(1, 0),
        Scene::new(
            "one-mailbox",
            "who reads the mailbox has one factor, not two",
            mailed,
            vec![
                ask("a code to sign in with, please", sign_in(WHO)).stranger(),
                ask("that code", verify(Purpose::SignIn, From::Of(0, "otp"), From::Of(0, "code"))).shows(BY_MAILBOX),
                ask("the mailed factor with it", prove(From::Of(1, "login"), by_mail(H("code")))).follows(1).shows(BY_MAILBOX).never(),
                ask("the password with it", prove(From::Of(1, "login"), |_| Some(Proof::Password(password(PASSWORD))))).follows(1).shows(BY_PASSWORD),
            ],
        )
        .settings(small)
        .enough(two_factors),
        on_a_device("devices", "a device: its password guessed, forgotten meanwhile", &["on the device"]),
        on_a_device(
            "devices-many",
            "the same once more: its password guessed, its ticket twice, forgotten meanwhile",
            &["on the device", "on the device again"],
        )
        .long(),
        Scene::new(
            "device-without-exemption",
            "a device that only has budgets of its own lets past no factor",
            only_budgets,
            vec![
                ask("on the device", on_device(WHO, PASSWORD, H("device"))).shows(BY_PASSWORD),
                ask("the app's code then", prove(From::Of(0, "login"), the_code)).follows(0).shows(BY_APP).once("the app's code"),
                ask("both at once", at_once(WHO, PASSWORD, with_the_code)).shows(BY_PASSWORD | BY_APP).once("the app's code"),
            ],
        )
        .settings(small)
        .enough(two_factors)
        .troubles(0, 1),
        Scene::new(
            "partitions",
            "whoever knows the password uses up the guesses at the app; on the owner's device there are others",
            only_budgets,
            vec![
                ask("a wrong code", at_once(WHO, PASSWORD, wrong_code)).counts(0),
                ask("a second", at_once(WHO, PASSWORD, wrong_code)).counts(0),
                ask("the password", enter(WHO, PASSWORD)).shows(BY_PASSWORD),
            ],
        )
        .settings(tiny)
        .gauge(gauge("codes of the app", NOT_THE_FACTOR, 2, at_once(WHO, PASSWORD, wrong_code)))
        .enough(two_factors)
        .way(9, "to sign in on the owner's device, with the app", vec![ask("the owner", |view| {
            let proofs = Proofs { totp: Some(app(view, true)), ..Proofs::default() };
            let device = Some(H("device").ticket(view)?);
            Some(PasswordSignIn { device, ..knock(WHO, PASSWORD, Steps::AtOnce(proofs)) })
        })]),
        from_before(
            "taken-over",
            "an account of the host's own, from before: two right passwords, a wrong one",
            vec![
                ask("the right password", enter(WHO, PASSWORD)).shows(BY_PASSWORD),
                ask("the right password again", enter(WHO, PASSWORD)).shows(BY_PASSWORD),
                ask("a wrong password", wrong()).stranger().counts(0),
            ],
        )
        .gauge(at_the_door(3))
        .enough(|shown| shown & BY_PASSWORD != 0),
        from_before(
            "taken-over-by-mail",
            "the same, by the password and by a mailed code",
            vec![
                ask("the right password", enter(WHO, PASSWORD)).shows(BY_PASSWORD),
                ask("a code, please", sign_in(WHO)).stranger(),
                ask("that code", verify(Purpose::SignIn, From::Of(1, "otp"), From::Of(1, "code"))).shows(BY_MAILBOX),
            ],
        )
        .enough(|shown| shown & (BY_PASSWORD | BY_MAILBOX) != 0)
        .gauge(gauge("guesses at the code", NOT_THE_CODE, 2, guess(Purpose::SignIn, From::Of(1, "otp"), From::Of(1, "code"), 5)))
        .troubles(1, 0),
    ]
}
