//! What can be asked for on one account that has everything: each operation of the library, in each way that matters.

use core::time::Duration;

use countersign::record::RecordKind;
use countersign::*;

use super::say::*;
use crate::common::{IntoResult, World};
use crate::model::scene::*;
use crate::owner::*;
use crate::people::*;

pub(super) const MOVED: &str = "jo@moved.example.org";

/// What an account may be without.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// An authenticator app, with recovery codes: while it is on, no mailed code is asked for.
    App,
    /// Mailed codes as second factor.
    MailedFactor,
    /// That the app was said to be lost, and a code for it.
    Lost,
}

/// An account with everything, or all but a part, and everything under way on it.
fn everything(world: &World, has: Has, is_lost: bool) -> Home {
    let mut home = Home::default();
    let _ = world.member(OTHER);
    let others = records(world);
    let mut person = world.owner(WHO, has);
    home.records = records(world).into_iter().filter(|record| !others.contains(record)).collect();
    let device = world.device(&mut person);
    home.note("device", device.expose());
    home.note_end("fresh", world.now().saturating_add(Duration::from_secs(300)));
    world.seconds(61);
    let grant = world.granted(WHO).expect("a grant");
    home.note("grant", grant.grant.expose());
    home.note_end("grant", grant.expires_at);
    world.seconds(2);
    let pending = world.enrol(&person.session).expect("fresh");
    home.note_end("enrolment", world.now().saturating_add(small().totp.enrolment));
    let moving = world.move_to(&person.session, None, MOVED).expect("fresh");
    home.note("moving", moving.session.expose());
    home.note("moving code", world.last_of("address_change_code").code.expect("a code").expose());
    home.note_end("moving code", moving.state.code_expires_at.expect("live"));
    asked(world, &mut home, Purpose::SignUp, NEW, ["up", "up code", "up link"]);
    asked(world, &mut home, Purpose::Recover, WHO, ["lost", "lost code", "lost link"]);
    asked(world, &mut home, Purpose::ConfirmAction, WHO, ["pay", "pay code", "pay link"]);
    asked(world, &mut home, Purpose::SignIn, WHO, ["otp", "code", "link"]);
    let second = small().codes.second_factor;
    home.note_end("login", world.now().saturating_add(second.session));
    home.note_end("factor code", world.now().saturating_add(second.code));
    // Where codes are mailed, it is for the first of them: the others are within the cooldown.
    home.note("login", world.login(WHO).expose());
    home.note("factor code", if has == MAILED { world.last_code() } else { String::new() });
    home.note("other login", world.login(WHO).expose());
    let step_up = world.step_up_code(&person.session).expect("sent");
    home.note("step-up code", world.last_code());
    home.note_end("step-up code", step_up.code_expires_at.expect("live"));
    if is_lost {
        // An operator heard of it, so that there is nothing to wait for.
        let account = person.account.clone();
        let _ = world.ask(StartFactorReset { account }).into_result().expect("an app");
        home.note("stop", cancel_link(&world.last_of("factor_recovery_started")).expect("a link").expose());
        let found = world.lost(&world.login(WHO)).expect("no wait");
        home.note("found code", world.last_code());
        home.note_end("found code", found.code.and_then(|it| it.code_expires_at).expect("live"));
    }
    world.seconds(2);
    let pending = Person { app: Some(pending), ..person.clone() };
    let person = if has.totp { person } else { pending.clone() };
    let app = person.app.as_ref().expect("an app");
    home.note("app's code", app.code(world.now(), 0));
    // It is taken in its step and in the next.
    let step = world.now().unix_seconds() / 30;
    home.note_end("app's code", Timestamp::from_unix_seconds((step + 2) * 30));
    home.people = vec![person, pending];
    home
}

/// The account as both operations want it; `None` if one is for an account without what the other is about.
pub(super) fn home(both: [&Operation; 2]) -> Option<fn(&World) -> Home> {
    let is_without = |part| both.iter().any(|operation| operation.without == Some(part));
    let is_needed = |part| both.iter().any(|operation| operation.needs == Some(part));
    let all = [Part::App, Part::MailedFactor, Part::Lost];
    let lost_without_app = is_without(Part::App) && is_needed(Part::Lost);
    if lost_without_app || all.into_iter().any(|part| is_without(part) && is_needed(part)) {
        return None;
    }
    Some(match all.map(is_without) {
        [true, ..] => |world| everything(world, MAILED, false),
        [_, false, false] => |world| everything(world, BOTH, true),
        [_, false, true] => |world| everything(world, BOTH, false),
        [_, true, false] => |world| everything(world, APP, true),
        [_, true, true] => |world| everything(world, APP, false),
    })
}

