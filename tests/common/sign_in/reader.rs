//! How a fuzzer writes a story down.
#![allow(dead_code, clippy::indexing_slicing, missing_docs, unreachable_pub, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

use super::ops::{App, Drawer, Mailed, NewPw, Op, Proof, Pw, Trouble, Way};
use crate::otp::ops::Reader as Bytes;

/// Reads operations from bytes: any bytes are some story.
pub struct Reader<'a>(Bytes<'a>);

/// How a story begins: with an app set up, mailed codes asked for, both, or nothing; for one person or another.
pub fn armed(which: u8) -> Vec<Op> {
    let who = if which % 8 < 5 { 0 } else { 2 };
    let knock = Op::Password { who, password: Pw::Right, steps: Way::Stepwise, client: 0 };
    let mail = Op::EnableMail { session: 0, password: Pw::Right };
    let enrol = Op::Enrol { session: 0, password: Pw::Right };
    let app = [enrol, Op::Confirm { session: 0, code: App::OfPending }, Op::Wait { off: 0 }];
    // Whoever has one factor proves it before there is another.
    let both =
        [Op::StepUp { session: 0, proof: Proof::App(App::Step(0)) }, mail.clone(), Op::Wait { off: 0 }];
    match which % 4 {
        0 => [&[knock][..], &app].concat(),
        1 => vec![knock, mail],
        2 => [&[knock][..], &app, &both].concat(),
        _ => vec![],
    }
}

impl<'a> Reader<'a> {
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(Bytes(bytes))
    }

    fn byte(&mut self) -> Option<u8> {
        self.0.byte()
    }

    fn short(&mut self) -> Option<i16> {
        Some(i16::from_le_bytes([self.byte()?, self.byte()?]))
    }

    pub fn op(&mut self) -> Option<Op> {
        let tag = self.byte()?;
        Some(match tag % 32 {
            24 | 25 => Op::Overtaken {
                first: Box::new(self.plain()?),
                by: Box::new(self.plain()?),
                stage: tag / 32,
                millis: self.short()?,
            },
            26 => {
                let (op, stage) = (Box::new(self.plain()?), tag / 32);
                let all = [Trouble::Fails, Trouble::AnswerLost, Trouble::Crash];
                Op::Trouble { op, stage, trouble: all[usize::from(self.byte()? % 3)] }
            }
            27 => Op::Move(i32::from(self.short()?)),
            28 => Op::Sweep { ahead: tag / 32 },
            29 => Op::Wait { off: (tag / 32 % 3).cast_signed() - 1 },
            30 | 31 => Op::Jump { deadline: self.byte()?, off: (tag / 32 % 3).cast_signed() - 1 },
            kind => self.request(kind, tag / 32)?,
        })
    }

    fn plain(&mut self) -> Option<Op> {
        let tag = self.byte()?;
        self.request(tag % 32 % 24, tag / 32)
    }

    fn request(&mut self, kind: u8, more: u8) -> Option<Op> {
        let password = [Pw::Right, Pw::Right, Pw::Right, Pw::OfAnother, Pw::Wrong][usize::from(more % 5)];
        Some(match kind {
            0..=2 => Op::Password { who: more, password: Pw::Right, steps: Way::Stepwise, client: 0 },
            3 => Op::Password { who: self.byte()?, password, steps: Way::Stepwise, client: more },
            4..=6 => {
                let (app, mailed, drawer) = (self.byte()?, self.byte()?, self.byte()?);
                let steps = Way::AtOnce {
                    app: (app % 4 > 0).then(|| app_code(app / 4)),
                    mailed: (mailed % 4 > 0).then(|| mailed_code(mailed / 4)),
                    drawer: (drawer % 4 > 2).then(|| drawer_code(drawer / 4)),
                };
                Op::Password {
                    who: more,
                    password: if kind == 4 { password } else { Pw::Right },
                    steps,
                    client: 0,
                }
            }
            7..=10 => {
                let (login, code) = (self.byte()?, self.byte()?);
                let proof = match more % 4 {
                    0 => Proof::App(app_code(code)),
                    1 => Proof::Mailed(mailed_code(code)),
                    2 => Proof::Drawer(drawer_code(code)),
                    _ => Proof::Password(if code % 4 == 0 { Pw::Wrong } else { Pw::Right }),
                };
                Op::Prove { login: login % 16, proof, client: login / 16 }
            }
            11 => Op::ResendCode { login: more },
            12 | 13 => Op::Start { who: more },
            14 | 15 => {
                let code = self.byte()?;
                Op::Verify { session: more, code: mailed_code(code / 4), enter: code % 4 > 0 }
            }
            16 => Op::Redeem { link: more },
            17 => {
                let byte = self.byte()?;
                self.of_session((byte % 16, byte / 16), more)?
            }
            18 => Op::List { session: more },
            19 => Op::End { session: more, which: self.byte()? },
            20 => Op::Enrol { session: more / 2, password: if more == 1 { Pw::Wrong } else { Pw::Right } },
            21 => Op::Confirm { session: more / 2, code: app_code(self.byte()?) },
            22 => {
                Op::EnableMail { session: more / 2, password: if more == 1 { Pw::Wrong } else { Pw::Right } }
            }
            _ => Op::Suspend { who: more / 2, on: more.is_multiple_of(2) },
        })
    }
}

