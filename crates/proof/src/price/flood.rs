//! What one client fills the store with.

use core::time::Duration;

use countersign::record::RecordKind;
use countersign::*;

use super::{Effort, Figure};
use crate::common::{IntoResult, World};
use crate::owner::NONE;
use crate::owner::password;
use crate::people::{PASSWORD, Person, WRONG_PASSWORD};

/// What a row costs beside its bytes: key, version, expiry.
const ENVELOPE: u64 = 16 + 16 + 8;

/// The longest identifier there is, and so many of them.
fn victim(n: u64) -> Identifier {
    let label = "d".repeat(63);
    let text = format!("{n:0>64}@{label}.{label}.{}", "e".repeat(61));
    Identifier::parse(&text).unwrap()
}

/// Rows made and bytes stored in so many minutes by one client that does all it may; each request asks about somebody else.
fn flood(settings: &Settings, minutes: u64) -> (u64, u64) {
    let mut settled = settings.clone();
    settled.passwords.min_code_points = 8;
    settled.factors.required = false;
    let world = World::new(settled);
    // Each account may say so often that some address is to be its own; whoever floods has enough accounts.
    let each = u64::from(settings.sends.short.count.min(settings.sends.long.count));
    let per_minute = u64::from(settings.clients.every.count);
    let accounts = (per_minute * minutes).div_ceil(each.min(minutes)).max(1) + per_minute;
    let mut movers: Vec<Person> = Vec::new();
    for n in 0..accounts {
        movers.push(world.person(&format!("mallory{n}@example.org"), NONE));
        world.seen.mail.lock().unwrap().clear();
    }
    // Not so long that an unused session ends.
    world.seconds(120);
    let (mut n, mut moved) = (0, 0);
    let client = Client::named(b"flood");
    let size = |world: &World| {
        let rows = world.seen.rows.lock().unwrap();
        let bytes: u64 = rows.values().map(|(row, _)| row.bytes.len() as u64 + ENVELOPE).sum();
        (rows.keys().filter(|key| key.kind() == Some(RecordKind::Visitor)).count() as u64, bytes)
    };
    world.seen.rows.lock().unwrap().retain(|key, _| key.kind() == Some(RecordKind::Account));
    let before = size(&world);
    let locale = Some(Locale::new(&"x".repeat(Locale::MAX_BYTES)).unwrap());
    let long = Password::typed(&format!("q{}", "p".repeat(107))).unwrap();
    let mut next = || {
        n += 1;
        victim(n)
    };
    for _ in 0..minutes {
        for _ in 0..per_minute {
            let (client, locale, label) = (client.clone(), locale.clone(), Label::new("flood"));
            let made = world.ask(SignUp {
                client: client.clone(),
                identifier: next(),
                password: long.clone(),
                profile: Profile::new(vec![0; Profile::MAX_BYTES]).unwrap(),
                locale: locale.clone(),
            });
            let _ = made.into_result().unwrap();
            let _ = world.ask(SignIn { client: client.clone(), identifier: next(), locale: locale.clone() });
            let _ = world.ask(Recover { client: client.clone(), identifier: next(), locale: locale.clone() });
            let wrong = password(WRONG_PASSWORD);
            let knock = PasswordSignIn {
                client: client.clone(),
                identifier: next(),
                password: wrong.clone(),
                steps: Steps::Stepwise,
                label,
                locale: locale.clone(),
                device: None,
            };
            let _ = world.ask(knock);
            let again =
                ResendSignUp { client: client.clone(), identifier: next(), password: wrong, session: None };
            let _ = world.ask(again);
            for _ in 0..3 {
                let session = movers[moved % movers.len()].session.clone();
                moved += 1;
                let (given, to) = (Some(password(PASSWORD)), next());
                let request = ChangeAddress {
                    client: client.clone(),
                    session,
                    password: given,
                    to,
                    locale: locale.clone(),
                };
                if world.ask(request).into_result().is_ok() {
                    break;
                }
            }
        }
        world.seconds(60);
        world.calls();
        world.events();
        world.seen.mail.lock().unwrap().clear();
    }
    let after = size(&world);
    (after.0 - before.0, after.1 - before.1)
}

const ROUNDED: &str = "every row with a challenge is counted at 4 KiB; the longest sign-up has 2.9, those of other purposes 0.6";

pub(super) fn figures(settings: &Settings, effort: Effort) -> Vec<Figure> {
    // The limits of clients are windows that come round many times in a day: a few of them, and as many as a day has.
    let minutes = if effort == Effort::Full { 20 } else { 1 };
    let window = settings.clients.every.window;
    if window != Duration::from_secs(60) || !settings.clients.further.is_empty() {
        return vec![];
    }
    let (rows, bytes) = flood(settings, minutes);
    let day = |got: u64| got * 24 * 60 / minutes;
    let by = format!("{minutes} minutes, {} times", 24 * 60 / minutes);
    vec![
        Figure {
            what: "rows a day, by one client",
            of: |price| price.flood.rows_per_day,
            computed: 0,
            simulated: day(rows),
            by: by.clone(),
            loose: None,
        },
        Figure {
            what: "bytes a day, by one client",
            of: |price| price.flood.bytes_per_day,
            computed: 0,
            simulated: day(bytes),
            by,
            loose: Some(ROUNDED),
        },
    ]
}
