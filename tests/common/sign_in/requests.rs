//! Each request of a story: how it is made, and what the model says to it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, unreachable_pub, dead_code, reason = "tests")]

use countersign::*;

use super::answer::{Answer, Asked, Entered, Expected, Granted, INVALID};
use super::entering::Knocked;
use super::given::pick;
use super::model::Model;
use super::ops::{Op, Proof as Wanted, Pw, Way};
use super::story::{First, Meanwhile, Plan, Story, Turns};
use super::typed::Texts;
use crate::otp::drive::End;

/// What the model said so far to a request of two turns.
#[derive(Default)]
pub(super) struct Course {
    /// What came of showing a device; `None` inside if it led to the strangers' door.
    shown: Option<Option<Knocked>>,
    pub(super) knocked: Option<Knocked>,
    pub(super) expected: Option<Expected>,
}

/// What a request comes to that may end in a sign-in.
pub(super) enum Inside<'a> {
    Nothing,
    Progress(&'a Progress),
    Grant(&'a GrantedReset),
}

impl Course {
    /// The turn of a device that is shown.
    fn show(&mut self, turns: &Turns, show: impl FnOnce() -> Option<Knocked>) {
        if self.shown.is_none() && (turns.first || turns.all) {
            self.shown = Some(show());
            self.knocked = self.shown.clone().flatten();
        }
    }

    pub(super) fn go(
        &mut self,
        model: &mut Model,
        turns: &Turns,
        knock: impl FnOnce(&mut Model) -> Knocked,
        (texts, label): (&Texts, &str),
    ) {
        if self.knocked.is_none() && !turns.knocked && !turns.all {
            return;
        }
        let knocked = self.knocked.take().unwrap_or_else(|| knock(model));
        if turns.all && self.expected.is_none() {
            let hashes = |proven: &super::entering::Proven| usize::from(!proven.has_mailbox());
            self.expected = Some(match &knocked {
                Knocked::Told(told) => told.clone(),
                Knocked::Go(proven) => model.enter(proven, texts, label, turns.now).hashing(hashes(proven)),
            });
        }
        self.knocked = Some(knocked);
    }
}

impl Story {
    pub(super) fn request(&mut self, op: &Op, meanwhile: &Meanwhile<'_>) -> Result<(), String> {
        // A request that is overtaken is not metered, so that its commits are those of people's records.
        let overtaken = matches!(meanwhile, Meanwhile::Other { .. });
        let metered = |client: &u8| Some(client % 8).filter(|client| !overtaken && matches!(client, 1 | 2));
        match op {
            Op::Password { who, password, steps, client } => {
                self.by_password(*who, *password, (steps, None), metered(client), meanwhile)
            }
            Op::OnDevice { device, who, password, steps } => {
                self.by_password(*who, *password, (steps, Some(*device)), None, meanwhile)
            }
            Op::Prove { login, proof, client } => self.prove(*login, proof, metered(client), meanwhile),
            Op::ResendCode { login } => self.resend_code(*login, meanwhile),
            Op::Start { who } => self.start(*who, meanwhile),
            Op::Recover { who } => self.recover(*who, meanwhile),
            Op::RedeemRecovery { link } => self.redeem_recovery(*link, meanwhile),
            Op::LoseApp { login } => self.lose_app(*login, meanwhile),
            Op::TurnOff { login, code } => self.turn_off(*login, *code, meanwhile),
            Op::Stop { link } => self.stop(*link, meanwhile),
            Op::StartFactorReset { who } => self.start_factor_reset(*who, meanwhile),
            Op::ChangeAddress { session, password, to } => {
                self.change_address(*session, *password, *to, meanwhile)
            }
            Op::VerifyAddress { session, code } => self.verify_address(*session, *code, meanwhile),
            Op::Delete { session, password } => self.delete(*session, *password, meanwhile),
            Op::SignUp { who, password } => self.sign_up(*who, *password, meanwhile),
            Op::SignUpAgain { who, password, session } => {
                self.sign_up_again(*who, *password, *session, meanwhile)
            }
            Op::WrongSignUpCode { session } => self.wrong_sign_up_code(*session, meanwhile),
            Op::Reset { grant, new, proof } => self.reset(*grant, *new, proof.as_ref(), meanwhile),
            Op::Verify { session, code, enter } => self.verify(*session, *code, *enter, meanwhile),
            Op::Redeem { link } => self.redeem(*link, meanwhile),
            Op::Check { session } => self.check_session(*session, meanwhile),
            Op::List { session } => self.list(*session, meanwhile),
            Op::End { session, which } => self.end(*session, *which, meanwhile),
            Op::Enrol { session, password } => self.enrol(*session, *password, meanwhile),
            Op::Confirm { session, code } => self.confirm(*session, *code, meanwhile),
            Op::EnableMail { session, password } => self.enable_mail(*session, *password, meanwhile),
            Op::StepUp { session, proof } => self.step_up(*session, proof, meanwhile),
            Op::ChangePassword { session, current, new } => {
                self.change_password(*session, *current, *new, meanwhile)
            }
            Op::DisableApp { session, password } => {
                self.disable(*session, Factor::Totp, *password, meanwhile)
            }
            Op::DisableMail { session, password } => {
                self.disable(*session, Factor::MailedCode, *password, meanwhile)
            }
            Op::NewCodes { session, password } => self.new_codes(*session, *password, meanwhile),
            Op::Trust { session } => self.trust(*session, meanwhile),
            Op::Forget { session, all } => self.forget(*session, *all, meanwhile),
            Op::Factors { session } => self.factors(*session, meanwhile),
            Op::StepUpCode { session } => self.step_up_code(*session, meanwhile),
            Op::Fresh { session, factor, seconds } => {
                self.require_fresh(*session, (*factor, *seconds), meanwhile)
            }
            Op::Devices { session } => self.devices(*session, meanwhile),
            Op::AskPassword { who } => self.ask_password(*who, meanwhile),
            Op::Suspend { who, on } => self.suspend(*who, *on, meanwhile),
            other => panic!("{other:?} is no request"),
        }
    }

    fn by_password(
        &mut self,
        who: u8,
        password: Pw,
        (way, device): (&Way, Option<u8>),
        metered: Option<u8>,
        meanwhile: &Meanwhile<'_>,
    ) -> Result<(), String> {
        let (who, identifier) = Self::person(who);
        let owner = self.model.behind(who);
        let (texts, typed, label) = (self.texts(owner, way), self.password(owner, password), self.label());
        let (sent_to, client) = (identifier.masked(), named(metered));
        let now = self.now();
        let live = |ticket: usize| self.model.is_device_live(ticket, now);
        let device = device.and_then(|device| pick(&self.given.devices, device, live));
        let (ticket, device) = device.unzip();
        let note = format!("{identifier:?} with {typed:?} and {texts:?} on {ticket:?}");
        let request = PasswordSignIn {
            client,
            identifier,
            password: Password::typed(typed).unwrap(),
            steps: texts.steps(),
            label: Label::new(&label),
            locale: None,
            device,
        };
        let mut course = Course::default();
        let client = metered.map(|client| (client, Operation::PasswordSignIn));
        let first = if ticket.is_some() { First::Device } else { First::Visitor };
        let plan = Plan { who: Some(who), client, first };
        let (passed, end) = self.run(&note, request, plan, meanwhile, &mut |story, turns| {
            let model = &mut story.model;
            if let Some(ticket) = ticket {
                course.show(turns, || model.knock_with(ticket, who, &sent_to, typed, turns.now));
            }
            let view = turns.view.unwrap_or_else(|| model.view(who));
            let knock = |model: &mut Model| model.knock(who, &sent_to, typed, view, turns.now);
            course.go(model, turns, knock, (&texts, &label));
        })?;
        self.progress(&note, passed, course, &end, meanwhile, |progress| Inside::Progress(progress))?;
        if let Texts::AtOnce(all) = &texts
            && let Some(Answer::Refused(Refusal::InvalidProof { .. } | Refusal::Limited { .. })) = self.last
        {
            all.iter().for_each(|typed| self.met_by(None, owner, typed));
        }
        Ok(())
    }

    /// What a request told that may end in a sign-in; and what it gave out.
    pub(super) fn progress<O>(
        &mut self,
        note: &str,
        passed: bool,
        course: Course,
        end: &End<O>,
        meanwhile: &Meanwhile<'_>,
        inside: impl Fn(&O) -> Inside<'_>,
    ) -> Result<(), String> {
        if !passed {
            return Ok(());
        }
        let is_verified = core::any::type_name::<O>() == core::any::type_name::<Verified>();
        self.check(note, course.expected.as_ref(), end, meanwhile, |output| {
            let inside = match inside(output) {
                Inside::Nothing => None,
                Inside::Progress(Progress::SignedIn(signed_in)) => Some(Answer::SignedIn(entered(signed_in))),
                Inside::Progress(Progress::SecondFactor(second)) => Some(Answer::Second(asked(second))),
                Inside::Grant(grant) => Some(Answer::Granted(may_reset(grant))),
            };
            if is_verified { Answer::Verified(inside.map(Box::new)) } else { inside.unwrap_or(INVALID) }
        })?;
        let granted = end.outcome.as_ref().and_then(|outcome| match &outcome.verdict {
            Verdict::Granted(granted) => Some(inside(granted)),
            Verdict::Refused(_) => None,
        });
        let (made, ticket) =
            course.expected.map_or((None, None), |expected| (expected.made, expected.ticket));
        let device = match granted {
            Some(Inside::Progress(Progress::SignedIn(signed_in))) => signed_in.device(),
            Some(Inside::Progress(Progress::SecondFactor(second))) => second.device.as_ref(),
            _ => None,
        };
        self.given.devices.extend(device.cloned().zip(ticket));
        match (granted, made) {
            (Some(Inside::Progress(Progress::SignedIn(signed_in))), Some(at)) => {
                self.signed_in(signed_in, at)
            }
            (
                Some(Inside::Progress(Progress::SecondFactor(SecondFactor { login: Some(login), .. }))),
                Some(at),
            ) => {
                self.given.logins.push((login.clone(), at));
            }
            (Some(Inside::Grant(grant)), Some(at)) => self.given.grants.push((grant.grant.clone(), at)),
            _ => {}
        }
        Ok(())
    }

    pub(super) fn signed_in(&mut self, signed_in: &SignedIn, at: usize) {
        self.given.sessions.push((signed_in.session().clone(), at));
        if signed_in.recovery_codes_left() == Some(0) && signed_in.methods().contains(&Method::RecoveryCode) {
            self.met("last_recovery_code");
        }
        if self.model.sessions[..at].iter().any(|session| session.dropped) {
            self.met("dropped_session");
        }
    }

    fn prove(
        &mut self,
        login: u8,
        proof: &Wanted,
        metered: Option<u8>,
        meanwhile: &Meanwhile<'_>,
    ) -> Result<(), String> {
        let now = self.now();
        let live = |at: usize| self.model.is_login_live(at, now);
        let Some((at, login)) = pick(&self.given.logins, login, live) else { return Ok(()) };
        let (typed, label) = (self.typed(at, proof), self.label());
        let note = format!("prove {at:?}: {proof:?} {typed:?}");
        let client = named(metered);
        let request = ProveFactor { client, login, proof: typed.proof(), label: Label::new(&label) };
        let mut expected = None;
        let client = metered.map(|client| (client, Operation::ProveFactor));
        let plan = Plan { client, ..Plan::default() };
        let (passed, end) = self.run(&note, request, plan, meanwhile, &mut |story, turns| {
            expected.get_or_insert_with(|| match at {
                Some(at) => story.model.prove(at, &typed, &label, turns.now),
                None => INVALID.into(),
            });
        })?;
        if !passed {
            return Ok(());
        }
        self.check(&note, expected.as_ref(), &end, meanwhile, |in_| Answer::SignedIn(entered(in_)))?;
        let who = at.map_or(0, |at| self.model.logins[at].who);
        self.met_by(at, who, &typed);
        if let (Some(signed_in), Some(at)) = (granted(&end), expected.and_then(|it| it.made)) {
            self.signed_in(signed_in, at);
        }
        Ok(())
    }

    fn resend_code(&mut self, login: u8, meanwhile: &Meanwhile<'_>) -> Result<(), String> {
        let now = self.now();
        let live = |at: usize| self.model.is_login_live(at, now);
        let Some((at, login)) = pick(&self.given.logins, login, live) else { return Ok(()) };
        let note = format!("resend {at:?}");
        let request = ResendFactorCode { client: Client::unmetered(), login };
        self.simple(
            &note,
            request,
            meanwhile,
            |second| Answer::Second(asked(second)),
            |model, now| match at {
                Some(at) => model.resend_code(at, now),
                None => INVALID.into(),
            },
        )?;
        Ok(())
    }
}

fn named(client: Option<u8>) -> Client {
    client.map_or_else(Client::unmetered, |number| Client::named(&[number]))
}

pub(super) fn granted<O>(end: &End<O>) -> Option<&O> {
    match &end.outcome.as_ref()?.verdict {
        Verdict::Granted(granted) => Some(granted),
        Verdict::Refused(_) => None,
    }
}

pub(super) fn entered(signed_in: &SignedIn) -> Entered {
    Entered {
        who: Story::number(signed_in.account()),
        address: signed_in.address().as_str().to_owned(),
        methods: signed_in.methods(),
        aal: signed_in.aal(),
        expires_at: signed_in.expires_at(),
        idle_expires_at: signed_in.idle_expires_at(),
        codes_left: signed_in.recovery_codes_left(),
        regenerate: signed_in.regenerate(),
        required: signed_in.required().to_vec(),
        todo: signed_in.todo().to_vec(),
        device: signed_in.device().is_some(),
    }
}

fn asked(second: &SecondFactor) -> Asked {
    Asked {
        who: Story::number(&second.account),
        ticket: second.login.is_some(),
        offered: second.offered.clone(),
        mailed: second.mailed,
        sent_to: second.sent_to.clone(),
        state: second.state,
        device: second.device.is_some(),
    }
}

fn may_reset(granted: &GrantedReset) -> Granted {
    let GrantedReset { expires_at, expires_in, ref asks, .. } = *granted;
    Granted { expires_at, expires_in, asks: asks.clone() }
}
