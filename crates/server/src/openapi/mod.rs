//! What the endpoints take and give, as an OpenAPI document.
//!
//! | file | what |
//! |---|---|
//! | `auth.json`, `v1.json`, `v1_recover.json`, `v1_bearer.json`, `dev.json` | the endpoints: of each what is its own |
//! | `records.json` | objects that several endpoints give |
//! | `refusals.json` | the answers that say no |
//! | `base.json` | everything else, as it stands in the document |
//!
//! It is kept by hand. The handlers read their forms field by field, so that a refusal can name what is wrong with each; there
//! are no types of requests that a document could be derived from, and types made for the document alone would be one more
//! thing to keep true. What keeps it true is the tests: they compare each answer of the real server with it.
//!
//! A name is that of a schema: `"[Name]"` is a list of it, `"Name|Null"` may be null. A field whose name ends in `?` may be
//! absent, and `"..."` puts in the fields of a record. What holds for a whole family (its envelope, its header fields, the
//! refusals that any endpoint of its kind may give) is not written down for each: see [`Endpoint::responses`].

mod endpoint;
mod schema;

use serde_json::{Map, Value, json};

use endpoint::{Endpoint, Family};

const BASE: &str = include_str!("base.json");
const RECORDS: &str = include_str!("records.json");
const REFUSALS: &str = include_str!("refusals.json");
const ENDPOINTS: [&str; 5] = [
    include_str!("auth.json"),
    include_str!("v1.json"),
    include_str!("v1_recover.json"),
    include_str!("v1_bearer.json"),
    include_str!("dev.json"),
];

/// The document for a server that has these paths. What is described and has no route is left out: the development endpoints
/// without `--dev`.
///
/// # Errors
/// If a file here is not what it should be, which depends on nothing but the file.
pub(crate) fn document(paths: &[String]) -> serde_json::Result<Value> {
    let mut document: Value = serde_json::from_str(BASE)?;
    let records: Map<String, Value> = serde_json::from_str(RECORDS)?;
    if let Some(Value::Object(info)) = document.get_mut("info") {
        info.insert("version".into(), json!(env!("CARGO_PKG_VERSION")));
    }
    if let Some(Value::Object(components)) = document.get_mut("components") {
        components.insert("responses".into(), endpoint::refusals(serde_json::from_str(REFUSALS)?));
        if let Some(Value::Object(schemas)) = components.get_mut("schemas") {
            schemas.extend(records.iter().map(|(name, fields)| (name.clone(), schema::of(fields, &records))));
        }
    }
    let mut described = Map::new();
    for piece in ENDPOINTS {
        let endpoints: Map<String, Value> = serde_json::from_str(piece)?;
        for (route, endpoint) in endpoints {
            let endpoint: Endpoint = serde_json::from_value(endpoint)?;
            let Some((method, path)) = route.split_once(' ') else { continue };
            if !paths.iter().any(|known| known == path) {
                continue;
            }
            let operation = endpoint.operation(Family::of(path), &records);
            if let Value::Object(item) = described.entry(path).or_insert_with(|| json!({})) {
                item.insert(method.to_ascii_lowercase(), operation);
            }
        }
    }
    if let Value::Object(document) = &mut document {
        document.insert("paths".into(), Value::Object(described));
    }
    Ok(document)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::http;

    /// The paths of the endpoints in a file.
    fn described(piece: &str) -> BTreeSet<String> {
        let endpoints: Map<String, Value> = serde_json::from_str(piece).unwrap();
        endpoints.keys().map(|route| route.split_once(' ').unwrap().1.to_owned()).collect()
    }

    /// Every path has a description, and every description a path. Which methods each has is what the process tests ask the
    /// real server.
    #[test]
    fn the_paths_of_the_document_are_those_of_the_routers() {
        let routed = http::paths(true);
        let document = document(&routed).unwrap();
        let told: BTreeSet<_> = document["paths"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(told, routed.into_iter().collect());
        assert!(ENDPOINTS.into_iter().all(|piece| described(piece).is_subset(&told)));
    }

    #[test]
    fn without_development_endpoints_none_is_described() {
        let document = document(&http::paths(false)).unwrap();
        let paths = document["paths"].as_object().unwrap();
        assert!(paths.contains_key("/openapi.json") && paths.contains_key("/v1/me"));
        assert!(!paths.keys().any(|path| path.starts_with("/dev/")));
    }

    /// Nothing refers to what is not there, no two operations have one name, and what is in a path is declared.
    #[test]
    fn every_reference_leads_somewhere() {
        let all: BTreeSet<_> = ENDPOINTS.into_iter().flat_map(described).collect();
        let document = document(&all.into_iter().collect::<Vec<_>>()).unwrap();
        let mut refs = Vec::new();
        collect(&document, "$ref", &mut refs);
        assert!(refs.len() > 100);
        for at in refs {
            let at = at.as_str().unwrap();
            assert!(document.pointer(at.strip_prefix('#').unwrap()).is_some(), "{at}");
        }
        let mut names = Vec::new();
        collect(&document["paths"], "operationId", &mut names);
        let (count, distinct) =
            (names.len(), names.into_iter().map(Value::to_string).collect::<BTreeSet<_>>());
        assert_eq!(count, distinct.len());
        for (path, item) in document["paths"].as_object().unwrap() {
            for operation in item.as_object().unwrap().values() {
                let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
                let declared = parameters.iter().filter(|parameter| parameter["in"] == "path").count();
                assert_eq!(declared, path.matches('{').count(), "{path}");
            }
        }
    }

    fn collect<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(field, value)| {
                if field == name { found.push(value) } else { collect(value, name, found) }
            }),
            Value::Array(items) => items.iter().for_each(|item| collect(item, name, found)),
            _ => {}
        }
    }
}
