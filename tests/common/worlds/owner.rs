//! What the owner does while strangers are at the door: all that an owner can do, with whatever the account has by then.
#![allow(dead_code, clippy::unwrap_used, missing_docs, unreachable_pub, reason = "tests")]

use countersign::factor::hotp;
use countersign::*;

use super::homes::WHO;
use crate::common::{IntoResult, World, id, verify};
use crate::owner::*;
use crate::people::*;

/// Where owners move in the middle of a story; strangers never knock there.
const ELSEWHERE: &str = "jo@elsewhere.example.net";

/// One visit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Visit {
    /// The right password, at the door at which strangers knock, too.
    Password,
    /// The same with everything in one request.
    AtOnce,
    /// The right password on a trusted device.
    OnDevice,
    /// A wrong one there.
    WrongOnDevice,
    /// The second factor that is waited for, right.
    Prove,
    Guess,
    ResendCode,
    Lost,
    Check,
    StepUp,
    Enrol,
    EnableMailed,
    DisableMailed,
    DisableTotp,
    Trust,
    EndOthers,
    ChangePassword,
    /// A change of the address up to the end.
    Move,
    /// A sign-in by mailed code at the door at which strangers knock, too. It is begun in both worlds, since anybody may begin one; where the
    /// owner lives, the right code is typed.
    ByMail,
    /// An action confirmed with the right code.
    Confirm,
    ConfirmWrongly,
    /// The operator's doing.
    Suspend,
    Resume,
    AskForPassword,
    ResetFactors,
    Delete,
}

impl Visit {
    pub const ALL: [Self; 26] = [
        Self::Password,
        Self::AtOnce,
        Self::OnDevice,
        Self::WrongOnDevice,
        Self::Prove,
        Self::Guess,
        Self::ResendCode,
        Self::Lost,
        Self::Check,
        Self::StepUp,
        Self::Enrol,
        Self::EnableMailed,
        Self::DisableMailed,
        Self::DisableTotp,
        Self::Trust,
        Self::EndOthers,
        Self::ChangePassword,
        Self::Move,
        Self::ByMail,
        Self::Confirm,
        Self::ConfirmWrongly,
        Self::Suspend,
        Self::Resume,
        Self::AskForPassword,
        Self::ResetFactors,
        Self::Delete,
    ];

    /// Those that need no door: what is done in the middle of another's request.
    pub const QUIET: [Self; 15] = [
        Self::OnDevice,
        Self::WrongOnDevice,
        Self::Prove,
        Self::Guess,
        Self::ResendCode,
        Self::Check,
        Self::StepUp,
        Self::EnableMailed,
        Self::DisableMailed,
        Self::Trust,
        Self::EndOthers,
        Self::ChangePassword,
        Self::Confirm,
        Self::Suspend,
        Self::Resume,
    ];
}

/// What an app shows so many steps away, whatever the clock says.
pub fn shown(app: &App, now: Timestamp, steps: i64) -> Code {
    let step = app.params.step_at(now).and_then(|step| step.checked_add_signed(steps));
    let code = step.map(|step| hotp(&app.secret, step, app.params.digits(), app.params.algorithm()));
    code.unwrap_or_else(|| Code::typed("00000000"))
}

/// Whoever lives there, if anybody does.
#[derive(Clone, Debug)]
pub struct Resident {
    /// By which identifier the account is reached now.
    who: &'static str,
    account: Option<AccountId>,
    password: &'static str,
    suspended: bool,
    /// A credential of the host's own waits for its owner.
    legacy: bool,
    app: Option<App>,
    session: Option<Ticket<Session>>,
    login: Option<Ticket<Login>>,
    device: Option<Ticket<Device>>,
}

impl Resident {
    pub fn new(person: Option<Person>, password: &'static str, suspended: bool, legacy: bool) -> Self {
        let (account, app, session) = person
            .map_or((None, None, None), |person| (Some(person.account), person.app, Some(person.session)));
        Self { who: WHO, account, password, suspended, legacy, app, session, login: None, device: None }
    }