impl Reader<'_> {
    /// What whoever is signed in asks for, but for what an enrolment takes.
    fn of_session(&mut self, (session, which): (u8, u8), more: u8) -> Option<Op> {
        let password = |byte: u8| [Pw::Right, Pw::Right, Pw::Wrong, Pw::First][usize::from(byte % 4)];
        Some(match more {
            0 | 1 if which == 13 || which == 14 => self.more(session)?,
            0 | 1 if which >= 8 => match which % 4 {
                0 | 1 => Op::StepUpCode { session },
                2 if more == 0 => Op::AskPassword { who: session / 4 },
                2 => Op::Devices { session },
                _ => {
                    let factor = (more == 1).then_some(session / 4);
                    Op::Fresh {
                        session: session % 4,
                        factor,
                        seconds: [2, 6, 9, 60][usize::from(which / 4 % 4)],
                    }
                }
            },
            0 | 1 => Op::Check { session },
            2 => Op::Factors { session },
            3 => Op::Trust { session },
            4 => {
                let (kind, code) = (self.byte()?, self.byte()?);
                let proof = match kind % 4 {
                    0 => Proof::App(app_code(code)),
                    1 => Proof::Mailed(mailed_code(code)),
                    2 => Proof::Drawer(drawer_code(code)),
                    _ => Proof::Password(password(code)),
                };
                Op::StepUp { session, proof }
            }
            5 => {
                let (who, how) = (self.byte()?, self.byte()?);
                let steps = match how / 4 % 4 {
                    0 | 1 => Way::Stepwise,
                    2 => Way::AtOnce { app: None, mailed: None, drawer: None },
                    _ => {
                        let (app, mailed) = (self.byte()?, self.byte()?);
                        Way::AtOnce {
                            app: Some(app_code(app)),
                            mailed: Some(mailed_code(mailed)),
                            drawer: None,
                        }
                    }
                };
                let who = if how < 128 { 0 } else { who };
                Op::OnDevice { device: session, who, password: password(how), steps }
            }
            6 => {
                let byte = self.byte()?;
                let new = match byte / 4 % 8 {
                    0 => NewPw::Short,
                    1 => NewPw::Common,
                    more => NewPw::Another(more % 2 == 0),
                };
                Op::ChangePassword { session, current: password(byte), new }
            }
            _ => {
                let byte = self.byte()?;
                let password = (byte & 16 > 0).then(|| password(byte / 32));
                match byte % 4 {
                    0 => Op::DisableApp { session, password },
                    1 => Op::DisableMail { session, password },
                    2 => Op::NewCodes { session, password },
                    _ => Op::Forget { session, all: byte & 16 > 0 },
                }
            }
        })
    }
}

