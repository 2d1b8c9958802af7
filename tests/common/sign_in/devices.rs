//! What the model says of trusted devices.
#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "tests"
)]
#![allow(unreachable_pub, reason = "tests")]

use countersign::*;

use super::answer::{Answer, Expected};
use super::entering::{Knocked, Proven};
use super::model::{Desk, Device, Door, Model};
use crate::otp::limits::ms;

/// What came of showing a device's ticket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shown {
    Good(usize),
    /// It was changed for another too long ago: somebody has a copy.
    Replayed(usize),
}

impl Model {
    fn find(&self, desk: &Desk, who: usize, ticket: usize) -> Option<Shown> {
        let here = |device: &Device| device.who == who && !device.over && desk.now < device.ends;
        self.devices.iter().enumerate().filter(|(_, device)| here(device)).find_map(|(at, device)| {
            let until = device.previous.filter(|(before, _)| *before == ticket).map(|(_, until)| until);
            match until {
                _ if device.ticket == ticket => Some(Shown::Good(at)),
                Some(until) if desk.now < until => Some(Shown::Good(at)),
                Some(_) => Some(Shown::Replayed(at)),
                None => None,
            }
        })
    }

    /// The device of a ticket, if it is good. From then on what is counted is counted with devices (law 9).
    pub(super) fn show(&self, desk: &mut Desk, who: usize, ticket: usize) -> Option<usize> {
        let Some(Shown::Good(at)) = self.find(desk, who, ticket) else { return None };
        desk.partition = Partition::TrustedDevice;
        Some(at)
    }

    /// Whether a device lets its owner past the second factor.
    pub(super) fn skips(&self, device: usize) -> bool {
        self.devices[device].skips && self.settings.devices.skip_second_factor
    }

    /// A device was shown by one of its tickets, and gets another.
    pub(super) fn rotate(&mut self, desk: &Desk, device: usize, shown: usize) -> usize {
        let next = self.ticket_for(self.devices[device].who);
        let until = desk.now + ms(self.settings.devices.rotation_grace);
        let device = &mut self.devices[device];
        // The one before keeps its own end, however often it is shown.
        if device.ticket == shown {
            device.previous = Some((shown, until));
        } else {
            self.met.push("rotated_twice");
        }
        (device.ticket, device.wrong) = (next, 0);
        next
    }

    /// A password is compared for whoever shows a device, on the account's record; `None` if the device is not one of this account's.
    pub fn knock_with(
        &mut self,
        ticket: Option<usize>,
        who: usize,
        sent_to: &str,
        password: &str,
        wall: i128,
    ) -> Option<Knocked> {
        let ticket = ticket?;
        let owner = self.tickets[ticket];
        let mut desk = self.open(Door::Account(owner), wall);
        let answers = self.account(owner).answers.contains(&who) && !self.account(owner).suspended;
        let device = match self.find(&desk, owner, ticket) {
            Some(Shown::Good(at)) if answers => at,
            found => {
                let copied = match found {
                    Some(Shown::Replayed(at)) => Some(at),
                    _ => None,
                };
                copied.into_iter().for_each(|at| self.devices[at].over = true);
                self.met.extend(copied.map(|_| "device_replayed"));
                self.close(&desk, copied.is_some());
                return None;
            }
        };
        desk.partition = Partition::TrustedDevice;
        if let Some(shut) = self.shut(&desk, Factor::Password) {
            self.met.push("locked_on_devices");
            self.close(&desk, false);
            return Some(shut.into());
        }
        let right = password == self.account(owner).password;
        self.guess(&desk, Factor::Password, right);
        if !right {
            let most = self.settings.devices.max_failures;
            let device = &mut self.devices[device];
            device.wrong += 1;
            device.over = device.wrong >= most;
            self.met.extend(device.over.then_some("device_burned"));
        }
        self.close(&desk, true);
        let account = (owner, self.account(owner).generation);
        Some(if right {
            Knocked::Go(Proven::by_password(who, account, sent_to, password, false).on(ticket))
        } else {
            Expected::from(Refusal::InvalidCredentials).hashing(1).into()
        })
    }

    /// The number of a ticket for a device of somebody.
    pub(super) fn ticket_for(&mut self, who: usize) -> usize {
        self.tickets.push(who);
        self.tickets.len() - 1
    }

    /// A device is trusted from now on. The oldest of too many goes.
    pub fn trust(&mut self, at: usize, wall: i128) -> Expected {
        let desk = self.at_leisure(at, wall);
        let (desk, _) = match self.gate(at, desk, None) {
            Ok(passed) => passed,
            Err(refused) => return refused,
        };
        let (who, settings) = (self.sessions[at].who, self.settings.devices);
        let (skips, ends) = (settings.skip_second_factor, desk.now + ms(settings.life));
        let ticket = self.ticket_for(who);
        self.devices.push(Device { who, ticket, previous: None, skips, wrong: 0, ends, over: false });
        let live: Vec<usize> = self.live_devices(who, desk.now).collect();
        let over = live.len().saturating_sub(usize::from(settings.per_account));
        live[..over].iter().for_each(|at| self.devices[*at].over = true);
        self.close(&desk, true);
        let expires_at = desk.told(ends);
        Expected { ticket: Some(ticket), ..Answer::Trusted { expires_at, skips }.into() }
    }

    /// Devices are trusted no more.
    pub fn forget(&mut self, at: usize, all: bool, wall: i128) -> Expected {
        let desk = match self.at_leisure(at, wall) {
            Ok(desk) => desk,
            Err(refused) => return refused,
        };
        let live: Vec<usize> = self.live_devices(self.sessions[at].who, desk.now).filter(|_| all).collect();
        live.iter().for_each(|at| self.devices[*at].over = true);
        self.close(&desk, true);
        Answer::Ended(live.len()).into()
    }

    /// The devices of an account, the oldest first.
    pub(super) fn live_devices(&self, who: usize, now: i128) -> impl Iterator<Item = usize> {
        let live = move |at: &usize| {
            let device = &self.devices[*at];
            device.who == who && !device.over && now < device.ends
        };
        (0..self.devices.len()).filter(live)
    }
}