/// An operation.
pub(super) struct Operation {
    pub(super) ask: fn() -> Ask,
    /// What proofs and tickets were made for before is worth nothing after it.
    pub(super) raises: bool,
    /// It shows a ticket or a code that was made for the account as it was.
    pub(super) bound: bool,
    /// After it, the account is not to be signed in to.
    pub(super) shuts: bool,
    /// What must not be there, and what must be.
    without: Option<Part>,
    needs: Option<Part>,
}

const fn plain(ask: fn() -> Ask) -> Operation {
    Operation { ask, raises: false, bound: false, shuts: false, without: None, needs: None }
}
const fn bound(ask: fn() -> Ask) -> Operation {
    Operation { bound: true, ..plain(ask) }
}
const fn raises(ask: fn() -> Ask) -> Operation {
    Operation { raises: true, ..plain(ask) }
}
const fn needs(what: Part, operation: Operation) -> Operation {
    Operation { needs: Some(what), ..operation }
}
/// It takes the password that is forgotten with a proof of the app, which is not known to be lost.
const fn by_app(operation: Operation) -> Operation {
    without(Part::Lost, needs(Part::App, operation))
}
const fn resets(ask: fn() -> Ask) -> Operation {
    Operation { bound: true, ..raises(ask) }
}
/// A mailed second factor, of which nothing is seen while there is an app.
const fn by_mail(operation: Operation) -> Operation {
    without(Part::App, needs(Part::MailedFactor, operation))
}
const fn without(what: Part, operation: Operation) -> Operation {
    Operation { without: Some(what), ..operation }
}

