//! `docs/assurance.toml` is whole, names tests that are there and all that are named for an id, and `docs/assurance.md` shows it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "tests")]

use std::path::{Path, PathBuf};

use countersign_proof::assurance::page::parts_are_whole;
use countersign_proof::assurance::{Id, Sources, Table, page};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap()
}

#[test]
fn every_claim_has_its_tests_or_its_reason() {
    let table = Table::parse(&read("docs/assurance.toml")).unwrap_or_else(|why| panic!("{why}"));
    let problems = table.problems(&Sources::read(&root()).unwrap());
    assert!(problems.is_empty(), "docs/assurance.toml:\n{}", problems.join("\n"));
}

/// `COUNTERSIGN_ASSURANCE=write cargo test -p countersign-proof --test assurance` writes the page anew.
#[test]
fn the_page_shows_the_table() {
    assert!(parts_are_whole());
    let expected = page(&Table::parse(&read("docs/assurance.toml")).unwrap());
    let path = root().join("docs/assurance.md");
    if std::env::var_os("COUNTERSIGN_ASSURANCE").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    assert!(read("docs/assurance.md") == expected, "docs/assurance.md is not the table");
}

/// A whole table, with one test for everything, and sources that have it.
fn whole() -> (Vec<String>, Sources) {
    let claim = |id: Id| {
        let level = if id.to_string().starts_with('R') { "level = \"SHALL\"\n" } else { "" };
        format!(
            "[[claim]]\nid = \"{id}\"\nsays = \"x\"\n{level}state = \"covered\"\nby = [\"tests/a.rs::a\"]\n"
        )
    };
    let mut sources = Sources::default();
    sources.take(
        "tests/a.rs",
        "#[test]\n#[ignore]\nfn a() {}\nfn not_a_test() {}\n#[tokio::test]\nasync fn b() {}\n",
    );
    sources.take("src/a.rs", "/// ```\n/// ```\nfn x() {}");
    sources.take("src/conformance/mod.rs", "cases! {\n    races:\n        one_case,\n        last_case;\n}");
    (Id::all().map(claim).collect(), sources)
}

fn problems(claims: &[String], sources: &Sources) -> Vec<String> {
    Table::parse(&claims.concat()).unwrap().problems(sources)
}

/// The check itself can fail: each thing that it is for is done wrong once.
#[test]
fn what_is_wrong_with_a_table_is_found() {
    let (claims, sources) = whole();
    assert_eq!(problems(&claims, &sources), Vec::<String>::new());
    let with = |at: usize, from: &str, to: &str| {
        let mut claims = claims.clone();
        assert!(claims[at].contains(from));
        claims[at] = claims[at].replace(from, to);
        problems(&claims, &sources)
    };
    assert_eq!(problems(&claims[1..], &sources), ["law1 is missing"]);
    assert_eq!(problems(&[&claims[..], &claims[231..]].concat(), &sources), ["B122 is there 2 times"]);
    assert_eq!(with(14, "\"R1\"", "\"R97\""), ["R1 is missing", "R97: there is no such id"]);
    assert_eq!(with(14, "::a", "::not_a_test"), ["R1: there is no Test(\"tests/a.rs\", \"not_a_test\")"]);
    assert_eq!(with(14, "tests/a.rs::a", "tests/b.rs::a"), ["R1: there is no Test(\"tests/b.rs\", \"a\")"]);
    assert_eq!(with(14, "::a\"", "::a\", \"tests/a.rs::a\""), ["R1: one test twice"]);
    assert_eq!(with(14, "level", "because = \"x\"\nlevel").len(), 1);
    assert_eq!(with(14, "level = \"SHALL\"\n", "").len(), 1);
    assert_eq!(with(14, "covered", "partly").len(), 1);
    assert_eq!(with(14, "covered", "inexpressible").len(), 2);
    assert_eq!(with(14, "[\"tests/a.rs::a\"]", "[]").len(), 1);
    for good in [
        "tests/a.rs::b",
        "doc src/a.rs",
        "case tests/a.rs::one_case",
        "case src/a.rs::last_case",
        "script tests/a.rs",
    ] {
        assert_eq!(with(14, "tests/a.rs::a", good), Vec::<String>::new(), "{good}");
    }
    for bad in ["doc tests/a.rs", "case tests/a.rs::a", "case tests/b.rs::one_case", "script tests/b"] {
        assert_eq!(with(14, "tests/a.rs::a", bad).len(), 1, "{bad}");
    }
    for form in ["id = \"R1\"", "id = \"B1\"\nsays = \"x\"\nstate = \"covered\"", "other = 1"] {
        assert!(Table::parse(&format!("[[claim]]\n{form}")).is_err(), "{form}");
    }
}

#[test]
fn a_test_that_is_named_for_an_id_has_to_be_listed_under_it() {
    let (claims, mut sources) = whole();
    sources
        .take("tests/n.rs", "#[test]\nfn r46_b058_law8_law_11_r0_x() {}\n#[test]\nfn rfc_9106_b1x_r1() {}");
    let found = problems(&claims, &sources);
    let of = "\"tests/n.rs::r46_b058_law8_law_11_r0_x\"";
    let missing = ["R46", "B058", "law8", "law11"].map(|id| format!("{id} does not list {of}"));
    assert_eq!(found[..4], missing);
    assert_eq!(found[4..], ["tests/n.rs::r46_b058_law8_law_11_r0_x is named for R0, which there is not"]);
}
