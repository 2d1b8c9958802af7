//! What the model says to a second factor.
#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "tests"
)]
#![allow(unreachable_pub, reason = "tests")]

use countersign::factor::{Algorithm, TotpSecret, hotp};
use countersign::*;

use super::answer::{Answer, Asked, Expected, INVALID, Mail};
use super::model::{Code, Desk, Door, Login, Model, Slot};
use super::typed::{Typed, canonical, canonical_drawer};

impl Model {
    /// Where the code for a step of an app's would be right at this moment, if its step is later than all before.
    pub(super) fn step(
        &self,
        desk: &Desk,
        secret: Option<&TotpSecret>,
        used: &[u64],
        raw: &str,
    ) -> Option<u64> {
        let Settings { totp, .. } = &self.settings;
        let secret = secret?;
        // Apps go by the world's time, not by the record's.
        let current = (desk.now - desk.ahead).div_euclid(1000).div_euclid(i128::from(totp.period_seconds));
        let window = current - i128::from(totp.steps_back)..=current + i128::from(totp.steps_forward);
        let fresh = |step: &u64| used.iter().all(|used| step > used);
        let shows = |step: &u64| hotp(secret, *step, totp.digits, Algorithm::Sha1).expose() == canonical(raw);
        window.filter_map(|step| u64::try_from(step).ok()).filter(fresh).filter(shows).max()
    }

    /// Whether a second factor is right. If so, it is used up.
    pub(super) fn take(
        &mut self,
        desk: &Desk,
        who: usize,
        given: &Typed,
        login: Option<usize>,
    ) -> Option<Method> {
        match given {
            Typed::App(raw) => {
                let app = self.accounts[who].as_ref()?.app.clone()?;
                let step = self.step(desk, app.secret.as_ref(), &app.used, raw)?;
                self.account(who).app.as_mut()?.used.push(step);
                self.found(who);
                Some(Method::Totp)
            }
            Typed::Mailed(raw) => {
                let code = self.logins[login?].code.clone().filter(|code| desk.now < code.ends)?;
                let right = code.text.is_some_and(|text| text == canonical(raw));
                right.then(|| self.logins[login.unwrap_or_default()].code = None);
                right.then_some(Method::MailedCode)
            }
            Typed::Drawer(raw) => {
                let left = &mut self.account(who).left;
                let typed = canonical_drawer(raw);
                let at = left.iter().position(|code| code.as_ref() == Some(&typed))?;
                left.remove(at);
                self.found(who);
                Some(Method::RecoveryCode)
            }
            Typed::Password(raw) => (*raw == self.account(who).password).then_some(Method::Password),
        }
    }

    /// A sign-in was given one more wrong proof. Whether that was one too many.
    pub(super) fn fail(&mut self, login: usize) -> bool {
        let most = self.settings.codes.max_attempts;
        let login = &mut self.logins[login];
        login.wrong += 1;
        login.over = login.wrong >= most;
        login.over
    }

    /// The sign-ins of an account that wait for a second factor.
    pub(super) fn waiting(&self, who: usize, now: i128) -> impl Iterator<Item = usize> {
        let waits = move |at: &usize| {
            let login = &self.logins[*at];
            login.who == who && !login.over && now < login.ends
        };
        (0..self.logins.len()).filter(waits)
    }

    /// The desk for a sign-in that waits, if it is there and the account is what it was.
    pub(super) fn at_login(&mut self, at: usize, wall: i128) -> Option<Desk> {
        let Login { who, account: made_for, ends, over, partition, .. } = self.logins[at];
        let desk = Desk { partition, ..self.open(Door::Account(who), wall) };
        let account = self.account(who);
        let same = account.generation == made_for && !account.suspended;
        if same && !over && desk.now < ends {
            return Some(desk);
        }
        self.close(&desk, false);
        None
    }

