//! Somebody who is after another's account: with what is known, own accounts, and whatever the doors answer.

use core::time::Duration;

use countersign::*;
use proptest::prelude::*;

use crate::common::{IntoResult, START, World, id, sign_up, verify};
use crate::household::{Household, WHO};
use crate::owner::*;
use crate::people::*;

pub(super) const OWN: &str = "mallory@example.com";
const THIRD: &str = "mallory@third.example.net";
/// Of the attacker's own account.
pub(super) const OWN_PASSWORD: &str = "Mallory's own password 7";

/// What the attacker has beside the identifier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Knows {
    Nothing,
    Password,
    /// A signed-in session of the owner's, an hour old.
    Session,
    /// Reads the owner's mail.
    Mailbox,
}

/// One thing that the attacker does, and when.
#[derive(Clone, Debug)]
pub(super) struct Move {
    what: Operation,
    /// Which of the tickets, passwords, codes, identifiers at hand.
    which: [u8; 3],
    /// Which character of the ticket is changed, if any.
    forged: Option<u8>,
    millis: i64,
}

pub(super) fn moves(back: bool) -> impl Strategy<Value = Move> {
    let forward = prop::sample::select(vec![0_i64, 0, 1, 1000, 31_000, 61_000, 61_000, 300_000, 7_200_000]);
    let back = prop::sample::select(if back { vec![-1_i64, -61_000, -7_200_000] } else { vec![0] });
    // Now and then as long as the wait for a lost app.
    let millis = prop_oneof![40 => forward, 4 => back, 1 => Just(260_000_000_i64)];
    // The doors without a ticket more often: what they answer is what the others take.
    let doors = vec![
        Operation::PasswordSignIn,
        Operation::PasswordSignIn,
        Operation::Recover,
        Operation::SignIn,
        Operation::Verify,
        Operation::ProveFactor,
        Operation::ResetPassword,
        Operation::RedeemRecovery,
        Operation::RecoverFactor,
        Operation::ResetFactors,
        Operation::ChangeAddress,
        Operation::StepUp,
    ];
    let what = prop_oneof![2 => prop::sample::select(&Operation::ALL[..]), 3 => prop::sample::select(doors)];
    let forged = prop::option::weighted(0.1, 0..40_u8);
    (what, any::<[u8; 3]>(), forged, millis).prop_map(|(what, which, forged, millis)| Move {
        what,
        which,
        forged,
        millis,
    })
}

/// A ticket, and whether it is of the attacker's own account.
type Held<K> = Vec<(Ticket<K>, bool)>;

pub(super) struct Attacker {
    knows: Knows,
    owner: AccountId,
    own: Person,
    sessions: Held<Session>,
    logins: Held<Login>,
    codes_for: Vec<(Purpose, Ticket<OtpSession>)>,
    grants: Vec<Ticket<ResetGrant>>,
    devices: Vec<Ticket<Device>>,
    links: Vec<MailedLink>,
    codes: Vec<String>,
    read: usize,
    /// What was answered that never should be.
    pub(super) wrong: Vec<String>,
    pub(super) granted: usize,
}

/// The one with that number, the newest first.
fn pick<T: Clone>(of: &[T], which: u8) -> Option<T> {
    (!of.is_empty()).then(|| of[of.len() - 1 - usize::from(which) % of.len()].clone())
}

/// The ticket with one character changed.
pub(super) fn forge<K: TicketKind>(ticket: Ticket<K>, at: Option<u8>) -> Ticket<K> {
    let Some(at) = at else { return ticket };
    let mut text = ticket.expose().into_bytes();
    let at = text.len() - 2 - usize::from(at) % 40;
    text[at] = if text[at] == b'A' { b'B' } else { b'A' };
    Ticket::parse(std::str::from_utf8(&text).unwrap()).unwrap_or(ticket)
}

impl Attacker {
    /// With an account of one's own that has an app, a device, and a session.
    pub(super) fn new(world: &World, house: &Household, knows: Knows) -> Self {
        let request = SignUp { password: password(OWN_PASSWORD), ..sign_up(OWN) };
        let started = world.ask(request).into_result().unwrap();
        let account = world.verify(Purpose::SignUp, &started.session, &world.last_code()).unwrap().account;
        let session = session(world.stepwise(OWN, OWN_PASSWORD).unwrap());
        let request =
            EnrolTotp { client: client(), session: session.clone(), password: password(OWN_PASSWORD) };
        let enrolment = world.ask(request).into_result().unwrap();
        let app = App { secret: enrolment.secret, params: enrolment.params };
        let drawer = world.confirm(&session, &app.code(world.now(), 0)).unwrap().codes;
        let own = Person { who: OWN.to_owned(), account, app: Some(app), drawer, session: session.clone() };
        let sessions = match knows {
            Knows::Session => vec![(session, true), (house.person.session.clone(), false)],
            _ => vec![(session, true)],
        };
        Self {
            knows,
            owner: house.person.account.clone(),
            own,
            sessions,
            logins: vec![],
            codes_for: vec![],
            grants: vec![],
            devices: vec![],
            links: vec![],
            codes: vec!["000000".to_owned(), "no code".to_owned()],
            read: if knows == Knows::Mailbox { 0 } else { world.mails() },
            wrong: vec![],
            granted: 0,
        }
    }

