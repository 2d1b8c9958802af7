//! The table, and what can be wrong with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;

use super::source::Sources;

/// What a claim is one of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// A law of this crate (`docs/laws.md`).
    Law,
    /// A requirement of the standards.
    Requirement,
    /// A mechanism by which other systems have failed.
    Defect,
}

impl Kind {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 3] = [Self::Law, Self::Requirement, Self::Defect];

    /// How many there are.
    #[must_use]
    pub const fn count(self) -> u16 {
        match self {
            Self::Law => 14,
            Self::Requirement => 96,
            Self::Defect => 122,
        }
    }
}

/// The name of a claim: `law8`, `R46`, `B039`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Id {
    /// What it is one of.
    pub kind: Kind,
    /// Which, from 1.
    pub number: u16,
}

impl Id {
    /// Reads a name as the table has it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let id = Self::loose(text)?;
        (id.to_string() == text).then_some(id)
    }

    /// Reads a name as the name of a test may begin with: `law8`, `r46`, `b039`.
    fn loose(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let (kind, number) = if let Some(number) = lower.strip_prefix("law") {
            (Kind::Law, number)
        } else if let Some(number) = lower.strip_prefix('r') {
            (Kind::Requirement, number)
        } else {
            (Kind::Defect, lower.strip_prefix('b')?)
        };
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse().ok().filter(|_| digits)?;
        Some(Self { kind, number })
    }

    /// Whether there is such a claim.
    #[must_use]
    pub const fn exists(self) -> bool {
        self.number >= 1 && self.number <= self.kind.count()
    }

    /// All that there are.
    pub fn all() -> impl Iterator<Item = Self> {
        Kind::ALL.into_iter().flat_map(|kind| (1..=kind.count()).map(move |number| Self { kind, number }))
    }
}

impl TryFrom<String> for Id {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is no id"))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Law => write!(f, "law{}", self.number),
            Kind::Requirement => write!(f, "R{}", self.number),
            Kind::Defect => write!(f, "B{:03}", self.number),
        }
    }
}

/// How far a claim is held by tests.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A test fails without it.
    Covered,
    /// So does one for a part of it; the rest is said.
    Partly,
    /// There is nothing here to test; why is said.
    Inexpressible,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Covered, Self::Partly, Self::Inexpressible];
}

/// What holds a claim.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
#[serde(try_from = "String")]
pub enum Proof {
    /// `file::function`: a test.
    Test(String, String),
    /// `case file::function`: a case of the suite for stores.
    Case(String, String),
    /// `doc file`: an example of the documentation, which is compiled, run, or must not compile.
    Example(String),
    /// `script file`: a program that CI runs.
    Script(String),
}

impl TryFrom<String> for Proof {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let pair = |text: &str| {
            let (file, name) =
                text.split_once("::").ok_or_else(|| format!("`{text}` is no `file::function`"))?;
            Ok::<_, String>((file.to_owned(), name.to_owned()))
        };
        if let Some(file) = text.strip_prefix("doc ") {
            Ok(Self::Example(file.to_owned()))
        } else if let Some(file) = text.strip_prefix("script ") {
            Ok(Self::Script(file.to_owned()))
        } else if let Some(case) = text.strip_prefix("case ") {
            pair(case).map(|(file, name)| Self::Case(file, name))
        } else {
            pair(&text).map(|(file, name)| Self::Test(file, name))
        }
    }
}

impl Proof {
    /// Whether the sources have it.
    #[must_use]
    pub fn is_there(&self, sources: &Sources) -> bool {
        match self {
            Self::Test(file, name) => sources.has_test(file, name),
            Self::Case(file, name) => sources.has_case(file, name),
            Self::Example(file) => sources.has_example(file),
            Self::Script(file) => sources.has_file(file),
        }
    }
}

/// One claim.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Its name.
    pub id: Id,
    /// What must hold.
    pub says: String,
    /// How strictly a standard asks for it, and which: of requirements.
    pub level: Option<String>,
    /// How far it is held by tests.
    pub state: State,
    /// What is missing, or why nothing can be tested: of all but those that are covered.
    pub because: Option<String>,
    /// What holds it.
    #[serde(default)]
    pub by: Vec<Proof>,
}

/// All claims.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// In any order.
    #[serde(rename = "claim")]
    pub claims: Vec<Claim>,
}

impl Table {
    /// Reads the table.
    ///
    /// # Errors
    /// What is wrong with its form, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|why| why.to_string())
    }

    /// Everything that is wrong with it, measured by the sources.
    #[must_use]
    pub fn problems(&self, sources: &Sources) -> Vec<String> {
        let mut problems = self.misfits(sources);
        let mut listed: BTreeMap<Id, BTreeSet<(&str, &str)>> = BTreeMap::new();
        for claim in &self.claims {
            let tests = claim.by.iter().filter_map(|proof| match proof {
                Proof::Test(file, name) => Some((file.as_str(), name.as_str())),
                _ => None,
            });
            listed.entry(claim.id).or_default().extend(tests);
        }
        for (file, name) in sources.all() {
            for id in named(name) {
                if !id.exists() {
                    problems.push(format!("{file}::{name} is named for {id}, which there is not"));
                } else if !listed.get(&id).is_some_and(|tests| tests.contains(&(file, name))) {
                    problems.push(format!("{id} does not list \"{file}::{name}\""));
                }
            }
        }
        problems
    }

    fn misfits(&self, sources: &Sources) -> Vec<String> {
        let mut problems = Vec::new();
        for id in Id::all() {
            match self.claims.iter().filter(|claim| claim.id == id).count() {
                1 => {}
                0 => problems.push(format!("{id} is missing")),
                count => problems.push(format!("{id} is there {count} times")),
            }
        }
        for Claim { id, says, level, state, because, by } in &self.claims {
            let mut wrong = |why: &str| problems.push(format!("{id}: {why}"));
            if !id.exists() {
                wrong("there is no such id");
            }
            if says.is_empty() || because.as_ref().is_some_and(String::is_empty) {
                wrong("an empty text");
            }
            if level.is_some() != (id.kind == Kind::Requirement) {
                wrong("requirements have a level, and nothing else has");
            }
            if by.is_empty() != (*state == State::Inexpressible) {
                wrong("what can be tested has a test, and what cannot has none");
            }
            if because.is_none() != (*state == State::Covered) {
                wrong("what is not covered has a reason, and what is has none");
            }
            if by.iter().collect::<BTreeSet<_>>().len() < by.len() {
                wrong("one test twice");
            }
            for proof in by.iter().filter(|proof| !proof.is_there(sources)) {
                problems.push(format!("{id}: there is no {proof:?}"));
            }
        }
        problems
    }
}

/// The ids that the name of a test begins with: `r46_b058_codes_are_uniform`, `law_11_nothing_is_seen`.
fn named(name: &str) -> Vec<Id> {
    let name = name.replace("law_", "law");
    name.split('_').map_while(Id::loose).collect()
}
