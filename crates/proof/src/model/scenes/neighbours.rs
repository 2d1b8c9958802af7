//! Two accounts that come into each other's way: one leaves an address that the other moves to, or that somebody else signs up with.

use countersign::*;

use super::say::*;
use crate::common::{IntoResult, World};
use crate::model::scene::*;
use crate::model::told::{NOT_THE_CODE, NOT_THE_PASSWORD};
use crate::owner::*;
use crate::people::*;

const H: fn(&'static str) -> From = From::Home;
/// Who of those at home.
const JO: usize = 0;
const AL: usize = 1;
const ALS_PASSWORD: &str = "Al has another 3";
const SOMEBODYS: &str = "Somebody else's 6";

/// Jo is about to move to an address, and somebody to sign up with it, when the host gives it to Al, from its own accounts of before. Then Al is about
/// to move on, to one that somebody is about to sign up with.
fn neighbours(world: &World) -> Home {
    let mut home = Home::default();
    let mut jo = world.owner(WHO, NONE);
    home.records = records(world);
    let device = world.device(&mut jo);
    home.note("jo's device", device.expose());
    moves(world, &mut home, &jo, OTHER, ["jo moving", "jo moving code"]);
    signs_up(world, &mut home, OTHER, ["up", "up code", "up link"]);
    world.seconds(2);

    let account = world.legacy(OTHER, true);
    let session = session(world.stepwise(OTHER, PASSWORD).expect("as before"));
    let session = world.change_password(&session, PASSWORD, ALS_PASSWORD).expect("fresh").session().clone();
    let (who, app, drawer) = (OTHER.to_owned(), None, Vec::new());
    let al = Person { who, account, app, drawer, session };
    let als = records(world).into_iter().find(|record| *record != home.records[JO]);
    home.records.push(als.expect("a record"));
    home.note("al's device", world.trust(&al.session).expect("fresh").device.expose());
    home.note("grant", world.granted(OTHER).expect("a grant").grant.expose());
    world.seconds(2);
    moves(world, &mut home, &al, NEW, ["al moving", "al moving code"]);
    signs_up(world, &mut home, NEW, ["new", "new code", "new link"]);
    asked(world, &mut home, Purpose::Recover, OTHER, ["lost", "lost code", "lost link"]);
    asked(world, &mut home, Purpose::SignIn, OTHER, ["otp", "code", "link"]);
    world.seconds(2);
    home.people = vec![jo, al];
    home
}

/// Somebody about to move.
fn moves(world: &World, home: &mut Home, person: &Person, to: &str, names: [&'static str; 2]) {
    let started = world.move_to(&person.session, None, to).expect("fresh");
    home.note(names[0], started.session.expose());
    home.note(names[1], world.last_of_to("address_change_code", to).code.expect("a code").expose());
}

/// Somebody about to have an account, with a password that is neither's.
fn signs_up(world: &World, home: &mut Home, who: &str, names: [&'static str; 3]) {
    let request = SignUp { password: password(SOMEBODYS), ..crate::common::sign_up(who) };
    let started = world.ask(request).into_result().expect("free");
    let mail = world.last_mail();
    home.note(names[0], started.session.expose());
    home.note(names[1], mail.code.expect("a code").expose());
    home.note(names[2], mail.link.expect("a link").expose());
}

/// What one of them asks for, or somebody else.
struct Request {
    ask: fn() -> Ask,
    /// Whose account is another after it, and whose as it was is worth nothing after that.
    raises: Option<usize>,
    bound: Option<usize>,
    /// Whose account nobody is to sign in to after it.
    shuts: Option<usize>,
}

const fn plain(ask: fn() -> Ask) -> Request {
    Request { ask, raises: None, bound: None, shuts: None }
}
const fn bound(whose: usize, ask: fn() -> Ask) -> Request {
    Request { bound: Some(whose), ..plain(ask) }
}
const fn raises(whose: usize, ask: fn() -> Ask) -> Request {
    Request { raises: Some(whose), ..plain(ask) }
}
const fn shuts(whose: usize, request: Request) -> Request {
    Request { shuts: Some(whose), ..request }
}

/// How Al leaves: the address is free afterwards.
fn departures() -> [Request; 2] {
    [
        raises(AL, || {
            ask("Al moves on", verify(Purpose::ChangeAddress, H("al moving"), H("al moving code")))
                .of(AL)
                .once("the free address")
                .moves()
                .rebinds()
        }),
        shuts(AL, raises(AL, || ask("Al's account is deleted", by(AL, delete)).of(AL).moves().rebinds())),
    ]
}

fn requests() -> Vec<Request> {
    vec![
        Request {
            bound: Some(JO),
            ..raises(JO, || {
                ask("Jo moves there", verify(Purpose::ChangeAddress, H("jo moving"), H("jo moving code")))
                    .of(JO)
                    .once("Al's address")
                    .moves()
                    .rebinds()
            })
        },
        plain(|| ask("Jo wants to move there", move_to(OTHER)).of(JO)),
        plain(|| ask("Jo wants to move where Al goes", move_to(NEW)).of(JO)),
        plain(|| ask("Jo's password", enter(WHO, PASSWORD)).shows(BY_PASSWORD).of(JO)),
        plain(|| ask("Jo's password there", enter(OTHER, PASSWORD)).shows(BY_PASSWORD).of(JO).hopeless()),
        bound(JO, || {
            ask("Jo's device", on_device(WHO, PASSWORD, H("jo's device")))
                .shows(BY_PASSWORD | BY_DEVICE)
                .of(JO)
                .by_device()
        }),
        shuts(JO, raises(JO, || ask("Jo's account is deleted", delete).of(JO).moves().rebinds())),
        plain(|| ask("Al's password", enter(OTHER, ALS_PASSWORD)).shows(BY_PASSWORD).of(AL)),
        plain(|| {
            ask("Al's password where Al goes", enter(NEW, ALS_PASSWORD)).shows(BY_PASSWORD).of(AL).hopeless()
        }),
        bound(AL, || {
            ask("Al's device", on_device(OTHER, ALS_PASSWORD, H("al's device")))
                .shows(BY_PASSWORD | BY_DEVICE)
                .of(AL)
                .by_device()
        }),
        bound(AL, || {
            ask("Al's code", verify(Purpose::SignIn, H("otp"), H("code")))
                .shows(BY_MAILBOX)
                .of(AL)
                .once("the sign-in")
        }),
        bound(AL, || {
            ask("Al's link", redeem_sign_in(H("link"))).shows(BY_MAILBOX).of(AL).once("the sign-in")
        }),
        bound(AL, || {
            ask("Al's lost password", verify(Purpose::Recover, H("lost"), H("lost code")))
                .of(AL)
                .once("the recovery")
        }),
        bound(AL, || {
            ask("Al's lost password, by the link", redeem_recovery(H("lost link")))
                .of(AL)
                .once("the recovery")
        }),
        Request {
            bound: Some(AL),
            ..raises(AL, || {
                ask("Al's new password", reset(H("grant"), NEW_PASSWORD, |_| None)).of(AL).rebinds()
            })
        },
        raises(AL, || {
            ask("Al's password is changed", by(AL, change(ALS_PASSWORD, NEW_PASSWORD)))
                .shows(BY_PASSWORD)
                .of(AL)
                .rebinds()
        }),
        plain(|| ask("Al's session", by(AL, check)).of(AL)),
        shuts(
            AL,
            plain(|| {
                let suspend = |view: &View<'_>| {
                    let account = view.person().account.clone();
                    Some(SetSuspended { account, suspended: true })
                };
                ask("Al is suspended", by(AL, suspend)).of(AL)
            }),
        ),
        plain(|| {
            ask("a sign-up there", verify(Purpose::SignUp, H("up"), H("up code")))
                .of(NEWCOMER)
                .once("Al's address")
                .moves()
        }),
        plain(|| {
            ask("a sign-up there, by the link", redeem_sign_up(OTHER, H("up link"), SOMEBODYS))
                .of(NEWCOMER)
                .once("Al's address")
                .moves()
        }),
        plain(|| {
            ask("a sign-up where Al goes", verify(Purpose::SignUp, H("new"), H("new code")))
                .of(NEWCOMER)
                .once("the free address")
                .moves()
        }),
        plain(|| ask("SignUp there", signing_up(OTHER)).stranger()),
        plain(|| ask("SignIn there", sign_in(OTHER)).stranger()),
        plain(|| ask("Recover there", recover(OTHER)).stranger()),
        plain(|| ask("a wrong password there", enter(OTHER, WRONG_PASSWORD)).stranger().counts(0)),
        plain(|| {
            ask("a wrong code there", guess(Purpose::SignIn, H("otp"), H("code"), 0)).stranger().counts(1)
        }),
    ]
}

/// What others were granted that makes a request worthless, if it comes after.
fn dead_after(asks: [&Request; 3], at: usize) -> Vec<usize> {
    let kills =
        |other: &usize| *other != at && asks[at].bound.is_some() && asks[*other].raises == asks[at].bound;
    (0..asks.len()).filter(kills).collect()
}

fn doors(whose: usize, all: &[&'static str], passwords: &[&'static str]) -> Vec<Ask> {
    let doors = all.iter().flat_map(|who| passwords.iter().map(|password| (*who, *password)));
    doors.map(|(who, password)| ask("a door", enter(who, password)).of(whose)).collect()
}

fn scene(asks: [&Request; 3]) -> Scene {
    let made = asks.map(|request| (request.ask)());
    let [left, first, second] = [0, 1, 2].map(|at| made[at].what.clone());
    let mut at = 0;
    let made = made.map(|ask| {
        at += 1;
        ask.dead_after(&dead_after(asks, at - 1))
    });
    let shut = |whose| asks.iter().any(|request| request.shuts == Some(whose));
    let name = format!("neighbours: {left} + {first} + {second}");
    let family = Some(format!("neighbours: {left}"));
    let mut scene = Scene::new(name, "two accounts and an address", neighbours, made.into())
        .settings(small)
        .gauge(gauge("passwords at Al's door", NOT_THE_PASSWORD, 3, enter(OTHER, WRONG_PASSWORD)))
        .gauge(gauge("codes of the session", NOT_THE_CODE, 2, guess(Purpose::SignIn, H("otp"), H("code"), 5)))
        .enough(|shown| shown & (BY_PASSWORD | BY_MAILBOX) != 0)
        .long();
    if !shut(JO) {
        scene = scene.way(12, "Jo, to sign in", doors(JO, &[WHO, OTHER], &[PASSWORD]));
    }
    if !shut(AL) {
        scene = scene.way(12, "Al, to sign in", doors(AL, &[OTHER, NEW], &[ALS_PASSWORD, NEW_PASSWORD]));
    }
    Scene { family, ..scene }
}

/// While Al leaves, in either way, every two of the requests, calm and with one that is cut off; and all the way to where both live where the
/// other did.
pub(super) fn scenes() -> Vec<Scene> {
    let (departures, requests) = (departures(), requests());
    let all = || {
        departures.iter().flat_map(|left| {
            let firsts = requests.iter().enumerate();
            firsts.flat_map(|(at, first)| requests.iter().skip(at).map(|second| scene([left, first, second])))
        })
    };
    let troubled = all().map(|scene| scene.once_more("troubled").troubles(1, 0));
    all().chain(troubled).chain([swap(), one_client()]).collect()
}

/// Jo takes the address that Al had, and Al the one that Jo had.
fn swap() -> Scene {
    let code = |of| verify(Purpose::ChangeAddress, From::Of(of, "otp"), From::Of(of, "code"));
    let move_ = |what: &str, request| ask(what, request).moves().rebinds();
    Scene::new(
        "neighbours-swap",
        "two accounts take each other's address, and both can be signed in to all the while",
        neighbours,
        vec![
            move_("Al moves away", verify(Purpose::ChangeAddress, H("al moving"), H("al moving code")))
                .of(AL),
            ask("Jo wants Al's address", move_to(OTHER)).of(JO),
            ask("Jo has Al's address", code(1)).of(JO).moves().rebinds(),
            ask("Al wants Jo's address", by(AL, move_to(WHO))).of(AL),
            ask("Al has Jo's address", code(3)).of(AL).moves().rebinds(),
        ],
    )
    .settings(small)
    .way(12, "Jo, to sign in", doors(JO, &[WHO, OTHER], &[PASSWORD]))
    .way(12, "Al, to sign in", doors(AL, &[OTHER, NEW, WHO], &[ALS_PASSWORD]))
}

/// A client that may ask once a minute.
fn one_a_minute() -> Settings {
    let mut settings = small();
    settings.clients.every.count = 1;
    settings
}

/// The sessions of both, from one client: what it is counted by is neither's.
fn one_client() -> Scene {
    let from_there = |view: &View<'_>| {
        let client = Client::ip([192, 0, 2, 7].into());
        Some(CheckSession { client, session: view.person().session.clone() })
    };
    Scene::new(
        "neighbours-one-client",
        "one client is answered once a minute, whoever asks; and whoever asks elsewhere is not held up",
        neighbours,
        vec![
            ask("Jo's session", from_there).of(JO).once("the client's one"),
            ask("Al's session", by(AL, from_there)).of(AL).once("the client's one"),
            ask("Al's session once more", by(AL, from_there)).of(AL).once("the client's one"),
            ask("Al's session, elsewhere", by(AL, check)).of(AL),
        ],
    )
    .settings(one_a_minute)
    .way(9, "Jo's session, elsewhere", vec![ask("Jo's session, elsewhere", check).of(JO)])
    .troubles(1, 1)
}
