//! What strangers can do to an owner: not much. And what they can learn: nothing.

use countersign::*;

use super::say::*;
use crate::common::World;
use crate::model::scene::*;
use crate::owner::*;
use crate::people::*;

const H: fn(&'static str) -> From = From::Home;

/// An owner with a device and a mailed link that leads to a new password.
fn owner(world: &World) -> Home {
    let mut person = world.owner(WHO, APP);
    let lost = world.device(&mut person);
    let _ = world.forget(&person.session, None).unwrap();
    let device = world.device(&mut person);
    world.seconds(61);
    let mut home = Home { people: vec![person], ..Home::default() };
    home.note("device", device.expose());
    home.note("lost device", lost.expose());
    asked(world, &mut home, Purpose::Recover, WHO, ["lost", "lost code", "lost link"]);
    world.seconds(2);
    asked(world, &mut home, Purpose::SignIn, WHO, ["otp", "code", "link"]);
    world.seconds(2);
    home
}

/// An identifier that somebody has, with whatever kind of account.
fn known_as(world: &World, has: Has) -> Home {
    let _ = world.owner(WHO, has);
    world.clock.set(crate::common::START);
    world.seconds(3600);
    forget_visitor(world);
    Home::default()
}

/// What the owner did at the door is not there: both worlds begin with an empty one.
fn forget_visitor(world: &World) {
    let visitors = Some(record::RecordKind::Visitor);
    world.seen.rows.lock().unwrap().retain(|key, _| key.kind() != visitors);
}

fn known(world: &World) -> Home {
    known_as(world, NONE)
}
fn known_with_app(world: &World) -> Home {
    known_as(world, APP)
}
fn known_suspended(world: &World) -> Home {
    let person = world.owner(WHO, BOTH);
    world.suspend(&person.account, true);
    world.clock.set(crate::common::START);
    world.seconds(3600);
    forget_visitor(world);
    Home::default()
}
fn known_from_before(world: &World) -> Home {
    let _ = world.legacy(WHO, true);
    world.seconds(3600);
    Home::default()
}
fn unknown(world: &World) -> Home {
    world.seconds(3600);
    Home::default()
}

/// What strangers do at a door.
fn knocking() -> Vec<Ask> {
    vec![
        knock_wrongly("a wrong password"),
        ask("a code, please", sign_in(WHO)).stranger(),
        ask("a wrong code", guess(Purpose::SignIn, From::Of(1, "otp"), From::Nothing, 0))
            .stranger()
            .hopeless(),
    ]
}

fn asking() -> Vec<Ask> {
    vec![
        ask("a lost password", recover(WHO)).stranger(),
        ask("a wrong code", guess(Purpose::Recover, From::Of(0, "otp"), From::Nothing, 0))
            .stranger()
            .hopeless(),
        ask("a sign-up", signing_up(WHO)).stranger(),
        ask("the sign-up given up", cancel(From::Of(2, "otp"))).stranger(),
        knock_wrongly("a wrong password"),
    ]
}

/// All of it.
fn both() -> Vec<Ask> {
    let more = vec![
        ask("another code, please", resend(From::Of(1, "otp"))).stranger().hopeless(),
        knock_wrongly("another wrong password"),
    ];
    knocking().into_iter().chain(more).collect()
}

fn two(name: &'static str, about: &'static str, here: fn(&World) -> Home, asks: Vec<Ask>) -> Scene {
    Scene::new(name, about, here, asks).beside(unknown).settings(tiny)
}

fn knock_wrongly(what: &str) -> Ask {
    ask(what, enter(WHO, WRONG_PASSWORD)).stranger().hopeless()
}

fn device() -> Ask {
    ask("the owner's device", on_device(WHO, PASSWORD, H("device")))
}

fn link() -> Ask {
    ask("the owner's link", redeem_recovery(H("lost link")))
}

/// Strangers at the door and on a device that is the owner's no more, and what else they do.
fn locked_out(name: &'static str, also: Vec<Ask>) -> Scene {
    let forgotten = on_device(WHO, WRONG_PASSWORD, H("lost device"));
    let forgotten = ask("another, on a device that was forgotten", forgotten).stranger().hopeless();
    let asks = [knock_wrongly("a wrong password"), forgotten].into_iter().chain(also).collect();
    let about = "strangers guess and ask until they are locked out; the owner's device and link still work";
    Scene::new(name, about, owner, asks)
        .settings(tiny)
        .way(9, "to sign in on the owner's device", vec![device()])
        .way(9, "to set a new password by the mailed link", vec![link()])
}

pub(super) fn scenes() -> Vec<Scene> {
    let wrong_code =
        || ask("a wrong code", guess(Purpose::SignIn, H("otp"), H("code"), 0)).stranger().hopeless();
    vec![
        locked_out("strangers", vec![wrong_code()]),
        locked_out(
            "strangers-many",
            vec![
                ask("a lost password", recover(WHO)).stranger(),
                wrong_code(),
                ask("a second wrong code", guess(Purpose::Recover, H("lost"), H("lost code"), 1))
                    .stranger()
                    .hopeless(),
            ],
        )
        .long(),
        Scene::new(
            "strangers-and-owner",
            "the owner signs in on the device while strangers lock the door",
            owner,
            vec![knock_wrongly("a wrong password"), device().shows(BY_PASSWORD | BY_DEVICE), link()],
        )
        .settings(tiny)
        .troubles(1, 1),
        two("worlds", "an account with a password, or none", known, both()),
        two("worlds-app", "an account with an app, or none", known_with_app, both()),
        two("worlds-suspended", "a suspended account, or none", known_suspended, both()),
        two("worlds-before", "an account of the host's own, or none", known_from_before, both()),
        two("worlds-asked", "a lost password and a sign-up: an account, or none", known, asking()),
        two("worlds-asked-app", "the same, with an app", known_with_app, asking()),
        two("worlds-asked-before", "the same, of the host's own", known_from_before, asking()),
        two("worlds-many", "more of it, cut off", known_with_app, both()).troubles(1, 0).long(),
        two(
            "worlds-locked",
            "locks and their ends: an account, or none",
            known_with_app,
            vec![knock_wrongly("a wrong password"), knock_wrongly("a second"), knock_wrongly("a third")],
        )
        .clocks(2, &[15 * MINUTE - 1, 1, -10 * MINUTE])
        .troubles(1, 0)
        .long(),
    ]
}
