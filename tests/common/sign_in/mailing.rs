//! What the model says to whoever begins by mail, to a mailed code and to a mailed link.
#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "tests"
)]
#![allow(unreachable_pub, reason = "tests")]

use countersign::policy::*;
use countersign::*;

use super::answer::{Answer, Expected, INVALID, Mail};
use super::entering::{Knocked, Proven, View};
use super::model::{ByMail, Desk, Door, Link, Model, Slot};
use super::typed::canonical;
use crate::otp::limits::ms;

impl Model {
    /// A sign-in by mail begins, or the recovery of a password.
    pub fn start(&mut self, purpose: Purpose, who: usize, view: View, wall: i128) -> Expected {
        let desk = self.open(Door::Visitor(who), wall);
        if let Some(refused) = self.full(&desk, purpose) {
            self.close(&desk, false);
            return refused;
        }
        self.start_at(&desk, purpose, who, view.account, None)
    }

    /// The no to any more messages, or sessions, for a purpose.
    pub(super) fn full(&self, desk: &Desk, purpose: Purpose) -> Option<Expected> {
        let here = |it: &&ByMail| Some(it.record) == desk.record && it.purpose == purpose;
        let live = self.by_mail.iter().filter(here).filter(|it| !it.over && desk.now < it.ends);
        let live: Vec<i128> = live.map(|it| it.ends).collect();
        let mut rules = self.send_rules(desk, purpose);
        if live.len() >= usize::from(self.settings.codes.live_sessions) {
            rules.push((RULE_LIVE_SESSIONS, live.into_iter().min().unwrap_or(i128::MAX)));
        }
        desk.limited(&rules)
    }

    /// The same, where no limit refuses.
    pub(super) fn start_at(
        &mut self,
        desk: &Desk,
        purpose: Purpose,
        who: usize,
        account: Option<(usize, u32)>,
        asker: Option<usize>,
    ) -> Expected {
        let record = self.record(desk);
        let ends = desk.now + ms(self.settings.codes.lifetimes(purpose).session);
        let code = self.send(desk, purpose, ends);
        let known = account.is_some();
        let keeps = matches!(purpose, Purpose::Recover | Purpose::SignUp);
        let link = keeps.then(|| self.keep_link(desk, purpose, who, account));
        let kind = match purpose {
            Purpose::Recover => "recovery_code",
            Purpose::ChangeAddress => "address_change_code",
            Purpose::SignUp => "sign_up_code",
            _ => "sign_in_code",
        };
        let link_ends = link.map_or(ends, |link| self.links[link].ends);
        let mail = Mail {
            kind,
            // To the address on record, whatever was typed; a new one is what was typed.
            to: match account {
                Some((owner, _)) if asker.is_none() => self.address(owner),
                _ => self.normal(who),
            },
            code: known,
            expires_at: Some(desk.told(code.ends)),
            link_expires_at: (known && asker.is_none()).then(|| desk.told(link_ends)),
            suppressed: !known,
        };
        let (now, wrong, over) = (code.clone(), 0, false);
        self.by_mail.push(ByMail {
            record,
            purpose,
            who,
            account,
            asker,
            chosen: None,
            ends,
            code: now,
            before: None,
            link,
            wrong,
            over,
        });
        self.close(desk, true);
        let state = self.state(&Desk { record: Some(record), ..*desk }, purpose, Some(&code), (ends, 0));
        let made = self.by_mail.len() - 1;
        let slot = Some(Slot::ByMail(made));
        Expected { mail: Some(mail), slot, ..Expected::from(Answer::Started(state)).making(made) }
    }

