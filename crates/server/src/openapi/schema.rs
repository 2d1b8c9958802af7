//! Schemas from the short form.

use serde_json::{Map, Value, json};

/// Objects by name.
pub(super) type Records = Map<String, Value>;

/// What is given: a name, or an object with these fields and no others.
pub(super) fn of(short: &Value, records: &Records) -> Value {
    match short {
        Value::String(name) => named(name),
        Value::Object(fields) => {
            let mut schema = object(fields, records);
            if let Value::Object(schema) = &mut schema {
                schema.insert("additionalProperties".into(), json!(false));
            }
            schema
        }
        other => other.clone(),
    }
}

/// What is taken: an object with these fields. Others are ignored.
pub(super) fn object(fields: &Map<String, Value>, records: &Records) -> Value {
    let (mut required, mut properties) = (Vec::new(), Map::new());
    gather(fields, records, &mut required, &mut properties);
    json!({ "type": "object", "required": required, "properties": properties })
}

fn gather(
    fields: &Map<String, Value>,
    records: &Records,
    required: &mut Vec<String>,
    properties: &mut Map<String, Value>,
) {
    for (field, value) in fields {
        if field == "..." {
            if let Some(Value::Object(more)) = value.as_str().and_then(|name| records.get(name)) {
                gather(more, records, required, properties);
            }
            continue;
        }
        let name = field.strip_suffix('?');
        if name.is_none() {
            required.push(field.clone());
        }
        properties.insert(name.unwrap_or(field).into(), of(value, records));
    }
}

/// `Name`, `[Name]`, `Name|Null`.
fn named(name: &str) -> Value {
    let item = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    match (item, name.split_once('|')) {
        (Some(item), _) => json!({ "type": "array", "items": named(item) }),
        (None, Some((one, other))) => json!({ "anyOf": [named(one), named(other)] }),
        (None, None) => json!({ "$ref": format!("#/components/schemas/{name}") }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_fields_are_put_in_long() {
        let records = json!({ "Base": { "id": "Id", "name?": "Text" } });
        let short = json!({ "...": "Base", "all": "[Text]", "end?": "Time|Null" });
        let text = json!({ "$ref": "#/components/schemas/Text" });
        let long = json!({
            "type": "object",
            "required": ["id", "all"],
            "properties": {
                "id": { "$ref": "#/components/schemas/Id" },
                "name": text,
                "all": { "type": "array", "items": text },
                "end": { "anyOf": [{ "$ref": "#/components/schemas/Time" }, { "$ref": "#/components/schemas/Null" }] },
            },
            "additionalProperties": false,
        });
        assert_eq!(of(&short, records.as_object().unwrap()), long);
    }
}
