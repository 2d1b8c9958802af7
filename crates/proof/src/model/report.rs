//! Explores a scene, and tells what was found: a line, or the story of the shortest way to break a law.

use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stateright::{Checker, HasDiscoveries, Model, Path};

use super::bend::Bend;
use super::explore::Explored;
use super::run::Need;
use super::scene::Scene;
use super::state::{Action, Phase, Side, Slot, State};

/// What came of a scene, or of a family of small ones.
pub struct Found {
    /// Its name.
    pub scene: String,
    /// How many scenes it is.
    pub scenes: usize,
    /// Steps taken.
    pub states: usize,
    /// Different states.
    pub unique: usize,
    /// The longest way without a turn back.
    pub depth: usize,
    /// Decisions of the machine that were made for it.
    pub stages: u64,
    /// How long it took.
    pub took: Duration,
    /// The law that was broken, and the story.
    pub broken: Option<(u8, String)>,
    /// What could not be done that should have been possible.
    pub missed: Vec<String>,
    /// How many states there must be, where that is known. Fewer, or more, and what is explored has changed.
    pub expected: Option<usize>,
    /// How often a commit came too late.
    pub stale: u64,
}

impl Found {
    /// Whether all is as it should be.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.broken.is_none()
            && self.missed.is_empty()
            && self.expected.is_none_or(|states| states == self.unique)
    }

    /// What is wrong, in words.
    #[must_use]
    pub fn complaint(&self) -> String {
        let mut text = String::new();
        match (&self.broken, self.expected) {
            (Some((_, story)), _) => drop(writeln!(text, "{}: {story}", self.scene)),
            (None, Some(expected)) if expected != self.unique => {
                let _ = writeln!(text, "{}: {} states, not {expected}", self.scene, self.unique);
            }
            _ => {}
        }
        for missed in &self.missed {
            let _ = writeln!(text, "{}: never: {missed}", self.scene);
        }
        text
    }

    /// Both together.
    pub(super) fn with(self, other: Self) -> Self {
        Self {
            scenes: self.scenes + other.scenes,
            states: self.states + other.states,
            unique: self.unique + other.unique,
            depth: self.depth.max(other.depth),
            stages: self.stages + other.stages,
            took: self.took + other.took,
            broken: self.broken.or(other.broken),
            missed: self.missed.into_iter().chain(other.missed).collect(),
            stale: self.stale + other.stale,
            ..self
        }
    }
}

/// Explores all that can happen in a scene, on a host that is bent or not.
#[allow(clippy::disallowed_methods, reason = "how long it took is told, and decides nothing")]
pub(super) fn explore(scene: &Arc<Scene>, bend: Bend) -> Found {
    let begun = Instant::now();
    let explored = Explored::new(Arc::clone(scene), bend);
    let checker = explored.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    assert!(checker.is_done(), "explored to the end");
    let model = checker.model();
    let mut broken = None;
    let mut missed = Vec::new();
    for property in model.properties() {
        match (checker.discovery(property.name), property.expectation.discovery_is_failure()) {
            (Some(path), true) => broken = Some(story(model, path)),
            (None, false) => {
                let at = super::laws::CAN.iter().position(|(name, _)| *name == property.name);
                missed.extend(at.map(|at| format!("{}: granted: {}", scene.name, scene.asks[at].what)));
            }
            _ => {}
        }
    }
    if broken.is_some() {
        missed.clear();
    }
    let inner = model.inner();
    Found {
        scene: scene.name.clone(),
        scenes: 1,
        states: checker.state_count(),
        unique: checker.unique_state_count(),
        depth: checker.max_depth(),
        stages: inner.book.stages,
        took: begun.elapsed(),
        broken,
        missed,
        expected: None,
        stale: inner.book.stale,
    }
}

/// What happened, each step in words, and what was told.
fn story(model: &Explored, path: Path<State, Action>) -> (u8, String) {
    let steps = path.into_vec();
    let law = steps.last().and_then(|(state, _)| state.broken.clone()).expect("a law is broken");
    let Scene { name, about, .. } = &*model.scene;
    let mut text = format!("law {} is broken in {name} ({about}): {}\n", law.law, law.how);
    for (number, pair) in steps.windows(2).enumerate() {
        let ((before, action), (after, _)) = (&pair[0], &pair[1]);
        let Some(action) = action else { continue };
        let _ = writeln!(
            text,
            "  {:2}. {}",
            number + 1,
            words(model, *action, &before.sides[0], &after.sides[0])
        );
    }
    (law.law, text)
}

fn words(model: &Explored, action: Action, before: &Side, after: &Side) -> String {
    let what = |request: u8| &model.scene.asks[usize::from(request)].what;
    match action {
        Action::Begin(at) => format!("{}: begins{}", what(at), end(model, after.slots[usize::from(at)])),
        Action::Stage(at) => {
            let (was, is) = (before.slots[usize::from(at)], after.slots[usize::from(at)]);
            let call = model.inner().book.need(was.at).name();
            let wrote = match (call, is.wrote > was.wrote) {
                ("commit", true) => ", applied",
                ("commit", false) => ", nothing written",
                _ => "",
            };
            format!("{}: {call}{wrote}{}", what(at), end(model, is))
        }
        Action::Fail(at) => {
            format!("{}: the host's call fails{}", what(at), end(model, after.slots[usize::from(at)]))
        }
        Action::Lose(at) => {
            format!("{}: done, and the answer is lost{}", what(at), end(model, after.slots[usize::from(at)]))
        }
        Action::Mute(at) => {
            format!("{}: the mailer fails{}", what(at), end(model, after.slots[usize::from(at)]))
        }
        Action::Crash(at) => format!("{}: cut off{}", what(at), end(model, after.slots[usize::from(at)])),
        Action::Tick(step) => {
            format!("the clock moves by {} ms, to {}", model.scene.clocks.steps[usize::from(step)], after.now)
        }
        Action::Sweep => "expired rows are swept".into(),
    }
}

fn end(model: &Explored, slot: Slot) -> String {
    match slot.phase {
        Phase::Waiting | Phase::UnderWay => String::new(),
        Phase::Gone => "; it is over, and nothing is told".into(),
        Phase::Told | Phase::ToldUnmailed => {
            let told = model.inner().book.told(slot.at);
            let mail: Vec<_> = told.mail.iter().map(|mail| mail.kind).collect();
            let mail = if mail.is_empty() { String::new() } else { format!(", mailed: {mail:?}") };
            if told.granted { format!("; told: yes{mail}") } else { format!("; told: {}{mail}", told.no) }
        }
    }
}

impl Need {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Find(_) => "asks the directory",
            Self::Load(_) => "reads",
            Self::Commit { .. } => "commit",
            Self::Create(_) => "makes the account",
            Self::Rename(_) => "renames the account",
            Self::Release(_) => "frees the identifiers",
            Self::Done(_) => "is told",
        }
    }
}
