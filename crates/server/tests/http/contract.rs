//! The document at `/openapi.json` against the server that publishes it.
//!
//! [`Contract::check`] sees every answer that any test here gets: a status, a field or a header field that the document does
//! not have fails that test.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::harness::*;

/// A server's description of itself.
pub(crate) struct Contract(Value);

/// A request, as far as it matters for what the answer may be.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) body: &'a str,
}

/// Whether a path is one of a template such as `/v1/sessions/{id}`.
fn fits(template: &str, path: &str) -> bool {
    let (mut template, mut path) = (template.split('/'), path.split('/'));
    loop {
        match (template.next(), path.next()) {
            (None, None) => return true,
            (Some(part), Some(given)) if part.starts_with('{') => {
                if given.is_empty() {
                    return false;
                }
            }
            (Some(part), Some(given)) if part == given => {}
            _ => return false,
        }
    }
}

impl Contract {
    pub(crate) fn new(document: Value) -> Self {
        Self(document)
    }

    /// What is wrong with an answer, by the document.
    pub(crate) fn check(&self, asked: &Asked<'_>, answer: &Answer) -> Result<(), String> {
        let path = asked.path.split('?').next().unwrap();
        let paths = self.0["paths"].as_object().unwrap();
        let family = if path.starts_with("/v1") { "V1" } else { "" };
        let Some((template, item)) = paths.iter().find(|(template, _)| fits(template, path)) else {
            return self.one(&format!("404 {family}NoSuchPath"), &shared(family, "NoSuchPath"), answer, 404);
        };
        let method = asked.method.to_ascii_lowercase();
        let operation = &item[if method == "head" { "get" } else { &method }];
        if operation.is_null() {
            return self.one(
                &format!("405 {family}NoSuchMethod"),
                &shared(family, "NoSuchMethod"),
                answer,
                405,
            );
        }
        let response = &operation["responses"][answer.status.to_string()];
        if response.is_null() {
            return Err(format!("the document has no {}", answer.status));
        }
        let name = format!("{method} {template} {}", answer.status);
        if method == "head" {
            return self.head(response, answer);
        }
        self.one(&name, response, answer, answer.status)?;
        let takes = &operation["requestBody"]["content"]["application/json"]["schema"];
        if answer.status == 200 && !takes.is_null() {
            let body = serde_json::from_str(asked.body).map_err(|why| why.to_string())?;
            self.valid(&format!("{name} takes"), takes, &body)?;
        }
        Ok(())
    }

    fn one(&self, name: &str, response: &Value, answer: &Answer, status: u16) -> Result<(), String> {
        if answer.status != status {
            return Err(format!("{status} by the document"));
        }
        self.head(response, answer)?;
        let kind = answer.headers.get("content-type").map_or("", String::as_str);
        let (kind, _) = kind.split_once(';').unwrap_or((kind, ""));
        let content = &self.at(response)["content"][kind];
        if content.is_null() {
            return Err(format!("the document has no content of type {kind:?}"));
        }
        if kind != "application/json" {
            return Ok(());
        }
        let body = serde_json::from_str(&answer.text).map_err(|why| why.to_string())?;
        self.valid(name, &content["schema"], &body)
    }

    /// The header fields that every answer of the kind has.
    fn head(&self, response: &Value, answer: &Answer) -> Result<(), String> {
        for (name, header) in self.at(response)["headers"].as_object().into_iter().flatten() {
            let schema = &self.at(header)["schema"];
            let Some(value) = answer.headers.get(&name.to_ascii_lowercase()) else {
                return Err(format!("no field {name}"));
            };
            let number = value.parse::<i64>().ok().filter(|_| schema["type"] == "integer");
            let value = number.map_or_else(|| json!(value), |number| json!(number));
            self.valid(&format!("header {name}"), schema, &value)?;
        }
        Ok(())
    }

    /// What a reference leads to, or the value itself.
    fn at<'a>(&'a self, value: &'a Value) -> &'a Value {
        let reference = value["$ref"].as_str().and_then(|at| at.strip_prefix('#'));
        reference.map_or(value, |at| self.0.pointer(at).unwrap_or_else(|| panic!("{at} is not there")))
    }

