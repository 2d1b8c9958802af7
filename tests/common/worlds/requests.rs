//! Each of the operations, as the stranger asks for it, and what shows of it.
#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, missing_docs, unreachable_pub, reason = "tests")]

use core::fmt::Debug;
use core::time::Duration;

use countersign::*;

use super::observer::{Observer, forge, pick};
use super::owner::shown;
use super::steps::Ask;
use super::trace::{Handles, Trace};
use crate::common::{World, id, seed, sign_up, verify};
use crate::otp::drive::{Act, Stage, drive_in};
use crate::owner::client;
use crate::people::*;

/// What a code is to be: of those at hand, or nearly one that was mailed to the owner.
pub type Near<'a> = &'a [String];

/// Where a request is carried out, and what happens at its stages.
pub struct At<'a> {
    pub world: &'a World,
    /// What tells the randomness of this world from that of the other.
    pub chance: u64,
    pub near: Near<'a>,
    pub act: &'a mut dyn FnMut(&World, usize, Stage) -> Act,
}

impl Observer {
    fn ask<R: Request<Output: Debug + Handles>>(
        &mut self,
        at: &mut At<'_>,
        request: R,
    ) -> (Trace, Option<R::Output>) {
        let world = at.world;
        self.asked += 1;
        // The owner's randomness is drawn elsewhere, so that this is the same whatever he does.
        let context = Context { now: world.now(), entropy: seed((1 << 40) + (at.chance << 32) + self.asked) };
        let _ = world.calls();
        let mut between = vec![];
        let end = drive_in(world, request, context, &mut |index, stage| {
            let mut own = world.calls();
            between.append(&mut own);
            let act = (at.act)(world, index, stage);
            // What the owner does meanwhile asks the host, too.
            let _ = world.calls();
            act
        });
        between.extend(world.calls());
        let trace = Trace::of(&end, between, &Self::is_mine);
        let _ = world.events();
        let granted = end.outcome.and_then(Outcome::granted);
        self.reads(world);
        (trace, granted)
    }

