//! Endpoints and refusals from the short form.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::schema::{self, Records};

/// Endpoints of one family answer alike.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Family {
    /// `/auth/*`
    Auth,
    /// `/v1/*`
    V1,
    /// What `--dev` opens up.
    Development,
    /// This document, and the page that leads to it.
    Description,
}

impl Family {
    pub(super) fn of(path: &str) -> Self {
        if path == "/" {
            return Self::Description;
        }
        let families = [("/auth/", Self::Auth), ("/v1/", Self::V1), ("/openapi.json", Self::Description)];
        let family = families.into_iter().find(|(prefix, _)| path.starts_with(prefix));
        family.map_or(Self::Development, |(_, family)| family)
    }

    fn tag(self, bearer: bool) -> &'static str {
        match self {
            Self::Auth => "/auth",
            Self::V1 if bearer => "/v1 with a bearer",
            Self::V1 => "/v1",
            Self::Development => "development",
            Self::Description => "description",
        }
    }

    /// What an answer looks like that gives `data`.
    fn envelope(self, data: Value) -> Value {
        match self {
            Self::Auth => json!({ "$ref": "#/components/schemas/Success", "properties": { "data": data } }),
            Self::V1 => json!({ "$ref": "#/components/schemas/Yes", "properties": { "data": data } }),
            Self::Development | Self::Description => data,
        }
    }
}

/// What is an endpoint's own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Endpoint {
    id: String,
    summary: String,
    description: Option<String>,
    #[serde(default)]
    bearer: bool,
    #[serde(default)]
    path: Map<String, Value>,
    #[serde(default)]
    query: Map<String, Value>,
    takes: Option<Map<String, Value>>,
    /// What a 200 means.
    outcome: String,
    /// What is in it.
    #[serde(default)]
    gives: Value,
    /// Its media type, where it is no JSON.
    file: Option<String>,
    /// Whether there is an empty list `errors` beside the data.
    #[serde(default)]
    with_errors: bool,
    /// The refusals that others of its kind do not have.
    #[serde(default)]
    refuses: BTreeMap<String, String>,
}

/// Which endpoints of a family may give a refusal.
type Which = fn(&Endpoint) -> bool;

const ALL: Which = |_| true;
const BODY: Which = |endpoint| endpoint.takes.is_some();
const PATH: Which = |endpoint| !endpoint.path.is_empty();
const QUERY: Which = |endpoint| !endpoint.query.is_empty();
const BEARER: Which = |endpoint| endpoint.bearer;
const FILE: Which = |endpoint| endpoint.file.is_some();
const ASKS: Which = |endpoint| endpoint.file.is_none();

/// The refusals of a family.
const SHARED: [(Family, Which, &str, &str); 22] = [
    (Family::Auth, BODY, "400", "Invalid"),
    (Family::Auth, PATH, "400", "Invalid"),
    (Family::Auth, ALL, "408", "TooSlow"),
    (Family::Auth, BODY, "413", "TooLarge"),
    (Family::Auth, ASKS, "429", "Limited"),
    (Family::Auth, ALL, "503", "Unavailable"),
    (Family::V1, BEARER, "401", "V1SignedOut"),
    (Family::V1, BEARER, "403", "V1Forbidden"),
    (Family::V1, ALL, "408", "V1TooSlow"),
    (Family::V1, BODY, "413", "V1TooLarge"),
    (Family::V1, BODY, "422", "V1Wrong"),
    (Family::V1, ASKS, "429", "V1Limited"),
    (Family::V1, ASKS, "503", "V1Unavailable"),
    (Family::V1, FILE, "503", "Unavailable"),
    (Family::Development, BODY, "400", "Invalid"),
    (Family::Development, QUERY, "400", "Invalid"),
    (Family::Development, ALL, "403", "Elsewhere"),
    (Family::Development, ALL, "408", "TooSlow"),
    (Family::Development, BODY, "413", "TooLarge"),
    (Family::Development, ALL, "503", "Unavailable"),
    (Family::Description, ALL, "408", "TooSlow"),
    (Family::Description, ALL, "503", "Unavailable"),
];

