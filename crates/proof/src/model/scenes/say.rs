//! Requests in few words.

use core::time::Duration;

use countersign::*;

use crate::common::{World, id};
use crate::model::scene::{Home, View};
use crate::owner::{changing, client, password, resetting};
use crate::people::*;

pub(super) const WHO: &str = "jo@example.com";
pub(super) const OTHER: &str = "al@example.com";
pub(super) const NEW: &str = "jo@new.example.org";
/// What is typed in place of a mailed code, wrong each time.
const WRONG: [&str; 6] = ["000000", "111111", "222222", "333333", "444444", "555555"];

pub(super) const SECOND: i64 = 1_000;
pub(super) const MINUTE: i64 = 60 * SECOND;

/// Limits so small that all that they bound can be explored.
pub(super) fn small() -> Settings {
    let mut settings = Settings::recommended();
    settings.codes.max_attempts = 2;
    settings.guesses.free.count = 3;
    settings.guesses.long.count = 5;
    settings.guesses.consecutive = 5;
    settings.devices.max_failures = 2;
    settings.sends.cooldown = Duration::from_secs(1);
    settings.sends.short.count = 3;
    settings.recovery_codes.count = 2;
    settings.recovery_codes.warn_at = 1;
    settings
}

/// The same, and one more message, for an account that had three mailed to come to be what it is.
pub(super) fn small_but_for_mail() -> Settings {
    let mut settings = small();
    settings.sends.short.count = 4;
    settings
}

/// The same, and no time gives guesses back: no more in the long run than in the short one.
pub(super) fn strict() -> Settings {
    let mut settings = small_but_for_mail();
    settings.guesses.long.count = 3;
    settings.guesses.consecutive = 3;
    settings
}

/// Limits that a handful of requests use up.
pub(super) fn tiny() -> Settings {
    let mut settings = small();
    settings.guesses.free.count = 2;
    settings.devices.max_failures = 1;
    settings.sends.short.count = 2;
    settings
}

/// The records of the accounts that there are.
pub(super) fn records(world: &World) -> Vec<record::RecordKey> {
    let accounts = Some(record::RecordKind::Account);
    world.seen.rows.lock().unwrap().keys().copied().filter(|key| key.kind() == accounts).collect()
}

/// A code that is not the one.
pub(super) fn not(code: &str, which: usize) -> Code {
    let others = WRONG.iter().filter(|wrong| **wrong != code);
    Code::typed(others.skip(which).copied().next().unwrap())
}

pub(super) fn sign_in(who: &'static str) -> impl Fn(&View<'_>) -> Option<SignIn> + Send + Sync {
    move |_| Some(SignIn { client: client(), identifier: id(who), locale: None })
}

pub(super) fn recover(who: &'static str) -> impl Fn(&View<'_>) -> Option<Recover> + Send + Sync {
    move |_| Some(Recover { client: client(), identifier: id(who), locale: None })
}

