//! The walk in `docs/http.md`, as it stands there.

use std::process::Command;

use serde_json::Value;

use crate::harness::*;

const DOCS: &str = include_str!("../../../../docs/http.md");

/// The commands of the last chapter, one after the other.
fn walk() -> String {
    let (_, chapter) = DOCS.split_once("\n## A walk through every flow\n").unwrap();
    let blocks = chapter.split("```bash\n").skip(1).map(|block| block.split_once("```").unwrap().0);
    blocks.collect::<Vec<_>>().join("\n")
}

/// Every endpoint of the family that does not lead to a page: method, and path up to a parameter.
fn endpoints(server: &Server<'_>) -> Vec<String> {
    let document = server.get("/openapi.json").json();
    let mut found = vec![];
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path.split('{').next().unwrap();
        for (method, operation) in methods.as_object().unwrap() {
            let is_page = operation["responses"]["200"]["content"]["text/html"] != Value::Null;
            if path.starts_with("/v1/") && !is_page && !SIDE_ROADS.contains(&path) {
                found.push(format!(" {} {path} ", method.to_uppercase()));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

/// What the walk leaves out: the second half of a mailed link's sign-in, signing out, one of several.
const SIDE_ROADS: [&str; 4] = ["/v1/two-factor/prove", "/v1/logout", "/v1/sessions/", "/v1/devices/"];

#[test]
fn the_walk_of_the_docs_goes_by_way_of_every_endpoint() {
    let place = Place::new();
    let server = place.start(&["--dev"]);
    let walk = walk().replace(['\n', ')'], " ");
    for asked in endpoints(&server) {
        assert!(walk.contains(&format!("ask{asked}")), "{asked}");
    }
}

#[test]
#[ignore = "needs bash, curl and oathtool; crates/server/tests/walk/run runs it"]
fn the_walk_of_the_docs_works_as_it_stands() {
    let place = Place::new();
    let server = place.start(&["--dev"]);
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-x", "-c", &walk()]);
    let output = command.env("SERVER", server.base()).env("no_proxy", "*").output().unwrap();
    let (said, trace) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr).into_owned());
    assert!(output.status.success(), "this test needs bash, curl and oathtool: {said}\n{trace}");
    // To the end, and by way of every endpoint.
    assert!(said.contains("account.identifiers_released"), "{said}");
    let trace = trace.replace('\n', " ");
    for asked in endpoints(&server) {
        assert!(trace.contains(&asked), "{asked}");
    }
}