    /// Whether the attacker holds a text that is a ticket of the owner's.
    pub(super) fn holds(&self, text: &str) -> bool {
        self.sessions.iter().any(|(it, own)| *own && it.expose() == text)
            || self.devices.iter().any(|it| it.expose() == text)
    }

    /// Notes that something was granted that only an owner gets.
    fn only_owners<T>(&mut self, what: Operation, own: bool, granted: Option<T>) -> Option<T> {
        if granted.is_some() && !own {
            self.wrong.push(format!("{what:?} was granted"));
        }
        granted
    }

    fn enters(&mut self, what: Operation, signed_in: &SignedIn) {
        let own = signed_in.account() != &self.owner;
        let _ = self.only_owners(what, own, Some(()));
        self.sessions.push((signed_in.session().clone(), own));
    }

    fn comes(&mut self, what: Operation, progress: Progress) {
        match progress {
            Progress::SignedIn(signed_in) => self.enters(what, &signed_in),
            Progress::SecondFactor(second) => {
                let own = second.account != self.owner;
                let proven = matches!(self.knows, Knows::Password | Knows::Mailbox);
                let _ = self.only_owners(what, own || proven, Some(()));
                self.logins.extend(second.login.map(|login| (login, own)));
            }
        }
    }

    fn verified(&mut self, what: Operation, verified: Verified) {
        let own = verified.account != self.owner || self.knows == Knows::Mailbox;
        let _ = self.only_owners(what, own, Some(()));
        self.grants.extend(verified.grant.map(|granted| granted.grant));
        if let Some(progress) = verified.progress {
            self.comes(what, progress);
        }
    }

    /// Reads the mail that came.
    fn reads(&mut self, world: &World) {
        let mail = world.seen.mail.lock().unwrap();
        let readable = |mail: &&Envelope| {
            let to = mail.to.as_str();
            [OWN, THIRD].contains(&to) || to == WHO && self.knows == Knows::Mailbox
        };
        for mail in mail.iter().skip(self.read).filter(readable) {
            self.codes.extend(mail.code.as_ref().map(|code| code.expose().to_owned()));
            self.links.extend(mail.link.clone());
        }
        self.read = mail.len();
    }

    /// Does one thing. Whatever is granted is kept for later.
    pub(super) fn does(&mut self, world: &World, it: &Move) {
        let late = world.now().since(START) > Duration::from_secs(20 * 86_400);
        world.millis(if late { it.millis.min(1000) } else { it.millis });
        if self.tries(world, it).is_some() {
            self.granted += 1;
        }
        self.reads(world);
    }

