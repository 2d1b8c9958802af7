//! The stranger: what is at hand, which is the same in both worlds.
#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, missing_docs, unreachable_pub, reason = "tests")]

use countersign::*;

use super::homes::{NEW, WHO};
use super::steps::Forged;
use super::trace::{LETTERS, letter_number};
use crate::common::{World, id};
use crate::owner::*;
use crate::people::*;

pub const OWN: &str = "else@example.com";
pub const THIRD: &str = "else@third.example.net";
/// The mailboxes that the stranger reads.
pub const STRANGER: [&str; 2] = [OWN, THIRD];
/// Of the stranger's own account.
pub const OWN_PASSWORD: &str = "A stranger's own password 7";
pub const OTHER_PASSWORD: &str = "A stranger's other password 8";

/// Where strangers knock; the first more often.
const DOORS: [&str; 8] = [WHO, " Jo@EXAMPLE.com ", WHO, "JO@example.com", WHO, OWN, NEW, THIRD];
/// What strangers type; the owner's is not among it.
const TYPED: [&str; 8] =
    [OWN_PASSWORD, WRONG_PASSWORD, OWN_PASSWORD, OTHER_PASSWORD, OWN_PASSWORD, "mypassword1!", "short", ""];

/// Who has an account of his own with an app, recovery codes, sessions, a device, and something of everything else.
#[derive(Clone, Debug)]
pub struct Observer {
    pub account: AccountId,
    pub app: App,
    /// The app of an enrolment that waits.
    pub next_app: Option<App>,
    pub drawer: Vec<RecoveryCode>,
    pub sessions: Vec<Ticket<Session>>,
    pub logins: Vec<Ticket<Login>>,
    /// Codes that were asked for, and whether at the owner's door.
    pub given: Vec<(Purpose, Ticket<OtpSession>, bool)>,
    pub grants: Vec<Ticket<ResetGrant>>,
    pub devices: Vec<Ticket<Device>>,
    pub links: Vec<MailedLink>,
    pub codes: Vec<String>,
    /// How many messages were looked at.
    pub read: usize,
    /// How many requests were made.
    pub asked: u64,
}

/// The one with that number, the newest first.
pub fn pick<T: Clone>(of: &[T], which: u8) -> Option<T> {
    (!of.is_empty()).then(|| of[of.len() - 1 - usize::from(which) % of.len()].clone())
}

/// The ticket with a bit of one letter changed.
pub fn forge<K: TicketKind>(ticket: Ticket<K>, forged: Option<Forged>) -> Ticket<K> {
    let Some(Forged { at, bit }) = forged else { return ticket };
    let mut text = ticket.expose().into_bytes();
    let begin = text.iter().position(|letter| *letter == b'_').unwrap() + 1;
    let at = begin + usize::from(at) % (text.len() - begin);
    text[at] = LETTERS[letter_number(text[at]) ^ (1 << bit)];
    Ticket::parse(core::str::from_utf8(&text).unwrap()).unwrap_or(ticket)
}

impl Observer {
    pub fn moves_in(world: &World) -> Self {
        let mut own = world.owner(OWN, APP);
        let signed_in = world.change_password(&own.session, PASSWORD, OWN_PASSWORD).unwrap();
        own.session = signed_in.session().clone();
        Self {
            account: own.account,
            app: own.app.unwrap(),
            next_app: None,
            drawer: own.drawer,
            sessions: vec![own.session],
            logins: vec![],
            given: vec![],
            grants: vec![],
            devices: vec![],
            links: vec![],
            codes: vec!["0000000000".to_owned(), "no code".to_owned(), String::new()],
            read: 0,
            asked: 0,
        }
    }

    /// Every ticket at hand.
    pub fn tickets(&self) -> Vec<String> {
        let sessions = self.sessions.iter().map(Ticket::expose);
        let logins = self.logins.iter().map(Ticket::expose);
        let given = self.given.iter().map(|(_, ticket, _)| ticket.expose());
        let grants = self.grants.iter().map(Ticket::expose);
        let devices = self.devices.iter().map(Ticket::expose);
        let links = self.links.iter().map(MailedLink::expose);
        sessions.chain(logins).chain(given).chain(grants).chain(devices).chain(links).collect()
    }

    fn login(&self, world: &World) -> Ticket<Login> {
        second(world.stepwise(OWN, OWN_PASSWORD).unwrap()).login.unwrap()
    }

    fn shown(&self, world: &World) -> Proof {
        Proof::Totp(Code::typed(&self.app.code(world.now(), 0)))
    }

    /// A little before the story.
    pub fn prepares(&mut self, world: &World) {
        world.seconds(61);
        let _ = world.lost(&self.login(world)).unwrap();
    }

    /// At the moment at which the story begins.
    pub fn is_ready(&mut self, world: &World) {
        let signed_in = world.prove(&self.login(world), self.shown(world)).unwrap();
        self.sessions = vec![signed_in.session().clone()];
        self.devices = vec![world.trust(&self.sessions[0]).unwrap().device];
        self.logins = vec![self.login(world)];
        self.grants = vec![world.granted(OWN).unwrap().grant];
        let started = world.start(Purpose::SignIn, OWN).unwrap();
        self.given = vec![(Purpose::SignIn, started.session, false)];
        self.reads(world);
    }

    pub fn door(which: u8) -> Identifier {
        id(DOORS[usize::from(which) % DOORS.len()])
    }

    pub fn typed(which: u8) -> Password {
        password(TYPED[usize::from(which) % TYPED.len()])
    }

    /// Whether a message comes to one of the stranger's own mailboxes.
    pub fn is_mine(mail: &Envelope) -> bool {
        STRANGER.contains(&mail.to.as_str())
    }

    /// Reads the mail that came.
    pub fn reads(&mut self, world: &World) {
        let mail = world.seen.mail.lock().unwrap();
        for mail in mail.iter().skip(self.read).filter(|mail| Self::is_mine(mail) && !mail.suppressed) {
            self.codes.extend(mail.code.as_ref().map(|code| code.expose().to_owned()));
            self.links.extend(mail.link.clone());
        }
        self.read = mail.len();
    }

    pub fn enters(&mut self, signed_in: &SignedIn) {
        self.sessions.push(signed_in.session().clone());
        self.devices.extend(signed_in.device().cloned());
    }

    pub fn comes(&mut self, progress: Progress) {
        match progress {
            Progress::SignedIn(signed_in) => self.enters(&signed_in),
            Progress::SecondFactor(second) => {
                self.logins.extend(second.login);
                self.devices.extend(second.device);
            }
        }
    }

    pub fn verified(&mut self, verified: Verified) {
        self.grants.extend(verified.grant.map(|granted| granted.grant));
        if let Some(progress) = verified.progress {
            self.comes(progress);
        }
    }
}