    /// Does it, as far as it can be done. Whether somebody came to the door at which strangers knock.
    pub fn visits(&mut self, world: &World, visit: Visit) -> bool {
        let at_home = self.who == WHO;
        match visit {
            Visit::Password | Visit::AtOnce => self.knocks(world, visit).is_some() && at_home,
            _ => {
                let _ = self.account.is_some().then(|| self.does(world, visit));
                false
            }
        }
    }

    /// Types the code of a sign-in that somebody began at the door. Whether it was right; `None` if there is nobody to type it.
    pub fn types(&mut self, world: &World, session: &Ticket<OtpSession>) -> Option<bool> {
        let lives = self.account.is_some() && self.who == WHO;
        let code = world.last_mail().code.filter(|_| lives)?;
        let request = verify(Purpose::SignIn, session, code.expose());
        let verified = world.ask(Verify { enter: Some(label()), ..request }).into_result();
        Some(match verified {
            Ok(verified) => {
                verified.progress.into_iter().for_each(|progress| self.comes(progress));
                true
            }
            // It was right, and spent, and the account lets nobody in.
            Err(Refusal::InvalidSession) => true,
            Err(_) => false,
        })
    }

    fn knocks(&mut self, world: &World, visit: Visit) -> Option<()> {
        // The password of a suspended account is a wrong one, and counted as one; so is that of one that is gone.
        let lives = self.account.is_some() || self.legacy;
        let () = (lives && !self.suspended).then_some(())?;
        let proofs =
            || Proofs { totp: self.app.as_ref().map(|app| shown(app, world.now(), 0)), ..Proofs::default() };
        let came = match visit {
            Visit::AtOnce => world.at_once(self.who, self.password, proofs()),
            _ => world.stepwise(self.who, self.password),
        };
        if let Ok(progress) = came {
            self.comes(progress);
        }
        Some(())
    }

    fn comes(&mut self, progress: Progress) {
        match progress {
            Progress::SignedIn(signed_in) => {
                self.account = Some(signed_in.account().clone());
                self.session = Some(signed_in.session().clone());
                self.device = signed_in.device().cloned().or(self.device.take());
            }
            Progress::SecondFactor(second) => {
                self.login = second.login;
                self.device = second.device.or(self.device.take());
            }
        }
    }

    fn shown(&self, world: &World) -> Option<Proof> {
        let by_app = self.app.as_ref().map(|app| Proof::Totp(shown(app, world.now(), 0)));
        by_app.or_else(|| self.mailed(world).map(Proof::MailedCode))
    }

    /// The last code that came.
    fn mailed(&self, world: &World) -> Option<Code> {
        let mail = world.seen.mail.lock().unwrap();
        mail.iter().rev().filter(|mail| mail.to.as_str() == self.who).find_map(|mail| mail.code.clone())
    }