const H: fn(&'static str) -> From = From::Home;
const FIRST: u8 = BY_PASSWORD | BY_APP;

fn account(view: &View<'_>) -> AccountId {
    view.person().account.clone()
}

fn confirm(view: &View<'_>) -> Option<ConfirmTotp> {
    let code = view.home.people[1].app.as_ref()?.code(view.now, 0);
    Some(confirming(view, &code))
}

fn confirm_wrongly(view: &View<'_>) -> Option<ConfirmTotp> {
    let code = view.home.people[1].app.as_ref()?.wrong(view.now);
    Some(confirming(view, &code))
}

fn confirming(view: &View<'_>, code: &str) -> ConfirmTotp {
    let (session, code) = (view.person().session.clone(), Code::typed(&view.noted(code)));
    ConfirmTotp { client: client(), session, code }
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

fn another(view: &View<'_>) -> Option<ResendFactorCode> {
    Some(ResendFactorCode { client: client(), login: H("login").ticket(view)? })
}

/// What was mailed as second factor, or a code that was not.
pub(super) fn mailed(right: bool) -> impl Fn(&View<'_>) -> Option<Proof> + Send + Sync + 'static {
    move |view| Some(Proof::MailedCode(typed(view, "factor code", right)))
}

fn finds(right: bool) -> impl Fn(&View<'_>) -> Option<ResetFactors> + Send + Sync {
    move |view| {
        let code = typed(view, "found code", right);
        Some(ResetFactors { client: client(), login: H("login").ticket(view)?, code })
    }
}

fn by_step_up_code(view: &View<'_>) -> Option<Proof> {
    Some(Proof::MailedCode(typed(view, "step-up code", true)))
}

fn typed(view: &View<'_>, name: &str, right: bool) -> Code {
    let code = view.had(name).expect("noted");
    if right { Code::typed(&code) } else { not(&code, 0) }
}

/// The row of one of the identifiers at which somebody knocked.
fn door(view: &View<'_>) -> record::RecordKey {
    *view.home.rows.iter().find(|key| key.kind() == Some(RecordKind::Visitor)).expect("a door")
}

/// One code of the app, whatever the time.
fn the_apps(view: &View<'_>) -> Option<Proof> {
    Some(Proof::Totp(typed(view, "app's code", true)))
}

fn right(view: &View<'_>) -> Option<Proofs> {
    Some(Proofs { totp: Some(typed(view, "app's code", true)), ..Proofs::default() })
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

/// The sections follow those of the library's requests: codes, sign-in, recovery, the account.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn operations() -> Vec<Operation> {
    vec![
        plain(|| ask("SignIn", sign_in(WHO)).stranger()),
        plain(|| ask("Recover", recover(WHO)).stranger()),
        plain(|| ask("SignUp of a taken address", signing_up(WHO)).stranger()),
        plain(|| ask("SignUp", signing_up(NEW)).stranger()),
        plain(|| ask("ResendSignUp", again).stranger()),
        plain(|| ask("Resend", resend(H("otp"))).stranger().ends("otp")),
        plain(|| ask("Cancel", cancel(H("otp"))).stranger().ends("otp")),
        plain(|| {
            ask("Verify of a sign-up", verify(Purpose::SignUp, H("up"), H("up code")))
                .ends("up code")
                .once("the sign-up")
                .moves()
        }),
        plain(|| {
            ask("RedeemSignUp", redeem_sign_up(NEW, H("up link"), PASSWORD))
                .ends("up link")
                .once("the sign-up")
                .moves()
        }),
        bound(|| {
            ask("Verify of a sign-in", verify(Purpose::SignIn, H("otp"), H("code")))
                .ends("code")
                .shows(BY_MAILBOX)
                .once("the sign-in")
        }),
        bound(|| {
            ask("RedeemSignIn", redeem_sign_in(H("link"))).ends("link").shows(BY_MAILBOX).once("the sign-in")
        }),
        bound(|| {
            ask("Verify of a recovery", verify(Purpose::Recover, H("lost"), H("lost code")))
                .ends("lost code")
                .once("the recovery")
        }),
        bound(|| {
            ask("RedeemRecovery", redeem_recovery(H("lost link"))).ends("lost link").once("the recovery")
        }),
        bound(|| {
            ask("Verify of an action", verify(Purpose::ConfirmAction, H("pay"), H("pay code")))
                .ends("pay code")
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
        needs(
            Part::App,
            plain(|| {
                ask("PasswordSignIn at once", at_once(WHO, PASSWORD, right))
                    .shows(FIRST)
                    .once("the app's code")
            }),
        ),
        needs(
            Part::App,
            plain(|| {
                ask("PasswordSignIn at once, wrong", at_once(WHO, PASSWORD, wrong))
                    .shows(BY_PASSWORD)
                    .counts(1)
            }),
        ),
        bound(|| {
            ask("PasswordSignIn on a device", on_device(WHO, PASSWORD, H("device")))
                .shows(BY_PASSWORD | BY_DEVICE)
                .by_device()
        }),
        plain(|| {
            ask("PasswordSignIn on a device, wrong", on_device(WHO, WRONG_PASSWORD, H("device"))).hopeless()
        }),
        needs(
            Part::App,
            bound(|| {
                ask("ProveFactor", prove(H("login"), the_apps))
                    .ends("app's code")
                    .shows(FIRST)
                    .once("the app's code")
            }),
        ),
        needs(
            Part::App,
            bound(|| {
                ask("ProveFactor by a recovery code", prove(H("login"), code_left))
                    .ends("login")
                    .shows(BY_PASSWORD | BY_DRAWER)
                    .once("the recovery code")
            }),
        ),
        needs(
            Part::App,
            plain(|| {
                ask("ProveFactor, wrong", prove(H("login"), proves_app(false))).shows(BY_PASSWORD).counts(1)
            }),
        ),
        by_mail(bound(|| ask("ResendFactorCode", another).ends("login"))),
        by_mail(bound(|| {
            ask("ProveFactor by a mailed code", prove(H("login"), mailed(true)))
                .ends("factor code")
                .shows(BY_PASSWORD | BY_MAILBOX)
                .once("the mailed code")
        })),
        by_mail(plain(|| {
            ask("ProveFactor by a mailed code, wrong", prove(H("login"), mailed(false)))
                .shows(BY_PASSWORD)
                .counts(3)
        })),
        needs(Part::Lost, bound(|| ask("RecoverFactor", loses).ends("login"))),
        needs(Part::App, without(Part::Lost, bound(|| ask("RecoverFactor, begun", loses).ends("login")))),
        needs(Part::Lost, plain(|| ask("CancelFactorRecovery", stops))),
        needs(
            Part::Lost,
            resets(|| ask("ResetFactors", finds(true)).ends("found code").once("the lost app").rebinds()),
        ),
        needs(Part::Lost, plain(|| ask("ResetFactors, wrong", finds(false)).counts(3))),
        by_app(resets(|| {
            ask("ResetPassword", reset(H("grant"), NEW_PASSWORD, the_apps))
                .once("the app's code")
                .ends("grant")
                .rebinds()
        })),
        by_app(resets(|| {
            ask("ResetPassword by a recovery code", reset(H("grant"), NEW_PASSWORD, code_left))
                .once("the recovery code")
                .ends("grant")
                .rebinds()
        })),
        needs(
            Part::Lost,
            resets(|| {
                ask("ResetPassword, the app being lost", reset(H("grant"), NEW_PASSWORD, |_| None))
                    .ends("grant")
                    .rebinds()
            }),
        ),
        raises(|| ask("ChangePassword", change(PASSWORD, NEW_PASSWORD)).shows(FIRST).rebinds()),
        plain(|| ask("RequirePasswordChange", |view| Some(RequirePasswordChange { account: account(view) }))),
        needs(
            Part::App,
            plain(|| ask("StartFactorReset", |view| Some(StartFactorReset { account: account(view) }))),
        ),
        Operation {
            shuts: true,
            ..plain(|| {
                ask("SetSuspended", |view| Some(SetSuspended { account: account(view), suspended: true }))
            })
        },
        plain(|| {
            ask("SetSuspended, lifted", |view| {
                Some(SetSuspended { account: account(view), suspended: false })
            })
        }),
        plain(|| ask("CheckSession", check)),
        plain(|| ask("CheckSession of a client", counted)),
        plain(|| ask("ListSessions", list_sessions)),
        plain(|| ask("ListDevices", list_devices)),
        plain(|| ask("ListFactors", list_factors)),
        plain(|| ask("RequireFresh", fresh).ends("fresh")),
        plain(|| ask("EndSessions, others", end_others)),
        plain(|| ask("EndSessions, this", end_this)),
        plain(|| ask("TrustDevice", trust)),
        plain(|| ask("ForgetDevices", forget)),
        plain(|| ask("EnrolTotp", enrol)),
        raises(|| ask("ConfirmTotp", confirm).ends("enrolment").rebinds()),
        plain(|| ask("ConfirmTotp, wrong", confirm_wrongly).counts(1)),
        needs(Part::App, raises(|| ask("DisableTotp", disable_totp).ends("fresh").rebinds())),
        without(Part::MailedFactor, raises(|| ask("EnableMailedCode", enable_mailed))),
        needs(Part::MailedFactor, plain(|| ask("EnableMailedCode, already on", enable_mailed))),
        raises(|| ask("DisableMailedCode", disable_mailed).ends("fresh").rebinds()),
        needs(Part::App, plain(|| ask("RegenerateRecoveryCodes", regenerate).ends("fresh").rebinds())),
        needs(
            Part::App,
            plain(|| ask("StepUp", step_up(the_apps)).ends("app's code").shows(FIRST).once("the app's code")),
        ),
        needs(Part::App, plain(|| ask("StepUp, wrong", step_up(proves_app(false))).counts(1))),
        plain(|| {
            ask("StepUp by a mailed code", step_up(by_step_up_code))
                .ends("step-up code")
                .shows(FIRST | BY_MAILBOX)
                .once("the step-up code")
        }),
        plain(|| ask("SendStepUpCode", step_up_code)),
        plain(|| ask("ChangeAddress", move_to(MOVED)).ends("fresh")),
        raises(|| {
            ask("Verify of an address", verify(Purpose::ChangeAddress, H("moving"), H("moving code")))
                .ends("moving code")
                .once("the address")
                .moves()
                .rebinds()
        }),
        Operation {
            shuts: true,
            ..raises(|| ask("DeleteAccount", delete).ends("fresh").once("the account").moves().rebinds())
        },
        plain(|| ask("Rewrap of the account", |view| Some(Rewrap { row: view.home.records[0] }))),
        plain(|| ask("Rewrap of a door", |view| Some(Rewrap { row: door(view) }))),
    ]
}
