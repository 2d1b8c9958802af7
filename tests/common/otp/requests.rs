//! Each request of a story: how it is made, and what the model says to it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, unreachable_pub, dead_code, reason = "tests")]

use countersign::record::RecordKind;
use countersign::*;

use super::answer::{Answer, Door, Expected, INVALID, answer};
use super::drive::End;
use super::ops::{MALFORMED, Op, Typed};
use super::story::{Given, LEGACY, Meanwhile, PEOPLE, Story};
use crate::common::{id, sign_up};

impl Story {
    pub(super) fn request(&mut self, op: &Op, meanwhile: &Meanwhile<'_>) -> Result<(), String> {
        // A request that is overtaken is not metered, so that it has one commit to be overtaken at.
        let overtaken = matches!(meanwhile, Meanwhile::Other(..));
        let metered = |client: &u8| Some(client % 8).filter(|client| !overtaken && matches!(client, 1 | 2));
        match op {
            Op::Start { purpose, who, client } => self.start(*purpose, *who, metered(client), meanwhile),
            Op::Resend { session, client } => {
                let (number, client) = (metered(client), named(metered(client)));
                let Some((session, ticket)) = self.pick(*session) else { return Ok(()) };
                let note = format!("resend {session:?}");
                let (now, end) = self.run(&note, Resend { client, session: ticket }, meanwhile)?;
                if !self.metered(number, Operation::Resend, now, &end, &note)? {
                    return Ok(());
                }
                let answer = end
                    .outcome
                    .as_ref()
                    .map(|outcome| answer(outcome, |resent| Answer::Resent(resent.state)));
                let Some(session) = session else { return self.unknown(&note, answer) };
                let expected = self.model.resend(session, now);
                self.told(session, &expected, &end)?;
                self.check(&note, expected, answer, Some(session), end.counted())
            }
            Op::Verify { session, door, code, claim, client } => {
                self.verify(*session, *door, (*code, *claim), metered(client), meanwhile)
            }

            Op::Cancel { session } => {
                let Some((session, ticket)) = self.pick(*session) else { return Ok(()) };
                let note = format!("cancel {session:?}");
                let request = Cancel { client: Client::unmetered(), session: ticket };
                let (now, end) = self.run(&note, request, meanwhile)?;
                if end.outcome.is_none() && !end.counted() {
                    return Ok(());
                }
                let answer = end.outcome.as_ref().map(|outcome| answer(outcome, |_| Answer::Cancelled));
                let Some(session) = session else { return self.unknown(&note, answer) };
                let expected = self.model.cancel(session, now);
                self.check(&note, expected, answer, Some(session), end.counted())
            }
            Op::Redeem { session, who, client } => self.redeem(*session, *who, metered(client), meanwhile),
            other => panic!("{other:?} is no request"),
        }
    }

    fn redeem(
        &mut self,
        session: u8,
        who: Option<u8>,
        metered: Option<u8>,
        meanwhile: &Meanwhile<'_>,
    ) -> Result<(), String> {
        let linked: Vec<&Given> = self.given.iter().filter(|given| given.link.is_some()).collect();
        let Some(last) = linked.len().checked_sub(1) else { return Ok(()) };
        let Given { session, who: owner, link, .. } = linked[last - usize::from(session) % linked.len()];
        let (session, owner) = (*session, *owner);
        let who = who.map_or(owner, |who| usize::from(who) % PEOPLE.len());
        let note = format!("redeem the link of {session} for {:?}", PEOPLE[who][0]);
        let (client, identifier) = (named(metered), id(PEOPLE[who][0]));
        match link.clone().unwrap() {
            MailedLink::SignUp(link) => {
                let (password, profile) = (Password::typed("another password").unwrap(), Profile::default());
                let request = RedeemSignUp { client, link, identifier, password, profile };
                let (now, end) = self.run(&note, request, meanwhile)?;
                self.redeemed(&note, session, who, metered, now, (Operation::RedeemSignUp, end))
            }
            MailedLink::Recovery(link) => {
                let (now, end) = self.run(&note, RedeemRecovery { client, link }, meanwhile)?;
                // Such a link says by itself whose it is.
                self.redeemed(&note, session, owner, metered, now, (Operation::RedeemRecovery, end))
            }
            other => panic!("{other:?} was never asked for"),
        }
    }