    /// A second factor is given for a sign-in that waits.
    pub fn prove(&mut self, at: usize, given: &Typed, label: &str, wall: i128) -> Expected {
        let Some(desk) = self.at_login(at, wall) else { return INVALID.into() };
        let Login { who, proven, began, .. } = self.logins[at].clone();
        let factor = given.factor();
        if !self.asked(who, &proven).contains(&factor) {
            // It is not compared. It only uses up the ticket.
            let burned = self.fail(at);
            let mail = burned.then(|| self.mention(&desk, who, &MessageKind::PasswordKnown)).flatten();
            self.close(&desk, true);
            return Expected { mail, ..Refusal::InvalidProof { factor, attempts_left: 0 }.into() };
        }
        if let Some(shut) = self.shut(&desk, factor) {
            self.close(&desk, false);
            return shut;
        }
        let hashes = usize::from(factor == Factor::Password);
        let method = self.take(&desk, who, given, Some(at));
        self.guess(&desk, factor, method.is_some());
        let Some(method) = method else {
            let attempts_left = self.left(&desk, factor);
            let burned = self.fail(at);
            let mail = self.alarm(&desk, who, factor, burned);
            self.close(&desk, true);
            let refused = Expected::from(Refusal::InvalidProof { factor, attempts_left });
            return Expected { mail, ..refused.hashing(hashes) };
        };
        self.logins[at].over = true;
        // What was proven first was proven when the ticket was made.
        let before = proven.into_iter().map(|method| (method, began));
        let all = before.chain([(method, desk.now)]).collect();
        let entered = self.sign_in(&desk, who, all, false, label);
        let entered = self.used(&desk, who, method, entered);
        self.close(&desk, true);
        entered.hashing(hashes)
    }

    /// The code of a second factor is asked for once more.
    pub fn resend_code(&mut self, at: usize, wall: i128) -> Expected {
        let Some(desk) = self.at_login(at, wall) else { return INVALID.into() };
        let Login { who, proven, ends, sent_to, .. } = self.logins[at].clone();
        let offered = self.asked(who, &proven);
        if !offered.contains(&Factor::MailedCode) {
            self.close(&desk, false);
            return INVALID.into();
        }
        if let Some(refused) = desk.limited(&self.send_rules(&desk, Purpose::SecondFactor)) {
            self.close(&desk, false);
            return refused;
        }
        let code = self.mail_code(&desk, who, ends);
        self.logins[at].code = Some(code);
        let mail = Some(self.second_factor_mail(&desk, at));
        let state = Some(self.login_state(&desk, at));
        self.close(&desk, true);
        let sent_to = Some(sent_to);
        let asked = Asked { who, ticket: false, offered, mailed: true, sent_to, state, device: false };
        Expected { mail, slot: Some(Slot::Login(at)), ..Answer::Second(asked).into() }
    }

    /// The code of a sign-in that waits, whether or not it has expired.
    pub(super) fn login_code(&self, at: usize) -> Option<&str> {
        self.logins[at].code.as_ref()?.text.as_deref()
    }

    /// A code goes out for an account's second factor. One is good per account.
    pub(super) fn mail_code(&mut self, desk: &Desk, who: usize, ends: i128) -> Code {
        self.logins.iter_mut().filter(|login| login.who == who).for_each(|login| login.code = None);
        self.send(desk, Purpose::SecondFactor, ends)
    }

    pub(super) fn login_state(&self, desk: &Desk, at: usize) -> SessionState {
        let Login { code, ends, wrong, .. } = &self.logins[at];
        self.state(desk, Purpose::SecondFactor, code.as_ref(), (*ends, *wrong))
    }

    pub(super) fn second_factor_mail(&self, desk: &Desk, at: usize) -> Mail {
        let Login { who, code, .. } = &self.logins[at];
        Mail {
            kind: "second_factor_code",
            to: self.address(*who),
            code: true,
            expires_at: code.as_ref().map(|code| desk.told(code.ends)),
            link_expires_at: None,
            suppressed: false,
        }
    }
}