    fn does(&mut self, world: &World, visit: Visit) -> Option<()> {
        let account = self.account.clone()?;
        let given = Some(self.password);
        match visit {
            Visit::OnDevice => {
                let device = self.device.clone()?;
                let came = world.by_device(self.who, self.password, &device).ok()?;
                self.comes(came);
            }
            Visit::WrongOnDevice => drop(world.by_device(self.who, WRONG_PASSWORD, &self.device.clone()?)),
            Visit::Prove => {
                let signed_in = world.prove(self.login.as_ref()?, self.shown(world)?).ok()?;
                self.session = Some(signed_in.session().clone());
            }
            Visit::Guess => {
                let wrong = Proof::Totp(Code::typed("00000000"));
                drop(world.prove(self.login.as_ref()?, wrong));
            }
            Visit::ResendCode => {
                let request = ResendFactorCode { client: client(), login: self.login.clone()? };
                drop(world.run(request));
            }
            Visit::Lost => drop(world.lost(self.login.as_ref()?)),
            Visit::Check => drop(world.check(self.session.as_ref()?)),
            Visit::StepUp => {
                let signed_in = world.step_up(self.session.as_ref()?, self.shown(world)?).ok()?;
                self.session = Some(signed_in.session().clone());
            }
            Visit::Enrol => {
                let session = self.session.as_ref()?;
                let (session, password) = (session.clone(), password(self.password));
                let enrolment = world.ask(EnrolTotp { client: client(), session, password });
                let enrolment = enrolment.into_result().ok()?;
                let app = App { secret: enrolment.secret, params: enrolment.params };
                let _ = world.confirm(self.session.as_ref()?, shown(&app, world.now(), 0).expose()).ok()?;
                self.app = Some(app);
            }
            Visit::EnableMailed => {
                let (session, password) = (self.session.clone()?, password(self.password));
                let _ = world.ask(EnableMailedCode { client: client(), session, password });
            }
            Visit::DisableMailed => drop(world.disable_mailed(self.session.as_ref()?, given)),
            Visit::DisableTotp => {
                let _ = world.disable_totp(self.session.as_ref()?, given).ok()?;
                self.app = None;
            }
            Visit::Trust => self.device = Some(world.trust(self.session.as_ref()?).ok()?.device),
            Visit::EndOthers => drop(world.end_sessions(self.session.as_ref()?, Which::Others)),
            Visit::ChangePassword => {
                let to = if self.password == PASSWORD { NEW_PASSWORD } else { PASSWORD };
                let changed = world.change_password(self.session.as_ref()?, self.password, to).ok()?;
                (self.password, self.session) = (to, Some(changed.session().clone()));
            }
            Visit::Move => {
                let started = world.move_to(self.session.as_ref()?, given, ELSEWHERE).ok()?;
                let code = world.last_mail().code?;
                let request = verify(Purpose::ChangeAddress, &started.session, code.expose());
                let _ = world.ask(request).into_result().ok()?;
                self.who = ELSEWHERE;
            }
            Visit::Confirm | Visit::ConfirmWrongly => {
                let (action, locale) = (Action::new("pay:1").unwrap(), None);
                let started = world.ask(ConfirmAction { client: client(), account, action, locale });
                let session = started.into_result().ok()?.session;
                let code = self.mailed(world).filter(|_| visit == Visit::Confirm);
                let code = code.unwrap_or_else(|| Code::typed("0000000000"));
                drop(world.verify(Purpose::ConfirmAction, &session, code.expose()));
            }
            Visit::Suspend | Visit::Resume => {
                self.suspended = visit == Visit::Suspend;
                let _ = world.ask(SetSuspended { account, suspended: self.suspended });
            }
            Visit::AskForPassword => drop(world.ask(RequirePasswordChange { account })),
            Visit::ResetFactors => drop(world.ask(StartFactorReset { account })),
            Visit::Delete => {
                let _ = world.delete(self.session.as_ref()?, given).ok()?;
                (self.account, self.legacy) = (None, false);
            }
            Visit::Password | Visit::AtOnce | Visit::ByMail => {}
        }
        Some(())
    }
}

/// The key of the record at the door, and what it weighs when nothing is in it.
pub fn door() -> (record::RecordKey, usize) {
    static DOOR: std::sync::OnceLock<(record::RecordKey, usize)> = std::sync::OnceLock::new();
    *DOOR.get_or_init(|| {
        let world = World::recommended();
        let _ = world.member(id(WHO).as_str());
        world.seen.rows.lock().unwrap().retain(|key, _| key.kind() != Some(record::RecordKind::Visitor));
        let _ = world.stepwise(WHO, PASSWORD).unwrap();
        let rows = world.seen.rows.lock().unwrap();
        let mut visitors = rows.iter().filter(|(key, _)| key.kind() == Some(record::RecordKind::Visitor));
        let (key, (row, _)) = visitors.next().unwrap();
        (*key, row.bytes.len())
    })
}