impl Reader<'_> {
    /// What is asked for less often.
    fn more(&mut self, session: u8) -> Option<Op> {
        let byte = self.byte()?;
        let more = byte / 8;
        Some(match byte % 8 {
            0 | 1 => self.lost()?,
            2 if more < 24 => self.lost()?,
            2 if more < 28 => self.signing_up()?,
            2 if more < 30 => Op::Delete { session, password: (more == 28).then_some(Pw::Right) },
            2 => [Op::Rotate, Op::Rewrap][usize::from(more % 2)].clone(),
            3 | 4 => self.app_lost()?,
            5 | 6 => {
                let password = (more % 4 == 0).then_some(Pw::Right);
                Op::ChangeAddress { session, password, to: more / 4 }
            }
            _ => Op::VerifyAddress { session, code: mailed_code(self.byte()?) },
        })
    }

    fn signing_up(&mut self) -> Option<Op> {
        let byte = self.byte()?;
        let (more, password) = (byte / 8, NewPw::Another(byte % 2 == 0));
        Some(match byte / 2 % 4 {
            0 => Op::SignUp { who: more, password: if more > 28 { NewPw::Common } else { password } },
            1 => Op::WrongSignUpCode { session: more },
            2 => Op::SignUpAgain { who: more, password, session: None },
            _ => Op::SignUpAgain { who: more, password, session: Some(self.byte()?) },
        })
    }

    /// What whoever lost something asks for.
    fn lost(&mut self) -> Option<Op> {
        let byte = self.byte()?;
        let more = byte / 8;
        Some(match byte % 8 {
            0 | 1 => Op::Recover { who: more },
            2 => Op::RedeemRecovery { link: more },
            // At a door that is not its own.
            3 => Op::Verify { session: 128 + more, code: Mailed::Newest, enter: more > 15 },
            _ => {
                let code = self.byte()?;
                let proof = match more % 4 {
                    0 => None,
                    1 => Some(Proof::App(app_code(code))),
                    2 => Some(Proof::Drawer(drawer_code(code))),
                    _ => Some(Proof::Mailed(mailed_code(code))),
                };
                let new = if more > 28 { NewPw::Short } else { NewPw::Another(more > 15) };
                Op::Reset { grant: more / 4, new, proof }
            }
        })
    }
}

impl Reader<'_> {
    /// What whoever lost an app asks for, and the operator. The wait is mostly waited for, and the password typed again.
    fn app_lost(&mut self) -> Option<Op> {
        let byte = self.byte()?;
        let more = byte / 8;
        Some(match byte % 8 {
            0..=3 => Op::LoseApp { login: more },
            4 => Op::Stop { link: more },
            5 => Op::StartFactorReset { who: more },
            _ => Op::TurnOff { login: more, code: mailed_code(self.byte()?) },
        })
    }
}

fn app_code(byte: u8) -> App {
    let more = byte / 8;
    match byte % 8 {
        0..=2 => App::Step((more % 5).cast_signed() - 2),
        3 => App::OfPending,
        4 => App::Replayed,
        5 => App::Spaced,
        6 => App::Wrong,
        _ => App::Malformed(more),
    }
}

fn mailed_code(byte: u8) -> Mailed {
    let more = byte / 8;
    match byte % 8 {
        0..=2 => Mailed::Newest,
        3 => Mailed::Any(more),
        4 => Mailed::Spaced,
        5 | 6 => Mailed::Wrong,
        _ => Mailed::Malformed(more),
    }
}

fn drawer_code(byte: u8) -> Drawer {
    let more = byte / 8;
    match byte % 8 {
        0 | 1 => Drawer::Left,
        2 => Drawer::LeftInLowerCase,
        3 | 4 => Drawer::Issued(more),
        5 => Drawer::Any(more),
        6 => Drawer::Wrong,
        _ => Drawer::Malformed(more),
    }
}