    /// A mailed code is typed, at the door for this purpose.
    pub fn verify(&mut self, at: usize, purpose: Purpose, raw: &str, enter: bool, wall: i128) -> Knocked {
        let Some(desk) = self.at_by_mail(at, wall) else { return Expected::from(INVALID).into() };
        let ByMail { ends, code, wrong, record, .. } = self.by_mail[at].clone();
        if self.by_mail[at].purpose != purpose {
            self.met.push("another_door");
            self.close(&desk, false);
            return Expected::from(INVALID).into();
        }
        if code.ends <= desk.now {
            let state = self.state(&desk, purpose, None, (ends, wrong));
            self.close(&desk, false);
            return Expected::from(Refusal::CodeExpired(state)).into();
        }
        if let Some(shut) = self.shut(&desk, Factor::MailedCode) {
            self.close(&desk, false);
            return shut.into();
        }
        let right = self.by_mail[at].account.is_some() && code.text.is_some_and(|it| it == canonical(raw));
        if right {
            return self.proven_by_mail(at, &desk, Method::MailedCode, enter);
        }
        self.guess(&desk, Factor::MailedCode, false);
        let most = self.settings.codes.max_attempts;
        let now = &mut self.by_mail[at];
        now.wrong += 1;
        now.over = now.wrong >= most;
        self.close(&desk, true);
        let desk = Desk { record: Some(record), ..desk };
        let code = self.by_mail[at].code.clone();
        let state = self.state(&desk, purpose, Some(&code), (ends, wrong + 1));
        Expected::from(Refusal::InvalidCode(state)).into()
    }

    /// A mailed link is used. It is outside of every budget.
    pub fn redeem(&mut self, at: usize, wall: i128) -> Knocked {
        let Some(desk) = self.at_by_mail(at, wall) else { return Expected::from(INVALID).into() };
        if self.by_mail[at].account.is_none() {
            self.close(&desk, false);
            return Expected::from(INVALID).into();
        }
        self.proven_by_mail(at, &desk, Method::MailedLink, true)
    }

    /// The mailbox was read: everything that was mailed for the same is spent. What else was begun stays, and nothing is right for it.
    fn proven_by_mail(&mut self, at: usize, desk: &Desk, method: Method, enter: bool) -> Knocked {
        let ByMail { who, account, record, purpose, .. } = self.by_mail[at].clone();
        self.by_mail[at].over = true;
        self.void(record, purpose);
        self.close(desk, true);
        let proven = Proven::by_mailbox(who, account.unwrap_or_default(), method, purpose);
        Knocked::Go(Proven { enter, ..proven })
    }

    /// The desk for a sign-in by mail, if it is there.
    fn at_by_mail(&mut self, at: usize, wall: i128) -> Option<Desk> {
        let ByMail { record, who, ends, over, .. } = self.by_mail[at];
        let desk = self.open(Door::Visitor(who), wall);
        if desk.record == Some(record) && !over && desk.now < ends {
            return Some(desk);
        }
        self.close(&desk, false);
        None
    }

    /// A link that leads from the mailbox to another password. It outlives the session that it was mailed with.
    fn keep_link(
        &mut self,
        desk: &Desk,
        purpose: Purpose,
        who: usize,
        account: Option<(usize, u32)>,
    ) -> usize {
        let lives = self.settings.links;
        let life = if purpose == Purpose::SignUp { lives.sign_up } else { lives.recover };
        let (record, ends) = (self.record(desk), desk.now + ms(life));
        self.links.push(Link { record, purpose, who, account, ends });
        self.links.len() - 1
    }

    /// A link that leads to another password is used.
    pub fn redeem_recovery(&mut self, at: usize, wall: i128) -> Knocked {
        let Link { record, who, account, ends, .. } = self.links[at].clone();
        let desk = self.open(Door::Visitor(who), wall);
        let there = desk.record == Some(record) && desk.now < ends;
        let Some(account) = account.filter(|_| there) else {
            self.close(&desk, false);
            return Expected::from(INVALID).into();
        };
        self.void(record, Purpose::Recover);
        self.close(&desk, true);
        Knocked::Go(Proven::by_mailbox(who, account, Method::MailedLink, Purpose::Recover))
    }

    /// Nothing that was mailed for a purpose is right any more. What was begun stays, for whoever began it.
    fn void(&mut self, record: usize, purpose: Purpose) {
        let sent = self.by_mail.iter_mut().filter(|it| it.record == record && it.purpose == purpose);
        sent.for_each(|it| it.account = None);
        let links = self.links.iter_mut().filter(|it| it.record == record && it.purpose == purpose);
        links.for_each(|it| it.account = None);
    }
}