    fn redeemed<O>(
        &mut self,
        note: &str,
        session: usize,
        who: usize,
        metered: Option<u8>,
        now: i128,
        (operation, end): (Operation, End<O>),
    ) -> Result<(), String> {
        if !self.metered(metered, operation, now, &end, note)? {
            return Ok(());
        }
        let purpose = self.model.sessions[session].purpose;
        let answer = end.outcome.as_ref().map(|outcome| answer(outcome, |_| Answer::Verified(purpose)));
        let mut expected = self.model.redeem(session, who, now);
        self.proven(&mut expected, session, who, now, &end, &answer)?;
        if answer.as_ref().is_some_and(|answer| matches!(answer, Answer::Verified(_))) {
            self.laws.redeemed(session).map_err(|broken| self.tell(&broken, ""))?;
        }
        self.note(|| format!("{note} -> {answer:?}"));
        self.last.clone_from(&answer);
        let Some(answer) = answer else { return Ok(()) };
        let links = match purpose {
            Purpose::Recover => ["no_recovery_link", "recovery_link"],
            _ => ["no_link", "link"],
        };
        *self.tally.entry(links[usize::from(answer != INVALID)]).or_default() += 1;
        self.same("law 3 (spent once) or law 5 (bound), a link", &expected.answer, &answer)
    }

