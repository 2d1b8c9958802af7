//! The tests of the repository, by file and name.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

/// Where sources with tests are, seen from the root.
const PLACES: [&str; 4] = ["src", "tests", "crates", "fuzz/src"];

/// Where the cases of the stores' suite are listed.
const CASES: &str = "src/conformance/mod.rs";

/// What the sources say of themselves.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The tests of each Rust file.
    tests: BTreeMap<String, BTreeSet<String>>,
    /// Files with an example that `cargo test` runs.
    examples: BTreeSet<String>,
    /// Cases of the stores' suite.
    cases: BTreeSet<String>,
    /// All files, whatever is in them.
    files: BTreeSet<String>,
}

impl Sources {
    /// Reads the sources below the root of the repository.
    ///
    /// # Errors
    /// Whatever reading a directory or a file fails with.
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut sources = Self::default();
        for place in PLACES {
            sources.walk(root, &root.join(place))?;
        }
        Ok(sources)
    }

    fn walk(&mut self, root: &Path, directory: &Path) -> io::Result<()> {
        for entry in std::fs::read_dir(directory)? {
            let path = entry?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if name.starts_with('.') || name == "target" || name == "node_modules" {
                continue;
            }
            if path.is_dir() {
                self.walk(root, &path)?;
                continue;
            }
            let file = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            if name.ends_with(".rs") {
                self.take(&file, &std::fs::read_to_string(&path)?);
            } else {
                self.files.insert(file);
            }
        }
        Ok(())
    }

    /// Takes one Rust file.
    pub fn take(&mut self, file: &str, text: &str) {
        self.files.insert(file.to_owned());
        let tests = tests(text);
        if !tests.is_empty() {
            self.tests.insert(file.to_owned(), tests);
        }
        if text
            .lines()
            .map(str::trim_start)
            .any(|line| line.starts_with("/// ```") || line.starts_with("//! ```"))
        {
            self.examples.insert(file.to_owned());
        }
        if file == CASES {
            self.cases = text.lines().filter_map(listed).map(str::to_owned).collect();
        }
    }

    /// Whether a file has a test of that name.
    #[must_use]
    pub fn has_test(&self, file: &str, name: &str) -> bool {
        self.tests.get(file).is_some_and(|tests| tests.contains(name))
    }

    /// Whether the stores' suite runs a case of that name, and the file is there.
    #[must_use]
    pub fn has_case(&self, file: &str, name: &str) -> bool {
        self.has_file(file) && self.cases.contains(name)
    }

    /// Whether a file has an example that is run as a test.
    #[must_use]
    pub fn has_example(&self, file: &str) -> bool {
        self.examples.contains(file)
    }

    /// Whether there is such a file.
    #[must_use]
    pub fn has_file(&self, file: &str) -> bool {
        self.files.contains(file)
    }

    /// Every test, with its file.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tests
            .iter()
            .flat_map(|(file, tests)| tests.iter().map(move |name| (file.as_str(), name.as_str())))
    }
}

/// The names of the functions that are marked as tests; those inside `proptest!` are marked like the others.
fn tests(text: &str) -> BTreeSet<String> {
    let (mut names, mut marked) = (BTreeSet::new(), false);
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            marked = true;
        } else if marked && !line.starts_with("#[") && !line.starts_with("//") {
            names.extend(function(line).map(str::to_owned));
            marked = false;
        }
    }
    names
}

/// The name in `fn name(…` or `async fn name(…`.
fn function(line: &str) -> Option<&str> {
    let line = line.strip_prefix("async ").unwrap_or(line);
    let (name, _) = line.strip_prefix("fn ")?.split_once('(')?;
    Some(name)
}

/// A line of the list of cases: a name, and a comma or the end of a group.
fn listed(line: &str) -> Option<&str> {
    let name = line.trim().strip_suffix([',', ';'])?;
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_').then_some(name)
}
