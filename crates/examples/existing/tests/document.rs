//! The document's code is the code that is run here.

use std::collections::BTreeSet;

const DOCS: &str = include_str!("../../../../docs/existing-users.md");

/// The files that the document may show.
const FILES: [(&str, &str); 8] = [
    ("back.rs", include_str!("../back.rs")),
    ("before.rs", include_str!("../before.rs")),
    ("check.rs", include_str!("../check.rs")),
    ("directory.rs", include_str!("../directory.rs")),
    ("door.rs", include_str!("../door.rs")),
    ("hashes.rs", include_str!("../hashes.rs")),
    ("host.rs", include_str!("../host.rs")),
    ("prepare.rs", include_str!("../prepare.rs")),
];

/// Each block of code: the last file that was linked before it, and its text.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let mut blocks = Vec::new();
    let mut from = 0;
    while let Some(at) = DOCS[from..].find("\n```rust\n").map(|at| from + at) {
        let begin = at + "\n```rust\n".len();
        let end = begin + DOCS[begin..].find("\n```\n").expect("a block ends") + 1;
        let link = "(../crates/examples/existing/";
        let file = DOCS[..at].rfind(link).map(|at| DOCS[at + link.len()..].split(')').next().unwrap());
        blocks.push((file.expect("a link before the block"), &DOCS[begin..end]));
        from = end - 1;
    }
    blocks
}

#[test]
fn every_block_is_in_the_file_that_is_named_above_it() {
    let blocks = blocks();
    for (file, block) in &blocks {
        let (_, source) = FILES.iter().find(|(name, _)| name == file).unwrap_or_else(|| panic!("{file}"));
        assert!(source.contains(block), "{file} has not, line by line:\n{block}");
    }
    let shown: BTreeSet<_> = blocks.iter().map(|(file, _)| *file).collect();
    assert_eq!(shown, FILES.iter().map(|(name, _)| *name).collect(), "and something of each is shown");
    // Every fence is a block that was looked at, or plain text.
    let fences = DOCS.lines().filter(|line| line.starts_with("```")).count();
    let plain = DOCS.lines().filter(|line| ["```text", "```console"].contains(line)).count();
    assert_eq!(fences, 2 * (blocks.len() + plain));
}

/// What the files mark as shown is shown, as a whole.
#[test]
fn every_marked_part_is_shown() {
    let mut shown = 0;
    for (file, source) in FILES {
        let names = source.lines().filter_map(|line| line.trim().strip_prefix("// [")?.strip_suffix(']'));
        for name in names.filter(|name| !name.starts_with('/')) {
            let (_, part) = source.split_once(&format!("// [{name}]\n")).unwrap();
            let (part, _) = part.split_once(&format!("// [/{name}]")).expect("a part ends");
            assert!(
                DOCS.contains(&format!("```rust\n{}```\n", part.trim_end_matches(' '))),
                "{file}: {name}"
            );
            shown += 1;
        }
    }
    assert_eq!(shown, blocks().len(), "and nothing else is");
}