    fn tries(&mut self, world: &World, it: &Move) -> Option<()> {
        let Move { what, which: [a, b, c], forged, .. } = *it;
        let (client, locale, label) = (client(), None, label());
        let identifier = id([WHO, " Jo@EXAMPLE.com ", OWN, WHO, THIRD][usize::from(a) % 5]);
        let mut passwords = vec![WRONG_PASSWORD, OWN_PASSWORD];
        if self.knows == Knows::Password {
            passwords.extend([PASSWORD; 4]);
        }
        let password = password(passwords[usize::from(b) % passwords.len()]);
        let code = pick(&self.codes, c).unwrap();
        let own_code = self.own.app.as_ref().unwrap().code(world.now(), 0);
        let proof = match c % 6 {
            0 => Proof::Totp(Code::typed(&own_code)),
            1 => Proof::Totp(Code::typed(&code)),
            2 => Proof::MailedCode(Code::typed(&code)),
            3 => Proof::RecoveryCode(pick(&self.own.drawer, b)?),
            4 => Proof::RecoveryCode(no_recovery_code()),
            _ => Proof::Password(password.clone()),
        };
        let code = Code::typed(&code);
        let session = |list: &Held<Session>| pick(list, a).map(|(it, own)| (forge(it, forged), own));
        let device = pick(&self.devices, c).filter(|_| b.is_multiple_of(2)).map(|it| forge(it, forged));
        macro_rules! ask {
            ($request:expr) => {
                world.run($request).expect("no host error").granted()
            };
        }
        // For those that take a session: only the owner's own proofs grant what changes anything.
        macro_rules! changes {
            ($request:expr, $own:expr) => {{
                let granted = ask!($request);
                self.only_owners(what, $own, granted)?
            }};
        }
        match what {
            Operation::SignUp => {
                let profile = sign_up(OWN).profile;
                let started = ask!(SignUp { client, identifier, password, profile, locale })?;
                self.codes_for.push((Purpose::SignUp, started.session));
            }
            Operation::SignIn => {
                let started = ask!(SignIn { client, identifier, locale })?;
                self.codes_for.push((Purpose::SignIn, started.session));
            }
            Operation::Recover => {
                let started = ask!(Recover { client, identifier, locale })?;
                self.codes_for.push((Purpose::Recover, started.session));
            }
            Operation::ConfirmAction => {
                // The host asks this for whoever is signed in.
                let (account, action) = (self.own.account.clone(), Action::new("pay:1").unwrap());
                let started = ask!(ConfirmAction { client, account, action, locale })?;
                self.codes_for.push((Purpose::ConfirmAction, started.session));
            }
            Operation::Resend => {
                let (_, session) = pick(&self.codes_for, a)?;
                let _ = ask!(Resend { client, session: forge(session, forged) })?;
            }
            Operation::Verify | Operation::VerifyAndEnter => {
                let (purpose, session) = pick(&self.codes_for, a)?;
                let purpose = if b > 240 { Purpose::ALL[usize::from(b) % 8] } else { purpose };
                let enter = (what == Operation::VerifyAndEnter).then_some(label);
                let session = forge(session, forged);
                let request = Verify { enter, code, ..verify(purpose, &session, "") };
                let verified = ask!(request)?;
                self.verified(what, verified);
            }
            Operation::Cancel => {
                let (_, session) = pick(&self.codes_for, a)?;
                let _ = ask!(Cancel { client, session: forge(session, forged) })?;
            }
            Operation::RedeemSignUp => {
                let MailedLink::SignUp(link) = pick(&self.links, c)? else { return None };
                let (link, profile) = (forge(link, forged), sign_up(OWN).profile);
                let verified = ask!(RedeemSignUp { client, link, identifier, password, profile })?;
                self.verified(what, verified);
            }
            Operation::ResendSignUp => {
                let session = pick(&self.codes_for, c).map(|(_, session)| session);
                let started = ask!(ResendSignUp { client, identifier, password, session })?;
                self.codes_for.push((Purpose::SignUp, started.session));
            }
            Operation::RedeemSignIn => {
                let MailedLink::SignIn(link) = pick(&self.links, c)? else { return None };
                let progress = ask!(RedeemSignIn { client, link: forge(link, forged), label })?;
                self.comes(what, progress);
            }
            Operation::PasswordSignIn => {
                let proofs = || Proofs { totp: Some(code.clone()), ..Proofs::default() };
                let steps = if c < 64 { Steps::AtOnce(proofs()) } else { Steps::Stepwise };
                let request = PasswordSignIn { client, identifier, password, steps, label, locale, device };
                let progress = ask!(request)?;
                self.comes(what, progress);
            }
            Operation::ProveFactor => {
                let (login, own) = pick(&self.logins, a)?;
                let request = ProveFactor { client, login: forge(login, forged), proof, label };
                let signed_in = changes!(request, own);
                self.enters(what, &signed_in);
            }
            Operation::ResendFactorCode => {
                let (login, _) = pick(&self.logins, a)?;
                let _ = ask!(ResendFactorCode { client, login: forge(login, forged) })?;
            }
            Operation::RecoverFactor => {
                // To begin the wait, and to have a code mailed after it, is what somebody with the password may.
                let (login, _) = pick(&self.logins, a)?;
                let _ = ask!(RecoverFactor { client, login: forge(login, forged), locale })?;
            }
            Operation::ResetFactors => {
                let (login, own) = pick(&self.logins, a)?;
                let _ = changes!(ResetFactors { client, login: forge(login, forged), code }, own);
            }
            Operation::CancelFactorRecovery => {
                let MailedLink::Cancel(link) = pick(&self.links, c)? else { return None };
                let _ = ask!(CancelFactorRecovery { client, link: forge(link, forged) })?;
            }
            Operation::RedeemRecovery => {
                let links = self.links.iter().filter_map(|link| match link {
                    MailedLink::Recovery(link) => Some(link.clone()),
                    _ => None,
                });
                let link = forge(pick(&links.collect::<Vec<_>>(), c)?, forged);
                let granted = ask!(RedeemRecovery { client, link })?;
                self.grants.push(granted.grant);
            }
            Operation::ResetPassword => {
                let grant = forge(pick(&self.grants, a)?, forged);
                let proof = Some(proof).filter(|_| !b.is_multiple_of(4));
                let reset = ask!(ResetPassword { client, grant, password, proof, label })?;
                let own = reset.account != self.owner;
                let _ = self.only_owners(what, own, Some(()));
                self.devices.push(reset.device);
            }
            Operation::CheckSession => {
                let (session, _) = session(&self.sessions)?;
                let _ = ask!(CheckSession { client, session })?;
            }
            Operation::ListSessions => {
                let (session, _) = session(&self.sessions)?;
                let _ = ask!(ListSessions { client, session })?;
            }
            Operation::EndSessions => {
                let (session, _) = session(&self.sessions)?;
                let which = [Which::This, Which::Others, Which::All][usize::from(b) % 3];
                let _ = ask!(EndSessions { client, session, which })?;
            }
            Operation::ListFactors => {
                let (session, _) = session(&self.sessions)?;
                let _ = ask!(ListFactors { client, session })?;
            }
            Operation::ListDevices => {
                let (session, _) = session(&self.sessions)?;
                let _ = ask!(ListDevices { client, session })?;
            }
            Operation::ForgetDevices => {
                let (session, _) = session(&self.sessions)?;
                let _ = ask!(ForgetDevices { client, session, which: None })?;
            }
            Operation::SendStepUpCode => {
                let (session, _) = session(&self.sessions)?;
                let _ = ask!(SendStepUpCode { client, session, locale })?;
            }
            Operation::RequireFresh => {
                let (session, own) = session(&self.sessions)?;
                let within = Duration::from_secs(300);
                let _ = changes!(RequireFresh { client, session, factor: None, within }, own);
            }
            Operation::StepUp => {
                let (session, own) = session(&self.sessions)?;
                let signed_in = changes!(StepUp { client, session, proof, label }, own);
                self.enters(what, &signed_in);
            }
            Operation::EnrolTotp => {
                let (session, own) = session(&self.sessions)?;
                let _ = changes!(EnrolTotp { client, session, password }, own);
            }
            Operation::ConfirmTotp => {
                let (session, own) = session(&self.sessions)?;
                let _ = changes!(ConfirmTotp { client, session, code }, own);
            }
            Operation::EnableMailedCode => {
                let (session, own) = session(&self.sessions)?;
                let _ = changes!(EnableMailedCode { client, session, password }, own);
            }
            Operation::DisableTotp => {
                let (session, own) = session(&self.sessions)?;
                let password = Some(password).filter(|_| c.is_multiple_of(2));
                let _ = changes!(DisableTotp { client, session, password }, own);
            }
            Operation::DisableMailedCode => {
                let (session, own) = session(&self.sessions)?;
                let password = Some(password).filter(|_| c.is_multiple_of(2));
                let _ = changes!(DisableMailedCode { client, session, password }, own);
            }
            Operation::RegenerateRecoveryCodes => {
                let (session, own) = session(&self.sessions)?;
                let password = Some(password).filter(|_| c.is_multiple_of(2));
                let issued = changes!(RegenerateRecoveryCodes { client, session, password }, own);
                self.own.drawer = issued.codes;
            }
            Operation::ChangePassword => {
                let (session, own) = session(&self.sessions)?;
                let current = password.clone();
                let request = ChangePassword { client, session, current, password, label };
                let signed_in = changes!(request, own);
                self.enters(what, &signed_in);
            }
            Operation::ChangeAddress => {
                let (session, own) = session(&self.sessions)?;
                let to = id([WHO, THIRD, OWN][usize::from(b) % 3]);
                let password = Some(password).filter(|_| c.is_multiple_of(2));
                let started = changes!(ChangeAddress { client, session, password, to, locale }, own);
                self.codes_for.push((Purpose::ChangeAddress, started.session));
            }
            Operation::DeleteAccount => {
                let (session, own) = session(&self.sessions)?;
                let password = Some(password).filter(|_| c.is_multiple_of(2));
                let _ = changes!(DeleteAccount { client, session, password }, own);
            }
            Operation::TrustDevice => {
                let (session, own) = session(&self.sessions)?;
                let trusted = changes!(TrustDevice { client, session, label }, own);
                self.devices.push(trusted.device);
            }
        }
        Some(())
    }
}