    /// What comes of a proven mailbox: for a sign-up an account, unless there is one; else what it was asked for, unless the account is
    /// another by now; for a recovery the account keeps what is granted.
    fn proven<O>(
        &mut self,
        expected: &mut Expected,
        session: usize,
        who: usize,
        now: i128,
        end: &End<O>,
        answer: &Option<Answer>,
    ) -> Result<(), String> {
        let Answer::Verified(purpose) = expected.answer else { return Ok(()) };
        let there = match purpose {
            Purpose::SignUp => self.model.has_account(who),
            _ => !self.model.is_same(session, who),
        };
        match purpose {
            _ if there => *expected = INVALID.into(),
            Purpose::SignUp if end.wrote(RecordKind::Account) => self.model.open_account(who, now),
            Purpose::Recover if end.wrote(RecordKind::Account) => self.model.grant(who, now),
            Purpose::SignUp | Purpose::Recover => {
                self.same("law 12, a proof that led to nothing", &None, answer)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn start(
        &mut self,
        purpose: Purpose,
        who: u8,
        metered: Option<u8>,
        meanwhile: &Meanwhile<'_>,
    ) -> Result<(), String> {
        let (person, spelling) = (usize::from(who) % PEOPLE.len(), usize::from(who) / PEOPLE.len());
        let spelled = PEOPLE[person][spelling % PEOPLE[person].len()];
        let (client, identifier, locale) = (named(metered), id(spelled), None);
        let note = format!("start {purpose:?} of {spelled:?}");
        let listed = self.world.account(spelled);
        let (operation, (now, end)) = match purpose {
            Purpose::SignUp => {
                let request = SignUp { client, ..sign_up(spelled) };
                (Operation::SignUp, self.run(&note, request, meanwhile)?)
            }
            Purpose::SignIn => {
                (Operation::SignIn, self.run(&note, SignIn { client, identifier, locale }, meanwhile)?)
            }
            Purpose::Recover => {
                (Operation::Recover, self.run(&note, Recover { client, identifier, locale }, meanwhile)?)
            }
            Purpose::ConfirmAction => {
                let account = listed.clone().unwrap_or_else(|| AccountId::new("nobody").unwrap());
                let action = Action::new("pay:1").unwrap();
                let request = ConfirmAction { client, account, action, locale };
                (Operation::ConfirmAction, self.run(&note, request, meanwhile)?)
            }
            Purpose::SecondFactor | Purpose::ChangeAddress | Purpose::StepUp | Purpose::RecoverFactor => {
                return Ok(());
            }
        };
        if !self.metered(metered, operation, now, &end, &note)? {
            return Ok(());
        }
        let answer =
            end.outcome.as_ref().map(|outcome| answer(outcome, |started| Answer::Started(started.state)));
        // What the directory said counts only where the account's own record, or the host's credential, confirms it.
        let known = listed.is_some() && (person == LEGACY || self.model.has_account(person));
        let expected = match purpose {
            Purpose::ConfirmAction if listed.is_none() => return self.unknown(&note, answer),
            Purpose::ConfirmAction => self.model.start(Door::Account(person), purpose, true, now),
            _ => self.model.start(Door::Visitor(person), purpose, known != (purpose == Purpose::SignUp), now),
        };
        let session = self.model.sessions.len().wrapping_sub(1);
        if matches!(expected.answer, Answer::Started(_)) {
            self.told(session, &expected, &end)?;
        }
        if let Some(Verdict::Granted(started)) = end.outcome.as_ref().map(|outcome| &outcome.verdict) {
            let link = end.mail.first().and_then(|mail| mail.link.clone());
            let link = link.filter(|link| !matches!(link, MailedLink::SignIn(_)));
            self.given.push(Given { ticket: started.session.clone(), session, who: person, link });
        }
        let taken = end.mail.iter().any(|mail| mail.kind == MessageKind::SignUpTaken);
        self.same(
            "law 8, the notice to the owner",
            &(known && purpose == Purpose::SignUp && !end.mail.is_empty()),
            &taken,
        )?;
        self.check(&note, expected, answer, Some(session), end.counted())
    }

    fn verify(
        &mut self,
        session: u8,
        door: Option<Purpose>,
        (typed, claim): (Typed, Option<u8>),
        metered: Option<u8>,
        meanwhile: &Meanwhile<'_>,
    ) -> Result<(), String> {
        let Some((session, ticket)) = self.pick(session) else { return Ok(()) };
        let of =
            |session: usize| self.model.codes(session).into_iter().map(str::to_owned).collect::<Vec<_>>();
        let mine = session.map(of).unwrap_or_default();
        let digits = usize::from(self.settings.codes.digits);
        let newest = mine.first().cloned().unwrap_or_else(|| "0".repeat(digits));
        let code = match typed {
            Typed::Newest | Typed::Spaced => newest,
            Typed::Earlier(n) => mine.get(1 + usize::from(n) % mine.len().max(2)).cloned().unwrap_or(newest),
            Typed::OfAnother(n) => {
                let other = &self.given[usize::from(n) % self.given.len()];
                of(other.session).first().cloned().unwrap_or(newest)
            }
            Typed::Wrong => {
                let next = newest.parse::<u64>().unwrap_or_default() + 1;
                format!("{:0digits$}", next % 10_u64.pow(digits.try_into().unwrap()))
            }
            Typed::Malformed(n) => MALFORMED[usize::from(n) % MALFORMED.len()].to_owned(),
        };
        let text = if matches!(typed, Typed::Spaced) {
            format!(" {}-{} ", &code[..3], &code[3..])
        } else {
            code.clone()
        };
        let purpose = session.map_or(Purpose::SignUp, |session| self.model.sessions[session].purpose);
        let door = door.unwrap_or(purpose);
        let note = format!("verify {session:?} for {door:?} of {claim:?} with {typed:?} {text:?}");
        let claim = claim.map(|who| usize::from(who) % PEOPLE.len());
        let request = Verify {
            client: named(metered),
            purpose: door,
            session: ticket,
            code: Code::typed(&text),
            identifier: claim.map(|who| id(PEOPLE[who][0])),
            enter: None,
        };
        let (now, end) = self.run(&note, request, meanwhile)?;
        if !self.metered(metered, Operation::Verify, now, &end, &note)? {
            return Ok(());
        }
        let answer = end
            .outcome
            .as_ref()
            .map(|outcome| answer(outcome, |verified| Answer::Verified(verified.purpose)));
        let Some(session) = session else { return self.unknown(&note, answer) };
        let who = self.given.iter().find(|given| given.session == session).unwrap().who;
        // With another identifier than the session's, no code is right.
        let meant = claim.is_none_or(|claim| claim == who);
        let mut expected = self.model.verify(session, door, if meant { &code } else { "another's" }, now);
        self.proven(&mut expected, session, who, now, &end, &answer)?;
        self.check(&note, expected, answer, Some(session), end.counted())
    }

    /// One message for one code that was sent, of the right form; the model is told its code.
    fn told<O>(&mut self, session: usize, expected: &Expected, end: &End<O>) -> Result<(), String> {
        let (Answer::Started(state) | Answer::Resent(state)) = &expected.answer else { return Ok(()) };
        if let Some(Outcome { limits, .. }) = &end.outcome {
            // Those of the client come first, if it is metered.
            let sends =
                limits.iter().rev().take(3).rev().map(|quota| (quota.rule, quota.remaining, quota.reset_at));
            self.same("R93, what the limits leave", &self.model.quotas(session), &sends.collect())?;
        }
        let Some(mail) = end.mail.first() else {
            return self.same("law 8, a message for every send", &end.outcome.is_none(), &true);
        };
        let answerable = self.model.sessions[session].answerable;
        let notice = mail.kind == MessageKind::SignUpTaken;
        self.same("one message", &1, &end.mail.len())?;
        self.same("law 8, a code where one can be right", &answerable, &mail.code.is_some())?;
        self.same("law 8, nothing sent where nobody is", &!(answerable || notice), &mail.suppressed)?;
        if !notice {
            // The message tells the code's end in the same time as the answer.
            self.same("law 6, the message's end", &state.code_expires_at, &mail.expires_at)?;
        }
        self.model.told(session, mail.code.as_ref().map(|code| code.expose().to_owned()));
        Ok(())
    }
}

fn named(client: Option<u8>) -> Client {
    client.map_or_else(Client::unmetered, |number| Client::named(&[number]))
}