    /// Asks, and keeps what is granted. `None` if what it takes is not at hand.
    pub fn asks(&mut self, at: &mut At<'_>, asked: &Ask) -> Option<Trace> {
        let Ask { what, which: [a, b, c], forged, named, .. } = *asked;
        let world = at.world;
        let (client, label) = (if named { Client::named(b"s") } else { client() }, label());
        let locale = (c % 4 == 2).then(|| Locale::new("nl-NL").unwrap());
        let identifier = Self::door(a);
        let there = identifier == id(super::homes::WHO);
        let password = Self::typed(b);
        let code = pick(at.near, c / 4).filter(|_| c % 4 == 3).or_else(|| pick(&self.codes, c / 4));
        let code = code.unwrap();
        let shown = shown(&self.app, world.now(), i64::from(c) / 64 - 1);
        let proof = match c % 7 {
            0 | 6 => Proof::Totp(shown.clone()),
            1 => Proof::Totp(Code::typed(&code)),
            2 => Proof::MailedCode(Code::typed(&code)),
            3 => pick(&self.drawer, b).map(Proof::RecoveryCode)?,
            4 => Proof::RecoveryCode(no_recovery_code()),
            _ => Proof::Password(password.clone()),
        };
        let code = Code::typed(&code);
        let given = || pick(&self.given, a).map(|(purpose, it, _)| (purpose, forge(it, forged)));
        let session = || pick(&self.sessions, a).map(|it| forge(it, forged));
        let login = || pick(&self.logins, a).map(|it| forge(it, forged));
        let optional = Some(password.clone()).filter(|_| c.is_multiple_of(2));
        macro_rules! told {
            ($request:expr) => {{
                let request = $request;
                self.ask(at, request).0
            }};
        }
        // With what is to be kept of what is granted.
        macro_rules! kept {
            ($request:expr, |$granted:ident| $keep:expr) => {{
                let request = $request;
                let (trace, granted) = self.ask(at, request);
                if let Some($granted) = granted {
                    $keep
                }
                trace
            }};
        }
        macro_rules! starts {
            ($purpose:ident, $request:expr) => {
                kept!($request, |it| self.given.push((Purpose::$purpose, it.session, there)))
            };
        }
        Some(match what {
            Operation::SignUp => {
                let profile = sign_up(super::homes::WHO).profile;
                starts!(SignUp, SignUp { client, identifier, password, profile, locale })
            }
            Operation::SignIn => starts!(SignIn, SignIn { client, identifier, locale }),
            Operation::Recover => starts!(Recover, Recover { client, identifier, locale }),
            Operation::ConfirmAction => {
                // The host asks this for whoever is signed in.
                let (account, action) = (self.account.clone(), Action::new("pay:1").unwrap());
                starts!(ConfirmAction, ConfirmAction { client, account, action, locale })
            }
            Operation::Resend => told!(Resend { client, session: given()?.1 }),
            Operation::Verify | Operation::VerifyAndEnter => {
                let (purpose, session) = given()?;
                let purpose = if b > 230 { Purpose::ALL[usize::from(b) % 8] } else { purpose };
                let enter = (what == Operation::VerifyAndEnter).then_some(label);
                let identifier = (b % 4 == 1).then_some(identifier);
                kept!(Verify { client, enter, code, identifier, ..verify(purpose, &session, "") }, |it| self
                    .verified(it))
            }
            Operation::Cancel => told!(Cancel { client, session: given()?.1 }),
            Operation::RedeemSignUp => {
                let links = self.links.iter().filter_map(|link| match link {
                    MailedLink::SignUp(link) => Some(link.clone()),
                    _ => None,
                });
                let link = forge(pick(&links.collect::<Vec<_>>(), c)?, forged);
                let profile = sign_up(super::homes::WHO).profile;
                kept!(RedeemSignUp { client, link, identifier, password, profile }, |it| self.verified(it))
            }
            Operation::ResendSignUp => {
                let session = given().map(|(_, session)| session).filter(|_| c.is_multiple_of(2));
                starts!(SignUp, ResendSignUp { client, identifier, password, session })
            }
            Operation::RedeemSignIn => {
                let links = self.links.iter().filter_map(|link| match link {
                    MailedLink::SignIn(link) => Some(link.clone()),
                    _ => None,
                });
                let link = forge(pick(&links.collect::<Vec<_>>(), c)?, forged);
                kept!(RedeemSignIn { client, link, label }, |it| self.comes(it))
            }
            Operation::PasswordSignIn => {
                let proofs = Proofs {
                    totp: (c % 3 == 0).then(|| shown.clone()),
                    mailed_code: (c % 5 == 0).then_some(code),
                    recovery_code: (c % 7 == 0).then(no_recovery_code),
                };
                let steps = if c < 64 { Steps::AtOnce(proofs) } else { Steps::Stepwise };
                let device = pick(&self.devices, c).filter(|_| c % 4 == 0).map(|it| forge(it, forged));
                let request = PasswordSignIn { client, identifier, password, steps, label, locale, device };
                kept!(request, |it| self.comes(it))
            }
            Operation::ProveFactor => {
                kept!(ProveFactor { client, login: login()?, proof, label }, |it| self.enters(&it))
            }
            Operation::ResendFactorCode => told!(ResendFactorCode { client, login: login()? }),
            Operation::RecoverFactor => told!(RecoverFactor { client, login: login()?, locale }),
            Operation::ResetFactors => told!(ResetFactors { client, login: login()?, code }),
            Operation::CancelFactorRecovery => {
                let links = self.links.iter().filter_map(|link| match link {
                    MailedLink::Cancel(link) => Some(link.clone()),
                    _ => None,
                });
                let link = forge(pick(&links.collect::<Vec<_>>(), c)?, forged);
                told!(CancelFactorRecovery { client, link })
            }
            Operation::RedeemRecovery => {
                let links = self.links.iter().filter_map(|link| match link {
                    MailedLink::Recovery(link) => Some(link.clone()),
                    _ => None,
                });
                let link = forge(pick(&links.collect::<Vec<_>>(), c)?, forged);
                kept!(RedeemRecovery { client, link }, |it| self.grants.push(it.grant))
            }
            Operation::ResetPassword => {
                let grant = forge(pick(&self.grants, a)?, forged);
                let proof = Some(proof).filter(|_| !b.is_multiple_of(4));
                kept!(ResetPassword { client, grant, password, proof, label }, |it| self
                    .devices
                    .push(it.device))
            }
            Operation::CheckSession => told!(CheckSession { client, session: session()? }),
            Operation::ListSessions => told!(ListSessions { client, session: session()? }),
            Operation::EndSessions => {
                let which = [Which::This, Which::Others, Which::All][usize::from(b) % 3];
                told!(EndSessions { client, session: session()?, which })
            }
            Operation::ListFactors => told!(ListFactors { client, session: session()? }),
            Operation::ListDevices => told!(ListDevices { client, session: session()? }),
            Operation::ForgetDevices => told!(ForgetDevices { client, session: session()?, which: None }),
            Operation::SendStepUpCode => told!(SendStepUpCode { client, session: session()?, locale }),
            Operation::RequireFresh => {
                let within = Duration::from_secs(300);
                told!(RequireFresh { client, session: session()?, factor: None, within })
            }
            Operation::StepUp => {
                kept!(StepUp { client, session: session()?, proof, label }, |it| self.enters(&it))
            }
            Operation::EnrolTotp => {
                kept!(EnrolTotp { client, session: session()?, password }, |it| self.next_app =
                    Some(App { secret: it.secret, params: it.params }))
            }
            Operation::ConfirmTotp => {
                let next = self.next_app.clone();
                let right = next.as_ref().map(|app| self::shown(app, world.now(), 0));
                let code = right.filter(|_| b.is_multiple_of(2)).unwrap_or(code);
                kept!(ConfirmTotp { client, session: session()?, code }, |it| {
                    self.drawer = it.codes;
                    self.app = next.unwrap();
                })
            }
            Operation::EnableMailedCode => told!(EnableMailedCode { client, session: session()?, password }),
            Operation::DisableTotp => {
                told!(DisableTotp { client, session: session()?, password: optional })
            }
            Operation::DisableMailedCode => {
                told!(DisableMailedCode { client, session: session()?, password: optional })
            }
            Operation::RegenerateRecoveryCodes => {
                let request = RegenerateRecoveryCodes { client, session: session()?, password: optional };
                kept!(request, |it| self.drawer = it.codes)
            }
            Operation::ChangePassword => {
                let (session, current) = (session()?, Self::typed(a));
                let request = ChangePassword { client, session, current, password, label };
                kept!(request, |it| self.enters(&it))
            }
            Operation::ChangeAddress => {
                let (session, to) = (session()?, Self::door(b));
                starts!(ChangeAddress, ChangeAddress { client, session, password: optional, to, locale })
            }
            Operation::DeleteAccount => {
                told!(DeleteAccount { client, session: session()?, password: optional })
            }
            Operation::TrustDevice => {
                kept!(TrustDevice { client, session: session()?, label }, |it| self.devices.push(it.device))
            }
        })
    }
}
