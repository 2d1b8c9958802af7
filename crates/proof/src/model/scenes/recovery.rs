//! Accounts won back, changed, moved and deleted.

use countersign::*;

use super::say::*;
use crate::common::World;
use crate::model::scene::*;
use crate::model::told::NOT_THE_FACTOR;
use crate::owner::*;
use crate::people::*;

const H: fn(&'static str) -> From = From::Home;
const THIRD: &str = "Yet another one 4";

/// Somebody who reads the mail that leads to a new password; a sign-in waits, and there is a device.
fn lost(world: &World) -> Home {
    let mut person = world.owner(WHO, APP);
    let device = world.device(&mut person);
    world.seconds(61);
    let mut home = Home { people: vec![person], ..Home::default() };
    home.note("device", device.expose());
    home.note("login", world.login(WHO).expose());
    asked(world, &mut home, Purpose::Recover, WHO, ["lost", "lost code", "lost link"]);
    home
}

/// Somebody with a grant.
fn granted(world: &World) -> Home {
    let mut home = Home { people: vec![world.owner(WHO, APP)], ..Home::default() };
    world.seconds(61);
    home.note("grant", world.granted(WHO).unwrap().grant.expose());
    world.seconds(2);
    home.note("login", world.login(WHO).expose());
    home.note("other login", world.login(WHO).expose());
    home
}

/// Somebody who said that the app is lost, and waited.
fn waited(world: &World) -> Home {
    let mut home = Home { people: vec![world.owner(WHO, APP)], ..Home::default() };
    world.seconds(61);
    let _ = world.lost(&world.login(WHO)).unwrap();
    home.note("stop", cancel_link(&world.last_of("factor_recovery_started")).unwrap().expose());
    world.seconds(73 * 3600);
    let login = world.login(WHO);
    let _ = world.lost(&login).unwrap();
    home.note("login", login.expose());
    home.note("code", world.last_code());
    home.note("other login", world.login(WHO).expose());
    home
}

/// Somebody about to move.
fn moving(world: &World) -> Home {
    let mut home = Home { people: vec![world.owner(WHO, NONE)], ..Home::default() };
    let started = world.move_to(&home.people[0].session, None, NEW).unwrap();
    home.note("moving", started.session.expose());
    home.note("moving code", world.last_of("address_change_code").code.unwrap().expose());
    world.seconds(2);
    home
}

fn at_home(world: &World) -> Home {
    let home = Home { people: vec![world.owner(WHO, NONE)], ..Home::default() };
    world.seconds(61);
    home
}

fn from_drawer(view: &View<'_>) -> Option<Proof> {
    Some(Proof::RecoveryCode(drawer(view, 0)))
}

fn resets(view: &View<'_>) -> Option<ResetFactors> {
    let code = Code::typed(&view.had("code")?);
    Some(ResetFactors { client: client(), login: H("login").ticket(view)?, code })
}

fn resets_wrongly(view: &View<'_>) -> Option<ResetFactors> {
    let code = not(&view.had("code")?, 0);
    Some(ResetFactors { client: client(), login: H("login").ticket(view)?, code })
}

fn stops(view: &View<'_>) -> Option<CancelFactorRecovery> {
    Some(CancelFactorRecovery { client: client(), link: H("stop").ticket(view)? })
}

/// Every password at every address that the account may have.
fn doors() -> Vec<Ask> {
    let passwords = [PASSWORD, NEW_PASSWORD, THIRD];
    let doors = [WHO, NEW].into_iter().flat_map(|who| passwords.map(|password| (who, password)));
    doors.map(|(who, password)| ask("a door", enter(who, password))).collect()
}

const fn two_factors(shown: u8) -> bool {
    shown & BY_PASSWORD != 0 && shown & (BY_APP | BY_DRAWER | BY_DEVICE) != 0
}

pub(super) fn scenes() -> Vec<Scene> {
    let of_the_app =
        || gauge("codes of the app", NOT_THE_FACTOR, 3, prove(H("other login"), proves_app(false)));
    let by_code = || verify(Purpose::Recover, H("lost"), H("lost code"));
    vec![
        Scene::new(
            "lost-password",
            "code and link to one grant; what was made for the account as it was",
            lost,
            vec![
                ask("the code", by_code()).once("the recovery"),
                ask("the link", redeem_recovery(H("lost link"))).once("the recovery"),
                ask(
                    "a new password by the code's grant",
                    reset(From::Of(0, "grant"), NEW_PASSWORD, proves_app(true)),
                )
                .rebinds(),
                ask("the sign-in that waits", prove(H("login"), from_drawer))
                    .shows(BY_PASSWORD | BY_DRAWER)
                    .dead_after(&[2]),
                ask("on the device", on_device(WHO, PASSWORD, H("device")))
                    .shows(BY_PASSWORD | BY_DEVICE)
                    .dead_after(&[2])
                    .by_device(),
            ],
        )
        .settings(small)
        .enough(two_factors)
        .way(12, "to sign in", doors()),
        Scene::new(
            "grant-twice",
            "one grant, two passwords, a wrong proof",
            granted,
            vec![
                ask("a new password", reset(H("grant"), NEW_PASSWORD, proves_app(true)))
                    .once("the grant")
                    .rebinds(),
                ask("another password", reset(H("grant"), THIRD, from_drawer)).once("the grant").rebinds(),
                ask("a wrong proof", reset(H("grant"), THIRD, proves_app(false))).counts(0),
                ask("a wrong proof at a sign-in", prove(H("login"), proves_app(false))).counts(0),
            ],
        )
        .settings(small)
        .gauge(of_the_app())
        .way(12, "to sign in", doors())
        .troubles(1, 0),
        Scene::new(
            "app-lost",
            "the end of a wait, the link that stops it, a wrong code, and the app that was not lost",
            waited,
            vec![
                ask("the code after the wait", resets).once("the code").rebinds(),
                ask("the code again", resets).once("the code").rebinds(),
                ask("a wrong code", resets_wrongly).hopeless(),
                ask("the link that stops it", stops),
                ask("the app", prove(H("other login"), proves_app(true))).shows(BY_PASSWORD | BY_APP),
            ],
        )
        .settings(small)
        .enough(two_factors)
        .way(12, "to sign in", doors()),
        Scene::new(
            "password-changed",
            "a change of the password, and what was made before it",
            granted,
            vec![
                ask("a change", change(PASSWORD, NEW_PASSWORD)).shows(BY_PASSWORD | BY_APP).rebinds(),
                ask("another change", change(PASSWORD, THIRD)).shows(BY_PASSWORD | BY_APP).rebinds(),
                ask("the sign-in that waits", prove(H("login"), from_drawer))
                    .shows(BY_PASSWORD | BY_DRAWER)
                    .dead_after(&[0, 1]),
                ask("the grant", reset(H("grant"), "One more of them 9", proves_app(true)))
                    .dead_after(&[0, 1])
                    .rebinds(),
                ask("the password from before", enter(WHO, PASSWORD)).dead_after(&[0, 1, 3]),
            ],
        )
        .settings(small)
        .enough(two_factors)
        .way(
            12,
            "to sign in",
            doors().into_iter().chain([ask("a door", enter(WHO, "One more of them 9"))]).collect(),
        )
        .long(),
        Scene::new(
            "moved",
            "a new address: proven twice, cut off, and a sign-in by each",
            moving,
            vec![
                ask("the code", verify(Purpose::ChangeAddress, H("moving"), H("moving code")))
                    .once("the move")
                    .moves()
                    .rebinds(),
                ask("the code again", verify(Purpose::ChangeAddress, H("moving"), H("moving code")))
                    .once("the move")
                    .moves()
                    .rebinds(),
                ask("in by the old one", enter(WHO, PASSWORD)).shows(BY_PASSWORD),
                ask("in by the new one", enter(NEW, PASSWORD)).shows(BY_PASSWORD),
            ],
        )
        .settings(small)
        .enough(|shown| shown & BY_PASSWORD != 0)
        .way(12, "to sign in", doors())
        .troubles(1, 1)
        .long(),
        Scene::new(
            "moved-while-taken",
            "a new address that somebody signs up with meanwhile",
            |world| {
                let mut home = moving(world);
                asked(world, &mut home, Purpose::SignUp, NEW, ["up", "up code", "up link"]);
                home
            },
            vec![
                ask("the move", verify(Purpose::ChangeAddress, H("moving"), H("moving code")))
                    .once("the address")
                    .moves()
                    .rebinds(),
                ask("the sign-up", verify(Purpose::SignUp, H("up"), H("up code")))
                    .once("the address")
                    .moves(),
                ask("the sign-up's link", redeem_sign_up(NEW, H("up link"), THIRD))
                    .once("the address")
                    .moves(),
            ],
        )
        .settings(small)
        .way(12, "to sign in", doors())
        .troubles(1, 0),
        Scene::new(
            "moved-and-changed",
            "a move and a change of the password at once",
            moving,
            vec![
                ask("the move", verify(Purpose::ChangeAddress, H("moving"), H("moving code")))
                    .dead_after(&[1])
                    .moves()
                    .rebinds(),
                ask("the change", change(PASSWORD, NEW_PASSWORD)).shows(BY_PASSWORD).rebinds(),
            ],
        )
        .settings(small)
        .way(12, "to sign in", doors())
        .troubles(1, 1),
        Scene::new(
            "deleted",
            "a deletion, twice, beside a sign-in and a new sign-up for the address",
            at_home,
            vec![
                ask("the deletion", delete).once("the account").moves(),
                ask("the deletion again", delete).once("the account").moves(),
                ask("a sign-in", enter(WHO, PASSWORD)).shows(BY_PASSWORD).dead_after(&[0, 1]),
                ask("the session", check).dead_after(&[0, 1]),
            ],
        )
        .settings(small)
        .enough(|shown| shown & BY_PASSWORD != 0)
        .troubles(1, 1),
    ]
}
