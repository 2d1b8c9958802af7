//! What people type: passwords, codes of an app, of the mailbox, of the drawer.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "tests")]
#![allow(dead_code, missing_docs, unreachable_pub, reason = "tests")]

use countersign::factor::{Algorithm, TotpSecret, hotp};
use countersign::*;

use super::ops::{App, Drawer, Mailed, NewPw, Proof as Wanted, Pw, Way};
use super::story::{PEOPLE, Story};
use crate::otp::ops::MALFORMED;

/// A second factor as typed.
#[derive(Clone, Debug)]
pub enum Typed {
    App(String),
    Mailed(String),
    Drawer(String),
    Password(&'static str),
}

/// What is typed with the first factor.
#[derive(Clone, Debug)]
pub enum Texts {
    Stepwise,
    AtOnce(Vec<Typed>),
}

/// What a typed code means: its digits, or no code at all.
pub(super) fn canonical(raw: &str) -> String {
    let digits = raw.replace([' ', '-'], "");
    let is_code = raw.len() <= 32 && digits.chars().all(|c| c.is_ascii_digit());
    if is_code { digits } else { String::new() }
}

/// What a typed recovery code means: its symbols in groups of four.
pub(super) fn canonical_drawer(raw: &str) -> String {
    let symbols = raw.to_ascii_uppercase().replace([' ', '-'], "").replace('O', "0").replace(['I', 'L'], "1");
    let symbols: Vec<char> = symbols.chars().collect();
    symbols.chunks(4).map(|four| four.iter().collect()).collect::<Vec<String>>().join("-")
}

/// As people copy a code.
fn spaced(code: &str) -> String {
    let (before, after) = code.split_at(code.len() / 2);
    format!(" {before}-{after} ")
}

/// The code after this one.
fn next(code: &str) -> String {
    let digits = code.len();
    let next = code.parse::<u64>().unwrap_or_default() + 1;
    format!("{:0digits$}", next % 10_u64.pow(digits.try_into().unwrap()))
}

impl Typed {
    pub(super) fn proof(&self) -> Proof {
        match self {
            Self::App(text) => Proof::Totp(Code::typed(text)),
            Self::Mailed(text) => Proof::MailedCode(Code::typed(text)),
            Self::Drawer(text) => Proof::RecoveryCode(RecoveryCode::typed(text)),
            Self::Password(text) => Proof::Password(Password::typed(text).unwrap()),
        }
    }
}

impl Texts {
    pub(super) fn steps(&self) -> Steps {
        let Self::AtOnce(all) = self else { return Steps::Stepwise };
        let mut proofs = Proofs::default();
        for one in all {
            match one.proof() {
                Proof::Totp(code) => proofs.totp = Some(code),
                Proof::MailedCode(code) => proofs.mailed_code = Some(code),
                Proof::RecoveryCode(code) => proofs.recovery_code = Some(code),
                _ => {}
            }
        }
        Steps::AtOnce(proofs)
    }
}

impl Story {
    pub(super) fn password(&self, who: usize, password: Pw) -> &'static str {
        match password {
            Pw::Right => self.model.password_of(who),
            Pw::First => PEOPLE[who].password,
            Pw::OfAnother => PEOPLE[(who + 1) % PEOPLE.len()].password,
            Pw::Wrong => "not the password",
        }
    }