/// Where a ticket or a code comes from: from before, or from a request of the scene.
#[derive(Clone, Copy)]
pub(super) enum From {
    /// Nowhere.
    Nothing,
    Home(&'static str),
    Of(usize, &'static str),
    /// Of the last of these that is over and has one.
    Last(&'static [usize], &'static str),
}

impl From {
    pub(super) fn text(self, view: &View<'_>) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Home(name) => view.had(name),
            Self::Of(request, name) => view.said(request, name),
            Self::Last(requests, name) => requests.iter().rev().find_map(|request| view.said(*request, name)),
        }
    }

    pub(super) fn ticket<K: TicketKind>(self, view: &View<'_>) -> Option<Ticket<K>> {
        Ticket::parse(&self.text(view)?).ok()
    }
}

pub(super) fn resend(session: From) -> impl Fn(&View<'_>) -> Option<Resend> + Send + Sync {
    move |view| Some(Resend { client: client(), session: session.ticket(view)? })
}

pub(super) fn cancel(session: From) -> impl Fn(&View<'_>) -> Option<Cancel> + Send + Sync {
    move |view| Some(Cancel { client: client(), session: session.ticket(view)? })
}

pub(super) fn verify(
    purpose: Purpose,
    session: From,
    code: From,
) -> impl Fn(&View<'_>) -> Option<Verify> + Send + Sync {
    move |view| {
        let code = Code::typed(&code.text(view)?);
        let (session, enter) = (session.ticket(view)?, (purpose == Purpose::SignIn).then(label));
        Some(Verify { client: client(), purpose, session, code, identifier: None, enter })
    }
}

/// A wrong code, of so many.
pub(super) fn guess(
    purpose: Purpose,
    session: From,
    code: From,
    which: usize,
) -> impl Fn(&View<'_>) -> Option<Verify> + Send + Sync {
    move |view| {
        let code = not(&code.text(view).unwrap_or_default(), which);
        let session = session.ticket(view)?;
        Some(Verify { client: client(), purpose, session, code, identifier: None, enter: None })
    }
}

pub(super) fn enter(
    who: &'static str,
    password: &'static str,
) -> impl Fn(&View<'_>) -> Option<PasswordSignIn> + Send + Sync {
    move |_| Some(knock(who, password, Steps::Stepwise))
}

/// Somebody who asked for a code to sign in with.
pub(super) fn asked(world: &World, home: &mut Home, purpose: Purpose, who: &str, names: [&'static str; 3]) {
    let started = world.start(purpose, who).expect("started");
    let mail = world.last_mail();
    home.note(names[0], started.session.expose());
    home.note(names[1], mail.code.expect("a code").expose());
    if let Some(link) = mail.link {
        home.note(names[2], link.expose());
        home.note_end(names[2], mail.link_expires_at.expect("a link ends"));
    }
    home.note_end(names[0], started.state.session_expires_at);
    home.note_end(names[1], started.state.code_expires_at.expect("live"));
}

/// A password, and a second factor with it.
pub(super) fn at_once(
    who: &'static str,
    password: &'static str,
    proofs: impl Fn(&View<'_>) -> Option<Proofs> + Send + Sync + 'static,
) -> impl Fn(&View<'_>) -> Option<PasswordSignIn> + Send + Sync {
    move |view| Some(knock(who, password, Steps::AtOnce(proofs(view)?)))
}

/// A password, on a device.
pub(super) fn on_device(
    who: &'static str,
    password: &'static str,
    device: From,
) -> impl Fn(&View<'_>) -> Option<PasswordSignIn> + Send + Sync {
    move |view| {
        let device = Some(device.ticket(view)?);
        Some(PasswordSignIn { device, ..knock(who, password, Steps::Stepwise) })
    }
}

/// What the app shows now, or a code that it does not.
pub(super) fn app(view: &View<'_>, right: bool) -> Code {
    let app = view.person().app.as_ref().expect("an app");
    let code = if right { app.code(view.now, 0) } else { app.wrong(view.now) };
    Code::typed(&view.noted(&code))
}

pub(super) fn drawer(view: &View<'_>, at: usize) -> RecoveryCode {
    view.person().drawer[at].clone()
}

/// A second factor, with the ticket that the first gave.
pub(super) fn prove(
    login: From,
    proof: impl Fn(&View<'_>) -> Option<Proof> + Send + Sync + 'static,
) -> impl Fn(&View<'_>) -> Option<ProveFactor> + Send + Sync {
    move |view| Some(proving(&login.ticket(view)?, proof(view)?))
}

pub(super) fn proves_app(right: bool) -> impl Fn(&View<'_>) -> Option<Proof> + Send + Sync {
    move |view| Some(Proof::Totp(app(view, right)))
}

pub(super) fn reset(
    grant: From,
    to: &'static str,
    proof: impl Fn(&View<'_>) -> Option<Proof> + Send + Sync + 'static,
) -> impl Fn(&View<'_>) -> Option<ResetPassword> + Send + Sync {
    move |view| Some(resetting(&grant.ticket(view)?, to, proof(view)))
}

pub(super) fn change(
    current: &'static str,
    to: &'static str,
) -> impl Fn(&View<'_>) -> Option<ChangePassword> + Send + Sync {
    move |view| Some(changing(&view.person().session, current, to))
}

/// The same, of another of those who are at home.
pub(super) fn by<R>(
    person: usize,
    make: impl Fn(&View<'_>) -> Option<R> + Send + Sync,
) -> impl Fn(&View<'_>) -> Option<R> + Send + Sync {
    move |view| {
        let before = view.who.replace(person);
        let made = make(view);
        view.who.set(before);
        made
    }
}

/// Requests of somebody signed in that name nothing but the session.
macro_rules! with_session {
    ($($name:ident => $request:ident { $($field:ident: $value:expr),* }),* $(,)?) => {$(
        pub(super) fn $name(view: &View<'_>) -> Option<$request> {
            let session = view.person().session.clone();
            Some($request { client: client(), session, $($field: $value),* })
        }
    )*};
}
with_session!(
    check => CheckSession {},
    list_sessions => ListSessions {},
    list_devices => ListDevices {},
    list_factors => ListFactors {},
    end_others => EndSessions { which: Which::Others },
    end_this => EndSessions { which: Which::This },
    trust => TrustDevice { label: label() },
    forget => ForgetDevices { which: None },
    enrol => EnrolTotp { password: password(PASSWORD) },
    disable_totp => DisableTotp { password: None },
    enable_mailed => EnableMailedCode { password: password(PASSWORD) },
    disable_mailed => DisableMailedCode { password: None },
    regenerate => RegenerateRecoveryCodes { password: None },
    delete => DeleteAccount { password: None },
    step_up_code => SendStepUpCode { locale: None },
    fresh => RequireFresh { factor: None, within: Duration::from_secs(300) },
);

pub(super) fn step_up(
    proof: impl Fn(&View<'_>) -> Option<Proof> + Send + Sync + 'static,
) -> impl Fn(&View<'_>) -> Option<StepUp> + Send + Sync {
    move |view| {
        let (session, proof) = (view.person().session.clone(), proof(view)?);
        Some(StepUp { client: client(), session, proof, label: label() })
    }
}

pub(super) fn move_to(to: &'static str) -> impl Fn(&View<'_>) -> Option<ChangeAddress> + Send + Sync {
    move |view| {
        let session = view.person().session.clone();
        Some(ChangeAddress { client: client(), session, password: None, to: id(to), locale: None })
    }
}

pub(super) fn signing_up(who: &'static str) -> impl Fn(&View<'_>) -> Option<SignUp> + Send + Sync {
    move |_| Some(crate::common::sign_up(who))
}

pub(super) fn redeem_sign_up(
    who: &'static str,
    link: From,
    to: &'static str,
) -> impl Fn(&View<'_>) -> Option<RedeemSignUp> + Send + Sync {
    move |view| {
        let (link, profile) = (link.ticket(view)?, Profile::new(b"{}".to_vec()).unwrap());
        Some(RedeemSignUp { client: client(), link, identifier: id(who), password: password(to), profile })
    }
}

pub(super) fn redeem_recovery(link: From) -> impl Fn(&View<'_>) -> Option<RedeemRecovery> + Send + Sync {
    move |view| Some(RedeemRecovery { client: client(), link: link.ticket(view)? })
}

pub(super) fn redeem_sign_in(link: From) -> impl Fn(&View<'_>) -> Option<RedeemSignIn> + Send + Sync {
    move |view| Some(RedeemSignIn { client: client(), link: link.ticket(view)?, label: label() })
}
