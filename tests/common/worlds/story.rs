//! A story told in two worlds at once, and how it reads where they part.
#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, missing_docs, unreachable_pub, reason = "tests")]

use core::fmt::Write;
use std::collections::BTreeSet;
use std::sync::{Mutex, OnceLock};

use countersign::policy::ResendPolicy;
use countersign::record::RecordKind;
use countersign::{Purpose, Timestamp};

use super::allowed::{Came, given_up};
use super::homes::{Home, Scene, WHO, sweep};

use super::observer::Observer;
use super::owner::Visit;
use super::requests::At;
use super::secrets::{SECRETS, Secret};
use super::steps::{Ask, Forged, Step, Trouble};
use super::trace::Trace;
use crate::common::World;
use crate::otp::drive::{Act, Stage};

/// How many secrets there are, once for each way to send a code again.
pub const PAIRS: usize = 2 * SECRETS.len();

/// A scene, built once and copied from then on.
pub fn scene(home: Home, resend: ResendPolicy) -> Scene {
    type Built = Mutex<Vec<(Home, ResendPolicy, Scene)>>;
    static BUILT: OnceLock<Built> = OnceLock::new();
    let mut built = BUILT.get_or_init(Mutex::default).lock().unwrap_or_else(|broken| broken.into_inner());
    if let Some((.., scene)) = built.iter().find(|(it, how, _)| *it == home && *how == resend) {
        return scene.copy();
    }
    let scene = Scene::new(home, resend);
    let copy = scene.copy();
    built.push((home, resend, scene));
    copy
}

struct Pair {
    secret: Secret,
    scenes: [Scene; 2],
    came: Came,
    deadlines: Vec<Timestamp>,
    told: Vec<(Step, Option<Trace>)>,
}

/// Plays the story in both worlds of a secret.
///
/// # Errors
/// Both worlds side by side, if something shows.
pub fn play(pair: usize, steps: impl IntoIterator<Item = Step>) -> Result<(), String> {
    let secret = SECRETS[pair / 2 % SECRETS.len()];
    let resend = [ResendPolicy::Replace, ResendPolicy::KeepPrevious][pair % 2];
    let scenes = secret.homes.map(|home| scene(home, resend));
    let mut pair = Pair { secret, scenes, came: Came::default(), deadlines: vec![], told: vec![] };
    steps.into_iter().try_for_each(|step| pair.goes_on(step))
}

impl Pair {
    fn now(&self) -> Timestamp {
        self.scenes[0].world.now()
    }

    fn set(&self, to: Timestamp) {
        let to = self.came.clock(to);
        self.scenes.iter().for_each(|scene| scene.world.clock.set(to));
    }

    fn goes_on(&mut self, step: Step) -> Result<(), String> {
        let after =
            |at: Timestamp, millis: i64| Timestamp::from_unix_millis(at.unix_millis().saturating_add(millis));
        match step {
            Step::Ask(ask) => return self.asks(step, ask),
            Step::Owner(Visit::ByMail) => self.by_mail(),
            Step::Owner(visit) => {
                let comes = self.secret.comes;
                let mut came = comes;
                for ((scene, comes), came) in self.scenes.iter_mut().zip(comes).zip(&mut came) {
                    *came = comes && scene.resident.visits(&scene.world, visit);
                }
                self.came.note(self.now(), came);
            }
            Step::Move(millis) => self.set(after(self.now(), millis)),
            Step::Set(millis) => self.set(Timestamp::from_unix_millis(millis)),
            Step::Jump { deadline, off } => {
                let last = self.deadlines.iter().rev().take(16).nth(usize::from(deadline) % 16);
                if let Some(at) = last.copied() {
                    self.set(after(at, off.into()));
                }
            }
            Step::Sweep => self.scenes.iter().for_each(|scene| sweep(&scene.world)),
        }
        self.told.push((step, None));
        Ok(())
    }

    /// Somebody begins a sign-in by mail, as anybody may; where the owner comes, the right code is typed.
    fn by_mail(&mut self) {
        let mut comes = self.secret.comes.into_iter();
        let typed = self.scenes.each_mut().map(|Scene { world, resident, .. }| {
            let comes = comes.next().unwrap_or_default();
            let started = world.start(Purpose::SignIn, WHO).ok()?;
            let right = if comes { resident.types(world, &started.session) } else { None };
            Some((started.session, right))
        });
        let [Some((_, here)), Some((_, there))] = &typed else { return };
        // One that was typed and not taken has come to the door all the same.
        self.came.note(self.now(), [*here, *there].map(|typed| typed == Some(false)));
        let taken = [*here, *there].map(|typed| typed == Some(true));
        for ((scene, typed), taken_here) in self.scenes.iter().zip(&typed).zip(taken) {
            if let (Some((session, _)), true) = (typed, taken != [taken_here; 2] && !taken_here) {
                given_up(scene, session);
            }
        }
    }