impl Endpoint {
    /// As an operation of OpenAPI.
    pub(super) fn operation(&self, family: Family, records: &Records) -> Value {
        let mut operation = Map::new();
        operation.insert("tags".into(), json!([family.tag(self.bearer)]));
        operation.insert("operationId".into(), json!(self.id));
        operation.insert("summary".into(), json!(self.summary));
        if let Some(description) = &self.description {
            operation.insert("description".into(), json!(description));
        }
        if self.bearer {
            operation.insert("security".into(), json!([{ "bearer": [] }]));
        }
        let parameters: Vec<_> = parameters("path", &self.path, records)
            .chain(parameters("query", &self.query, records))
            .collect();
        if !parameters.is_empty() {
            operation.insert("parameters".into(), json!(parameters));
        }
        if let Some(fields) = &self.takes {
            let content = json!({ "application/json": { "schema": schema::object(fields, records) } });
            operation.insert("requestBody".into(), json!({ "required": true, "content": content }));
        }
        operation.insert("responses".into(), self.responses(family, records));
        Value::Object(operation)
    }

    /// The yes in the family's envelope, the family's refusals, and those of its own.
    fn responses(&self, family: Family, records: &Records) -> Value {
        let mut yes = json!({ "description": self.outcome, "content": self.content(family, records) });
        if let (Family::V1, Value::Object(yes)) = (family, &mut yes) {
            yes.insert("headers".into(), headers(METERS));
        }
        let mut responses = BTreeMap::from([("200", yes)]);
        let shared = SHARED.iter().filter(|(of, which, ..)| *of == family && which(self));
        let own = self.refuses.iter().map(|(status, name)| (status.as_str(), name.as_str()));
        for (status, name) in shared.map(|(_, _, status, name)| (*status, *name)).chain(own) {
            responses.insert(status, json!({ "$ref": format!("#/components/responses/{name}") }));
        }
        json!(responses)
    }

    fn content(&self, family: Family, records: &Records) -> Value {
        if let Some(kind) = &self.file {
            return json!({ kind: { "schema": { "type": "string" } } });
        }
        let mut schema = family.envelope(schema::of(&self.gives, records));
        if let (true, Value::Object(schema)) = (self.with_errors, &mut schema) {
            schema.insert("required".into(), json!(["errors"]));
        }
        json!({ "application/json": { "schema": schema } })
    }
}

fn parameters(place: &str, fields: &Map<String, Value>, records: &Records) -> impl Iterator<Item = Value> {
    fields.iter().map(move |(field, value)| {
        let name = field.strip_suffix('?');
        json!({
            "name": name.unwrap_or(field),
            "in": place,
            "required": name.is_none(),
            "schema": schema::of(value, records),
        })
    })
}

/// The fields that every answer of `/v1/*` has.
const METERS: [&str; 4] = ["X-RateLimit-Limit", "X-RateLimit-Remaining", "RateLimit-Policy", "RateLimit"];

fn headers<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> Value {
    let field = |name: N| {
        let name = name.as_ref().to_owned();
        let at = json!({ "$ref": format!("#/components/headers/{name}") });
        (name, at)
    };
    Value::Object(names.into_iter().map(field).collect())
}

/// An answer that says no.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Refused {
    why: String,
    /// The codes it may have, in the shape of `/auth/*`.
    #[serde(default)]
    codes: Vec<String>,
    /// Its shape, where it is another.
    shape: Option<String>,
    /// The fields it has besides those of its family.
    #[serde(default)]
    headers: Vec<String>,
}

/// All refusals, as responses of OpenAPI.
pub(super) fn refusals(all: BTreeMap<String, Refused>) -> Value {
    let response = |(name, refused): (String, Refused)| {
        let Refused { why, codes, shape, mut headers } = refused;
        let mut schema =
            json!({ "$ref": format!("#/components/schemas/{}", shape.as_deref().unwrap_or("Error")) });
        if let (false, Value::Object(schema)) = (codes.is_empty(), &mut schema) {
            let code = json!({ "properties": { "code": { "enum": codes } } });
            schema.insert("properties".into(), json!({ "error": code }));
        }
        if name.starts_with("V1") {
            headers.extend(METERS.map(str::to_owned));
        }
        let content = json!({ "application/json": { "schema": schema } });
        (name, json!({ "description": why, "headers": self::headers(&headers), "content": content }))
    };
    Value::Object(all.into_iter().map(response).collect())
}
