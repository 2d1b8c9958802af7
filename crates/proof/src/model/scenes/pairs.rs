//! Every operation beside every other, and beside itself, on one account that has everything.

use countersign::record::RecordKind;
use countersign::*;

use super::say::*;
use crate::common::World;
use crate::model::scene::*;
use crate::model::told::{NOT_THE_CODE, NOT_THE_FACTOR, NOT_THE_PASSWORD};
use crate::owner::*;
use crate::people::*;

const MOVED: &str = "jo@moved.example.org";

/// An account with everything, and everything under way on it.
fn everything(world: &World) -> Home {
    let mut home = Home::default();
    let _ = world.member(OTHER);
    let mut person = world.owner(WHO, BOTH);
    let device = world.device(&mut person);
    home.note("device", device.expose());
    world.seconds(61);
    let grant = world.granted(WHO).expect("a grant").grant;
    home.note("grant", grant.expose());
    world.seconds(2);
    let pending = world.enrol(&person.session).expect("fresh");
    let moving = world.move_to(&person.session, None, MOVED).expect("fresh");
    home.note("moving", moving.session.expose());
    home.note("moving code", world.last_of("address_change_code").code.expect("a code").expose());
    asked(world, &mut home, Purpose::SignUp, NEW, ["up", "up code", "up link"]);
    asked(world, &mut home, Purpose::Recover, WHO, ["lost", "lost code", "lost link"]);
    asked(world, &mut home, Purpose::ConfirmAction, WHO, ["pay", "pay code", "pay link"]);
    asked(world, &mut home, Purpose::SignIn, WHO, ["otp", "code", "link"]);
    home.note("login", world.login(WHO).expose());
    home.note("other login", world.login(WHO).expose());
    let _ = world.lost(&world.login(WHO)).expect("begun");
    home.note("stop", cancel_link(&world.last_of("factor_recovery_started")).expect("a link").expose());
    let _ = world.step_up_code(&person.session).expect("sent");
    world.seconds(2);
    let pending = Person { app: Some(pending), ..person.clone() };
    home.people = vec![person, pending];
    home
}

/// An operation.
struct Operation {
    ask: fn() -> Ask,
    /// What proofs and tickets were made for before is worth nothing after it.
    raises: bool,
    /// It shows a ticket or a code that was made for the account as it was.
    bound: bool,
    /// After it, the account is not to be signed in to.
    shuts: bool,
}

const fn plain(ask: fn() -> Ask) -> Operation {
    Operation { ask, raises: false, bound: false, shuts: false }
}
const fn bound(ask: fn() -> Ask) -> Operation {
    Operation { bound: true, ..plain(ask) }
}
const fn raises(ask: fn() -> Ask) -> Operation {
    Operation { raises: true, ..plain(ask) }
}