    fn asks(&mut self, step: Step, ask: Ask) -> Result<(), String> {
        let near = self.near();
        let ask = self.tampered(ask);
        let (alike, shows) = (self.secret.alike, self.came.shows());
        let (mut chance, mut comes) = (0, self.secret.comes.into_iter());
        let traces = self.scenes.each_mut().map(|scene| {
            let Scene { world, observer, resident, .. } = scene;
            let comes = comes.next().unwrap_or_default();
            let mut acts = |world: &World, at: usize, stage: Stage| match ask.trouble {
                Some((when, trouble)) if at == usize::from(when) => match trouble {
                    // Where the commit to the door's record may or may not be, it does not fail.
                    _ if shows && stage == Stage::Commit(RecordKind::Visitor) => Act::Go,
                    Trouble::Fails => Act::Fail,
                    Trouble::AnswerLost => Act::Lose,
                    Trouble::Crash => Act::Crash,
                    Trouble::Mailer => Act::Go,
                    Trouble::Owner(visit) => {
                        let _ = comes && resident.visits(world, visit);
                        Act::Go
                    }
                },
                Some((_, Trouble::Mailer)) if stage == Stage::Done => Act::Fail,
                _ => Act::Go,
            };
            let mut at = At { world, chance, near: &near, act: &mut acts };
            chance += u64::from(!alike);
            observer.asks(&mut at, &ask)
        });
        let [here, there] = match traces {
            [Some(here), Some(there)] => [here, there],
            [None, None] => return Ok(()),
            [here, there] => return Err(self.parts(step, &format!("{here:#?}"), &format!("{there:#?}"))),
        };
        let worlds = self.scenes.each_ref().map(|scene| &scene.world);
        let same = self.came.same([&here, &there], worlds);
        if !same {
            return Err(self.parts(step, &format!("{here:#?}"), &format!("{there:#?}")));
        }
        self.deadlines.extend(&here.deadlines);
        self.told.push((step, Some(here)));
        Ok(())
    }

    /// Where all was drawn alike, any letter of a ticket; else one of those that name the record: what comes of another is chance, and no other
    /// chance is the same. A record that was forgotten in one world only is made anew with a key of its own, which is drawn before the ticket.
    fn tampered(&self, mut ask: Ask) -> Ask {
        let [here, there] = self.scenes.each_ref().map(|scene| scene.observer.tickets());
        if !self.secret.alike || here != there {
            ask.forged = ask.forged.map(|it| Forged { at: it.at % 21, ..it });
        }
        ask
    }

    /// Codes that are nearly one that was mailed to the owner, in either world, and never one.
    fn near(&self) -> Vec<String> {
        let mut mailed = BTreeSet::new();
        let mut near = vec![];
        for Scene { world, .. } in &self.scenes {
            let mail = world.seen.mail.lock().unwrap();
            let others =
                mail.iter().filter(|mail| !Observer::is_mine(mail)).filter_map(|mail| mail.code.as_ref());
            let codes: Vec<_> = others.map(|code| code.expose().to_owned()).collect();
            if let Some(code) = codes.last() {
                let (first, last) = (code.split_at(1), code.split_at(code.len() - 1));
                let other = |digit: &str| if digit == "0" { "1" } else { "0" };
                near.push(format!("{}{}", other(first.0), first.1));
                near.push(format!("{}{}", last.0, other(last.1)));
                near.push(last.0.to_owned());
                near.push(format!("{code}0"));
            }
            mailed.extend(codes);
        }
        near.retain(|code| !mailed.contains(code));
        near
    }

    fn parts(&self, last: Step, here: &str, there: &str) -> String {
        let Secret { name, homes: [one, other], .. } = self.secret;
        let mut text = format!("law 8 (indistinguishable), the secret is {name}: {one:?}, or {other:?}\n");
        for (number, (step, trace)) in self.told.iter().enumerate() {
            let _ = writeln!(text, "{number:3}. {}", readable(step));
            if let Some(trace) = trace {
                let _ = writeln!(text, "       both: {}", trace.told);
            }
        }
        let _ = writeln!(text, "{:3}. {}", self.told.len(), readable(&last));
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let (here, there) = (lines(here), lines(there));
        let side = |text: &mut String, name: &str, these: &[String], those: &[String]| {
            let _ = writeln!(text, "       {name}:");
            for (at, line) in these.iter().enumerate() {
                let mark = if those.get(at) == Some(line) { ' ' } else { '>' };
                let _ = writeln!(text, "     {mark} {line}");
            }
        };
        side(&mut text, &format!("{one:?}"), &here, &there);
        side(&mut text, &format!("{other:?}"), &there, &here);
        text
    }
}

fn readable(step: &Step) -> String {
    match step {
        Step::Ask(Ask { what, which, named, forged, trouble }) => {
            let mut text = format!("{what:?} with {which:?}");
            let named = if *named { ", by a named client" } else { "" };
            text.push_str(named);
            if let Some(Forged { at, bit }) = forged {
                let _ = write!(text, ", bit {bit} of letter {at} changed");
            }
            if let Some((stage, trouble)) = trouble {
                let _ = write!(text, ", at stage {stage} {trouble:?}");
            }
            text
        }
        Step::Owner(visit) => format!("the owner: {visit:?}"),
        other => format!("{other:?}"),
    }
}
