//! The table as a page for people.

use std::fmt::Write;

use super::table::{Claim, Id, Kind, Proof, State, Table};

/// The parts of the page: of what, from which number to which, under which heading.
const PARTS: [(Kind, u16, u16, &str); 37] = [
    (Kind::Law, 1, 14, "The laws"),
    (Kind::Requirement, 1, 17, "Limits on guessing, locks"),
    (Kind::Requirement, 18, 34, "Mailed codes"),
    (Kind::Requirement, 35, 45, "Authenticator apps"),
    (Kind::Requirement, 46, 55, "Recovery codes"),
    (Kind::Requirement, 56, 69, "Winning an account back, changing what signs in"),
    (Kind::Requirement, 70, 82, "Steps, sessions, devices"),
    (Kind::Requirement, 83, 85, "Passwords"),
    (Kind::Requirement, 86, 90, "Enrolment"),
    (Kind::Requirement, 91, 96, "Limits told over HTTP"),
    (Kind::Defect, 1, 6, "C01 No limit on a code that can be guessed"),
    (Kind::Defect, 7, 12, "C02 A budget given back"),
    (Kind::Defect, 13, 16, "C03 A limit beaten by requests in parallel"),
    (Kind::Defect, 17, 22, "C04 A limit or factor evaded by another spelling"),
    (Kind::Defect, 23, 26, "C05 A limit beaten by changing the source"),
    (Kind::Defect, 27, 32, "C06 One-time codes used twice, or too long"),
    (Kind::Defect, 33, 40, "C07 The second factor skipped"),
    (Kind::Defect, 41, 45, "C08 Empty codes, and failing open"),
    (Kind::Defect, 46, 52, "C09 Codes not bound to account, session, purpose"),
    (Kind::Defect, 53, 55, "C10 Secrets told by the system itself"),
    (Kind::Defect, 56, 58, "C11 Weak randomness"),
    (Kind::Defect, 59, 60, "C12 Comparisons that take longer the more is right"),
    (Kind::Defect, 61, 67, "C13 Telling who has an account"),
    (Kind::Defect, 68, 70, "C14 Locks that shut the owner out"),
    (Kind::Defect, 71, 75, "C15 Recovery tokens used again, or left over"),
    (Kind::Defect, 76, 80, "C16 What has expired is accepted"),
    (Kind::Defect, 81, 85, "C17 Numbers and times at their ends"),
    (Kind::Defect, 86, 88, "C18 Stores that a flood fills"),
    (Kind::Defect, 89, 90, "C19 Links made of request data"),
    (Kind::Defect, 91, 93, "C20 Mail bombs"),
    (Kind::Defect, 94, 98, "C21 The wrong recipient"),
    (Kind::Defect, 99, 104, "C22 Recovery codes"),
    (Kind::Defect, 105, 108, "C23 Sessions that outlive a change"),
    (Kind::Defect, 109, 111, "C24 Remembered devices"),
    (Kind::Defect, 112, 115, "C25 Enrolment"),
    (Kind::Defect, 116, 120, "C26 Factors changed without proof"),
    (Kind::Defect, 121, 122, "C27 Failures that were not kept"),
];

const HEAD: &str = "\
# What is claimed, and what holds it

Every law of this crate, every requirement of the standards it goes by, and every known mechanism by which such systems have failed, each with
the tests that fail without it. This page is written from [`assurance.toml`](assurance.toml) by `cargo test -p countersign-proof --test assurance`, which
fails if an id is missing, a test is not there, a test that is named for an id is not listed under it, or this page is not the table.
(`COUNTERSIGN_ASSURANCE=write` writes it.)

*Covered*: a test fails without it. *Partly*: so for a part; what is missing, or done otherwise on purpose, is said. *Not expressible*: there is nothing in
this repository to test; why is said. A name beginning with `case` is a case of the suite that every store must pass; `doc` is an example of the
documentation.

";

/// The whole page.
#[must_use]
pub fn page(table: &Table) -> String {
    let mut page = HEAD.to_owned();
    page.push_str("| | covered | partly | not expressible |\n|---|---|---|---|\n");
    for kind in Kind::ALL {
        let counts = State::ALL.map(|state| {
            let counted = |claim: &&Claim| claim.id.kind == kind && claim.state == state;
            table.claims.iter().filter(counted).count().to_string()
        });
        let _ = writeln!(page, "| {} | {} |", kinds(kind), counts.join(" | "));
    }
    for (kind, first, last, heading) in PARTS {
        let _ = write!(page, "\n## {heading}\n\n");
        for number in first..=last {
            let id = Id { kind, number };
            table.claims.iter().filter(|claim| claim.id == id).for_each(|claim| entry(&mut page, claim));
        }
    }
    page
}

const fn kinds(kind: Kind) -> &'static str {
    match kind {
        Kind::Law => "laws",
        Kind::Requirement => "requirements",
        Kind::Defect => "known defects",
    }
}

fn entry(page: &mut String, claim: &Claim) {
    let Claim { id, says, level, state, because, by } = claim;
    let level = level.as_ref().map(|level| format!(" ({level})")).unwrap_or_default();
    let id = if id.kind == Kind::Law { format!("Law {}", id.number) } else { id.to_string() };
    let _ = write!(page, "* **{id}**{level} {says}");
    let because = because.as_deref().unwrap_or_default();
    match state {
        State::Covered => {}
        State::Partly => {
            let _ = write!(page, " **Partly:** {because}");
        }
        State::Inexpressible => {
            let _ = write!(page, " **Not expressible:** {because}");
        }
    }
    let proofs: Vec<_> = by.iter().map(link).collect();
    if !proofs.is_empty() {
        let _ = write!(page, "\n  {}", proofs.join(", "));
    }
    page.push('\n');
}

/// A link from the directory of the page.
fn link(proof: &Proof) -> String {
    match proof {
        Proof::Test(file, name) => format!("[`{name}`](../{file})"),
        Proof::Case(file, name) => format!("case [`{name}`](../{file})"),
        Proof::Example(file) => format!("doc [`{file}`](../{file})"),
        Proof::Script(file) => format!("script [`{file}`](../{file})"),
    }
}

/// Whether the parts hold every id once, in order.
#[must_use]
pub fn parts_are_whole() -> bool {
    let of_parts = PARTS
        .into_iter()
        .flat_map(|(kind, first, last, _)| (first..=last).map(move |number| Id { kind, number }));
    of_parts.eq(Id::all())
}
