//! The endpoints for trusted devices.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use countersign::{DeviceId, DeviceInfo, ForgetDevices, Label, ListDevices, TrustDevice};
use serde_json::{Value, json};

use super::answer::{Fields, No, Yes};
use super::form::{Bearer, Form};
use crate::answer::Failure;
use crate::body::Ignored;
use crate::caller::{Agent, Caller};
use crate::texts::Key;
use crate::{Auth, cookie, whole_seconds};

type Answer = Result<Yes, No>;

/// `POST /v1/devices`: trusts the device that asks. It is called what the client calls itself, if it is given no name.
pub(super) async fn trust(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Agent(agent): Agent,
    Bearer(session): Bearer,
    form: Form,
) -> Answer {
    let label = form.optional("label")?.map_or(agent, Label::new);
    let (trusted, told) = auth.put(TrustDevice { client, session, label }, Fields::BEARER).await?;
    let mut hand = auth.hand();
    let data = json!({
        "device_token": hand.device(&trusted.device),
        "expires_at": whole_seconds(trusted.expires_at),
    });
    Ok(Yes::new(Key::DeviceTrusted, data, told).with(hand))
}

/// `GET /v1/devices`
pub(super) async fn list(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Bearer(session): Bearer,
) -> Answer {
    let (devices, told) = auth.put(ListDevices { client, session }, Fields::BEARER).await?;
    let devices: Vec<_> = devices.iter().map(shown).collect();
    Ok(Yes::new(Key::YourDevices, json!({ "devices": devices }), told))
}

fn shown(device: &DeviceInfo) -> Value {
    json!({
        "id": device.id.to_string(),
        "label": device.label.as_str(),
        "created_at": whole_seconds(device.created_at),
        "last_used_at": whole_seconds(device.last_used_at),
        "expires_at": whole_seconds(device.expires_at),
        "skips_second_factor": device.skips_second_factor,
    })
}

/// `DELETE /v1/devices`: all of them. A body is not looked at.
pub(super) async fn forget_all(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Bearer(session): Bearer,
    _: Ignored,
) -> Answer {
    let (ended, told) = auth.put(ForgetDevices { client, session, which: None }, Fields::BEARER).await?;
    let hand = auth.hand().clear(&[cookie::DEVICE]);
    Ok(Yes::new(Key::NoDeviceTrusted, json!({ "ended": ended.count }), told).with(hand))
}

/// `DELETE /v1/devices/:id`. A body is not looked at.
pub(super) async fn forget(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Bearer(session): Bearer,
    id: Result<Path<String>, PathRejection>,
    _: Ignored,
) -> Answer {
    let id: Option<DeviceId> = id.ok().and_then(|Path(id)| id.parse().ok());
    let id = id.ok_or_else(|| No::from(Failure::NoSuchPath))?;
    let (ended, told) = auth.put(ForgetDevices { client, session, which: Some(id) }, Fields::BEARER).await?;
    Ok(Yes::new(Key::DeviceForgotten, json!({ "ended": ended.count }), told))
}