    /// Schemas are read once for all servers: with one name they are the same.
    fn valid(&self, name: &str, schema: &Value, value: &Value) -> Result<(), String> {
        static READ: Mutex<Option<HashMap<String, Arc<Validator>>>> = Mutex::new(None);
        let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
        let known = read.get_or_insert_default().entry(name.to_owned());
        let validator = Arc::clone(known.or_insert_with(|| {
            let schema = json!({ "allOf": [schema], "components": self.0["components"] });
            Arc::new(jsonschema::draft202012::new(&schema).unwrap_or_else(|why| panic!("{name}: {why}")))
        }));
        drop(read);
        let wrong: Vec<_> =
            validator.iter_errors(value).map(|why| format!("{}: {why}", why.instance_path())).collect();
        if wrong.is_empty() { Ok(()) } else { Err(format!("{name}: {}", wrong.join("; "))) }
    }
}

/// A refusal that no operation is asked for.
fn shared(family: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/responses/{family}{name}") })
}

/// Each path answers to the methods that the document has for it and to no other: the server says so itself. With the test
/// beside the document that its paths are those of the routers, that is all there is.
#[test]
fn the_document_has_the_servers_methods() {
    let place = Place::new();
    for args in [["--dev"].as_slice(), &[]] {
        let server = place.start(args);
        let document = server.get("/openapi.json").json();
        let paths = document["paths"].as_object().unwrap();
        assert!(paths.len() > 20);
        assert_eq!(paths.contains_key("/dev/clock"), args.contains(&"--dev"));
        for (template, item) in paths {
            let path: Vec<_> =
                template.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect();
            let answer = server.request("BREW", &path.join("/"), &[], "");
            assert_eq!(answer.status, 405, "{template}");
            let allowed: BTreeSet<_> = answer.headers["allow"].split(',').map(str::to_owned).collect();
            let mut told: BTreeSet<_> =
                item.as_object().unwrap().keys().map(|method| method.to_ascii_uppercase()).collect();
            told.extend(told.contains("GET").then(|| "HEAD".to_owned()));
            assert_eq!(allowed, told, "{template}");
        }
    }
}

/// The watch over all other tests: it sees what it is there to see.
#[test]
fn an_answer_that_is_not_in_the_document_is_found() {
    let place = Place::new();
    let server = place.start(&["--dev"]);
    let contract = Contract::new(server.get("/openapi.json").json());
    let body = registration("jo@example.com").to_string();
    let asked = Asked { method: "POST", path: "/auth/register", body: &body };
    let good = server.request("POST", "/auth/register", &[], &body);
    assert_eq!(contract.check(&asked, &good), Ok(()));
    let told = |change: &dyn Fn(&mut Answer)| {
        let mut answer = good.clone();
        change(&mut answer);
        contract.check(&asked, &answer).unwrap_err()
    };
    let edited = |change: &dyn Fn(&mut Value)| {
        told(&|answer| {
            let mut json = answer.json();
            change(&mut json);
            answer.text = json.to_string();
        })
    };
    assert!(told(&|answer| answer.status = 418).contains("no 418"));
    assert!(told(&|answer| answer.text = "x".into()).contains("expected value"));
    assert!(edited(&|json| json["data"]["password"] = json!("x")).contains("password"));
    assert!(edited(&|json| json["beside"] = json!(1)).contains("beside"));
    assert!(edited(&|json| json["data"]["email"] = json!("jo@example.com")).contains("/data/email"));
    assert!(edited(&|json| json["data"] = Value::Null).contains("/data"));
    let typed = |answer: &mut Answer| {
        answer.headers.insert("content-type".into(), "text/plain".into());
    };
    assert!(told(&typed).contains("text/plain"));

    let me = Asked { method: "GET", path: "/v1/me", body: "" };
    let mut signed_out = server.get("/v1/me");
    assert_eq!(contract.check(&me, &signed_out), Ok(()));
    signed_out.headers.remove("www-authenticate");
    assert!(contract.check(&me, &signed_out).unwrap_err().contains("WWW-Authenticate"));
    let nowhere = Asked { method: "GET", path: "/v1/nowhere", body: "" };
    assert!(contract.check(&nowhere, &signed_out).unwrap_err().contains("404"));
    let other = Asked { method: "PATCH", path: "/v1/me", body: "" };
    assert!(contract.check(&other, &signed_out).unwrap_err().contains("405"));
    let nothing = Asked { body: "{}", ..asked };
    assert!(contract.check(&nothing, &good).unwrap_err().contains("takes"));
}