    pub(super) const fn new_password(password: NewPw) -> &'static str {
        match password {
            NewPw::Another(true) => "another password",
            NewPw::Another(false) => "and yet another",
            NewPw::Short => "too few",
            NewPw::Common => "password",
        }
    }

    pub(super) fn texts(&self, who: usize, way: &Way) -> Texts {
        let Way::AtOnce { app, mailed, drawer } = way else { return Texts::Stepwise };
        let at_once = self.model.logins.iter().rposition(|login| login.who == who);
        let app = app.map(|app| Typed::App(self.app(who, app)));
        let mailed = mailed.map(|mailed| {
            Typed::Mailed(self.mailed(at_once.and_then(|at| self.model.login_code(at)), mailed))
        });
        let drawer = drawer.map(|drawer| Typed::Drawer(self.drawer(who, drawer)));
        Texts::AtOnce(app.into_iter().chain(mailed).chain(drawer).collect())
    }

    pub(super) fn typed(&self, login: Option<usize>, proof: &Wanted) -> Typed {
        let who = login.map_or(0, |login| self.model.logins[login].who);
        self.typed_by(who, login, proof)
    }

    /// What somebody types as a second factor, for a sign-in that waits if it is for one.
    pub(super) fn typed_by(&self, who: usize, login: Option<usize>, proof: &Wanted) -> Typed {
        match proof {
            Wanted::App(app) => Typed::App(self.app(who, *app)),
            Wanted::Mailed(mailed) => {
                let code = login.and_then(|login| self.model.login_code(login));
                Typed::Mailed(self.mailed(code, *mailed))
            }
            Wanted::Drawer(drawer) => Typed::Drawer(self.drawer(who, *drawer)),
            Wanted::Password(password) => Typed::Password(self.password(who, *password)),
        }
    }

    pub(super) fn app(&self, who: usize, app: App) -> String {
        let totp = self.settings.totp;
        let account = self.model.accounts[who].as_ref();
        let bound = account.and_then(|account| account.app.as_ref());
        let pending = account.and_then(|account| account.pending.as_ref()).and_then(|it| it.secret.clone());
        let secret = bound.and_then(|app| app.secret.clone());
        let shown = |secret: Option<TotpSecret>, step: i128| {
            let step = u64::try_from(step).unwrap_or_default();
            let code = secret.map(|secret| hotp(&secret, step, totp.digits, Algorithm::Sha1));
            code.map_or("00000000".to_owned(), |code| code.expose().to_owned())
        };
        let present = self.now().div_euclid(1000).div_euclid(totp.period_seconds.into());
        match app {
            App::Step(off) => shown(secret, present + i128::from(off)),
            App::Replayed => {
                let last = bound.and_then(|app| app.used.iter().max()).copied().unwrap_or_default();
                shown(secret, last.into())
            }
            App::OfPending => shown(pending, present),
            App::Spaced => spaced(&shown(secret.or(pending), present)),
            App::Wrong => next(&shown(secret.or(pending), present)),
            App::Malformed(n) => MALFORMED[usize::from(n) % MALFORMED.len()].to_owned(),
        }
    }

    /// What is typed where `newest` is the code that would be right, if one was mailed.
    pub(super) fn mailed(&self, newest: Option<&str>, mailed: Mailed) -> String {
        let newest = newest.unwrap_or("0000000000");
        match mailed {
            Mailed::Newest => newest.to_owned(),
            Mailed::Any(n) => {
                let any = self.given.mailed.iter().rev().nth(usize::from(n) % self.given.mailed.len().max(1));
                any.map_or(newest, String::as_str).to_owned()
            }
            Mailed::Spaced => spaced(newest),
            Mailed::Wrong => next(newest),
            Mailed::Malformed(n) => MALFORMED[usize::from(n) % MALFORMED.len()].to_owned(),
        }
    }

    pub(super) fn drawer(&self, who: usize, drawer: Drawer) -> String {
        let nothing = || "0000-0000-0000-0000".to_owned();
        let told = &self.given.drawer;
        let issued: Vec<_> = told.iter().filter(|(of, _)| *of == who).map(|(_, code)| code).collect();
        let left = self.model.accounts[who].iter().flat_map(|account| account.left.iter().flatten());
        match drawer {
            Drawer::Issued(n) => {
                let count = usize::from(self.settings.recovery_codes.count);
                let last = issued.iter().rev().take(count).nth(usize::from(n) % count);
                last.map_or_else(nothing, |code| (*code).clone())
            }
            Drawer::Left => left.last().cloned().unwrap_or_else(nothing),
            Drawer::LeftInLowerCase => {
                let code = left.last().cloned().unwrap_or_else(nothing);
                code.to_ascii_lowercase().replace('-', " ")
            }
            Drawer::Any(n) => {
                told.get(usize::from(n) % told.len().max(1)).map_or_else(nothing, |(_, code)| code.clone())
            }
            Drawer::Wrong => "7K3M-0QXZ-H9TB-2WVC".to_owned(),
            Drawer::Malformed(n) => MALFORMED[usize::from(n) % MALFORMED.len()].to_owned(),
        }
    }
}
