//! What the documents and examples show.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "reads the sources")]
#![allow(missing_docs, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

/// The files under a directory that have one of these endings.
fn files(under: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(under).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let name = entry.file_name().into_string().unwrap();
        if path.is_dir() {
            if name != "target" && name != "node_modules" && !name.starts_with('.') {
                found.extend(files(&path, endings));
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
    found
}

/// Whether the names of the crate's root are taken all at once: alone, or beside others in braces.
fn takes_everything(text: &str) -> bool {
    text.split("use countersign::").skip(1).any(|rest| {
        let names: String = rest.split(';').next().unwrap_or_default().split_whitespace().collect();
        let Some(group) = names.strip_prefix('{') else { return names == "*" };
        let mut depth = 0;
        let outermost = group.chars().filter(|c| {
            depth += match c {
                '{' => 1,
                '}' => -1,
                _ => 0,
            };
            depth == 0
        });
        outermost.collect::<String>().split(',').any(|name| name == "*")
    })
}

/// Of Rust code, what is shown in its documentation.
fn documentation(text: &str) -> String {
    let lines = text.lines().map(str::trim_start);
    let shown = lines.filter_map(|line| line.strip_prefix("//!").or_else(|| line.strip_prefix("///")));
    shown.map(|line| format!("{}\n", line.trim_start().trim_start_matches("# "))).collect()
}

/// `use countersign::*` hides the crate `http`, since the root has a module of that name. Whoever copies an example must not
/// have to find that out.
#[test]
fn examples_and_documents_name_what_they_use() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_shown = |path: &Path| {
        let has = |name| path.iter().any(|part| part == name);
        path.extension().is_some_and(|ending| ending == "md") || has("examples") && !has("tests")
    };
    let mut looked_at = 0;
    let mut wrong = Vec::new();
    for path in files(root, &[".md", ".rs"]) {
        let inside = path.strip_prefix(root).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let text = if is_shown(inside) { text } else { documentation(&text) };
        looked_at += usize::from(text.contains("use countersign::"));
        if takes_everything(&text) {
            wrong.push(inside.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "name what is used instead of `*`: {wrong:?}");
    assert!(looked_at > 20, "{looked_at}");
}

#[test]
fn a_star_is_found_wherever_it_stands() {
    for text in [
        "use countersign::*;",
        "use countersign::{http, *};",
        "use countersign::{\n    *,\n    host::{Clock, Store},\n};",
        "/// x\n/// use countersign::*;",
    ] {
        assert!(takes_everything(text), "{text}");
    }
    for text in [
        "use countersign::host::*;",
        "use countersign::{Client, host::{self, *}};",
        "use countersign::Client; fn a(b: &u8) -> u8 { *b }",
    ] {
        assert!(!takes_everything(text), "{text}");
    }
    assert_eq!(documentation("//! # use countersign::*;\nuse x;\n"), "use countersign::*;\n");
}