const H: fn(&'static str) -> From = From::Home;
const FIRST: u8 = BY_PASSWORD | BY_APP;

fn account(view: &View<'_>) -> AccountId {
    view.person().account.clone()
}

fn confirm(view: &View<'_>) -> Option<ConfirmTotp> {
    let code = view.home.people[1].app.as_ref()?.code(view.now, 0);
    let (session, code) = (view.person().session.clone(), Code::typed(&code));
    Some(ConfirmTotp { client: client(), session, code })
}

fn again(view: &View<'_>) -> Option<ResendSignUp> {
    let session = H("up").ticket(view);
    Some(ResendSignUp {
        client: client(),
        identifier: crate::common::id(NEW),
        password: password(PASSWORD),
        session,
    })
}

fn pays(view: &View<'_>) -> Option<ConfirmAction> {
    let action = Action::new("pay:2").unwrap();
    Some(ConfirmAction { client: client(), account: account(view), action, locale: None })
}

fn loses(view: &View<'_>) -> Option<RecoverFactor> {
    Some(RecoverFactor { client: client(), login: H("login").ticket(view)?, locale: None })
}

fn stops(view: &View<'_>) -> Option<CancelFactorRecovery> {
    Some(CancelFactorRecovery { client: client(), link: H("stop").ticket(view)? })
}

fn right(view: &View<'_>) -> Option<Proofs> {
    Some(Proofs { totp: Some(app(view, true)), ..Proofs::default() })
}

fn wrong(view: &View<'_>) -> Option<Proofs> {
    Some(Proofs { totp: Some(app(view, false)), ..Proofs::default() })
}

fn code_left(view: &View<'_>) -> Option<Proof> {
    Some(Proof::RecoveryCode(drawer(view, 0)))
}

/// A client that is counted.
fn counted(view: &View<'_>) -> Option<CheckSession> {
    let client = Client::ip([192, 0, 2, 7].into());
    Some(CheckSession { client, session: view.person().session.clone() })
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn operations() -> Vec<Operation> {
    vec![
        plain(|| ask("SignIn", sign_in(WHO)).stranger()),
        plain(|| ask("Recover", recover(WHO)).stranger()),
        plain(|| ask("SignUp of a taken address", signing_up(WHO)).stranger()),
        plain(|| ask("SignUp", signing_up(NEW)).stranger()),
        plain(|| ask("ResendSignUp", again).stranger()),
        plain(|| ask("Resend", resend(H("otp"))).stranger()),
        plain(|| ask("Cancel", cancel(H("otp"))).stranger()),
        plain(|| {
            ask("Verify of a sign-up", verify(Purpose::SignUp, H("up"), H("up code")))
                .once("the sign-up")
                .moves()
        }),
        plain(|| {
            ask("RedeemSignUp", redeem_sign_up(NEW, H("up link"), PASSWORD)).once("the sign-up").moves()
        }),
        bound(|| {
            ask("Verify of a sign-in", verify(Purpose::SignIn, H("otp"), H("code")))
                .shows(BY_MAILBOX)
                .once("the sign-in")
        }),
        bound(|| ask("RedeemSignIn", redeem_sign_in(H("link"))).shows(BY_MAILBOX).once("the sign-in")),
        bound(|| {
            ask("Verify of a recovery", verify(Purpose::Recover, H("lost"), H("lost code")))
                .once("the recovery")
        }),
        bound(|| ask("RedeemRecovery", redeem_recovery(H("lost link"))).once("the recovery")),
        bound(|| {
            ask("Verify of an action", verify(Purpose::ConfirmAction, H("pay"), H("pay code")))
                .once("the action")
        }),
        plain(|| {
            ask("Verify of a wrong code", guess(Purpose::SignIn, H("otp"), H("code"), 0)).stranger().counts(2)
        }),
        plain(|| ask("Verify of another purpose", verify(Purpose::Recover, H("otp"), H("code"))).never()),
        plain(|| ask("Verify of another session", verify(Purpose::SignIn, H("otp"), H("lost code"))).never()),
        plain(|| ask("ConfirmAction", pays)),
        plain(|| ask("PasswordSignIn", enter(WHO, PASSWORD)).shows(BY_PASSWORD)),
        plain(|| ask("PasswordSignIn, wrong", enter(WHO, WRONG_PASSWORD)).stranger().counts(0)),
        plain(|| {
            ask("PasswordSignIn at once", at_once(WHO, PASSWORD, right)).shows(FIRST).once("the app's code")
        }),
        plain(|| {
            ask("PasswordSignIn at once, wrong", at_once(WHO, PASSWORD, wrong)).shows(BY_PASSWORD).counts(1)
        }),
        bound(|| {
            ask("PasswordSignIn on a device", on_device(WHO, PASSWORD, H("device")))
                .shows(BY_PASSWORD | BY_DEVICE)
                .by_device()
        }),
        plain(|| {
            ask("PasswordSignIn on a device, wrong", on_device(WHO, WRONG_PASSWORD, H("device"))).hopeless()
        }),
        bound(|| ask("ProveFactor", prove(H("login"), proves_app(true))).shows(FIRST).once("the app's code")),
        bound(|| {
            ask("ProveFactor by a recovery code", prove(H("login"), code_left))
                .shows(BY_PASSWORD | BY_DRAWER)
                .once("the recovery code")
        }),
        plain(|| {
            ask("ProveFactor, wrong", prove(H("login"), proves_app(false))).shows(BY_PASSWORD).counts(1)
        }),
        bound(|| ask("RecoverFactor", loses)),
        plain(|| ask("CancelFactorRecovery", stops)),
        Operation {
            bound: true,
            ..raises(|| {
                ask("ResetPassword", reset(H("grant"), NEW_PASSWORD, proves_app(true)))
                    .once("the app's code")
                    .rebinds()
            })
        },
        Operation {
            bound: true,
            ..raises(|| {
                ask("ResetPassword by a recovery code", reset(H("grant"), NEW_PASSWORD, code_left))
                    .once("the recovery code")
                    .rebinds()
            })
        },
        raises(|| ask("ChangePassword", change(PASSWORD, NEW_PASSWORD)).shows(FIRST).rebinds()),
        plain(|| ask("RequirePasswordChange", |view| Some(RequirePasswordChange { account: account(view) }))),
        plain(|| ask("StartFactorReset", |view| Some(StartFactorReset { account: account(view) }))),
        Operation {
            shuts: true,
            ..plain(|| {
                ask("SetSuspended", |view| Some(SetSuspended { account: account(view), suspended: true }))
            })
        },
        plain(|| ask("CheckSession", check)),
        plain(|| ask("CheckSession of a client", counted)),
        plain(|| ask("ListSessions", list_sessions)),
        plain(|| ask("ListDevices", list_devices)),
        plain(|| ask("ListFactors", list_factors)),
        plain(|| ask("RequireFresh", fresh)),
        plain(|| ask("EndSessions, others", end_others)),
        plain(|| ask("EndSessions, this", end_this)),
        plain(|| ask("TrustDevice", trust)),
        plain(|| ask("ForgetDevices", forget)),
        plain(|| ask("EnrolTotp", enrol)),
        raises(|| ask("ConfirmTotp", confirm).rebinds()),
        raises(|| ask("DisableTotp", disable_totp).rebinds()),
        raises(|| ask("DisableMailedCode", disable_mailed).rebinds()),
        plain(|| ask("RegenerateRecoveryCodes", regenerate).rebinds()),
        plain(|| ask("StepUp", step_up(proves_app(true))).shows(FIRST).once("the app's code")),
        plain(|| ask("StepUp, wrong", step_up(proves_app(false))).counts(1)),
        plain(|| ask("SendStepUpCode", step_up_code)),
        plain(|| ask("ChangeAddress", move_to(MOVED))),
        raises(|| {
            ask("Verify of an address", verify(Purpose::ChangeAddress, H("moving"), H("moving code")))
                .once("the address")
                .moves()
                .rebinds()
        }),
        Operation {
            shuts: true,
            ..raises(|| ask("DeleteAccount", delete).once("the account").moves().rebinds())
        },
        plain(|| ask("Rewrap of the account", |view| Some(Rewrap { row: row(view, RecordKind::Account) }))),
    ]
}

/// The key of the first row of a kind.
fn row(view: &View<'_>, kind: RecordKind) -> record::RecordKey {
    *view.home.rows.iter().find(|key| key.kind() == Some(kind)).expect("a row")
}

fn scene(at: (usize, &Operation), with: (usize, &Operation)) -> Scene {
    let (mut first, mut second) = ((at.1.ask)(), (with.1.ask)());
    let name = format!("pair: {} + {}", first.what, second.what);
    let family = Some(format!("pairs: {}", first.what));
    if with.1.raises && at.1.bound {
        first = first.dead_after(&[1]);
    }
    if at.1.raises && with.1.bound {
        second = second.dead_after(&[0]);
    }
    let doors = [WHO, MOVED].into_iter().flat_map(|who| [(who, PASSWORD), (who, NEW_PASSWORD)]);
    let doors = doors.map(|(who, password)| ask("a door", enter(who, password))).collect();
    let scene = Scene::new(name, "two operations at once", everything, vec![first, second])
        .settings(small)
        .gauge(gauge("passwords at the door", NOT_THE_PASSWORD, 3, enter(WHO, WRONG_PASSWORD)))
        .gauge(gauge("codes of the app", NOT_THE_FACTOR, 3, prove(H("other login"), proves_app(false))))
        .gauge(gauge("codes of the session", NOT_THE_CODE, 2, guess(Purpose::SignIn, H("otp"), H("code"), 5)))
        .enough(|shown| {
            let first = shown & (BY_PASSWORD | BY_MAILBOX) != 0;
            first && shown & (BY_APP | BY_DRAWER) != 0
                || shown & (BY_PASSWORD | BY_DEVICE) == BY_PASSWORD | BY_DEVICE
        });
    let scene = Scene { family, ..scene };
    let shuts = at.1.shuts || with.1.shuts;
    if shuts { scene } else { scene.way(12, "to sign in", doors) }
}

/// Each pair, quickly; and once more where one is cut off and one call fails.
pub(super) fn scenes() -> Vec<Scene> {
    let operations = operations();
    let pairs = || {
        let all = operations.iter().enumerate();
        all.clone().flat_map(move |first| all.clone().skip(first.0).map(move |second| (first, second)))
    };
    let calm = pairs().map(|(first, second)| scene(first, second));
    let troubled = pairs().map(|(first, second)| {
        let scene = scene(first, second);
        let name = format!("troubled {}", scene.name);
        let family = scene.family.as_ref().map(|family| format!("troubled {family}"));
        Scene { name, family, ..scene }.troubles(1, 1).long()
    });
    calm.chain(troubled).collect()
}
