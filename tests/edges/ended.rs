//! What has ended stays ended, and what nobody can miss is not kept.

use std::time::Duration;

use countersign::record::{RecordKey, RecordKind};
use countersign::*;

use crate::WHO;
use crate::common::{IntoResult, World, key};
use crate::owner::{APP, NONE, client, second};
use crate::people::PASSWORD;

/// Law 7, B078: what a request saw expired is erased in its commit, whatever else ends with it: a clock set back, within the tolerance or not,
/// revives none of it. A session, a device, an app that waits to be confirmed and a recovery end at one moment, alone or together.
#[test]
fn b078_what_was_seen_expired_is_revived_by_no_clock() {
    for (has, mask) in
        [(NONE, 1), (NONE, 2), (NONE, 3), (NONE, 8), (NONE, 9), (NONE, 11), (APP, 4), (APP, 5), (APP, 7)]
    {
        for back in [1, 86_400] {
            let mut settings = Settings::recommended();
            settings.sessions.idle = Some(Duration::from_secs(7_200));
            settings.devices.life = Duration::from_secs(7_200);
            settings.recovery.factor_wait = Duration::from_secs(3_600);
            settings.recovery.factor_window = Duration::from_secs(3_600);
            settings.totp.enrolment = Duration::from_secs(600);
            let world = World::new(settings);
            let person = world.owner(WHO, has);
            let looks = world.fresh(&person);
            let ends = world.fresh(&person);
            if mask & 2 > 0 {
                let _ = world.trust(&ends).unwrap();
            }
            if mask & 4 > 0 {
                let login = second(world.stepwise(WHO, PASSWORD).unwrap()).login.unwrap();
                let _ = world.lost(&login).unwrap();
            }
            world.seconds(6_600);
            assert!(world.check(&looks).is_ok());
            let app = (mask & 8 > 0).then(|| world.enrol(&looks).unwrap());
            world.seconds(599);
            let used = if mask & 1 > 0 { vec![&looks] } else { vec![&looks, &ends] };
            assert!(used.into_iter().all(|session| world.check(session).is_ok()));
            let there = |expected: bool| {
                let devices = world.devices(&looks).unwrap().len();
                assert_eq!(devices, usize::from(expected && mask & 2 > 0), "the device: {mask} {back}");
                let recovery = world.secured(&looks).unwrap().recovery.is_some();
                assert_eq!(recovery, expected && mask & 4 > 0, "the recovery: {mask} {back}");
            };
            there(true);
            world.seconds(1);
            // The one look that sees it: nothing else is to be written in it.
            assert!(world.check(&looks).is_ok());
            world.seconds(-back);
            assert_eq!(world.check(&ends).is_ok(), mask & 1 == 0, "the session: {mask} {back}");
            there(false);
            if let Some(app) = app {
                assert!(world.confirm(&looks, &app.code(world.now(), 0)).is_err(), "the app: {mask} {back}");
            }
        }
    }
}

/// Law 13: a visitor's record in which nothing is left that anybody could miss is deleted by whoever comes by, and no row is made for
/// somebody who asks for what is not there.
#[test]
fn law13_an_empty_record_is_deleted() {
    let world = World::recommended();
    let started = world.start(Purpose::SignIn, WHO).unwrap();
    let visitors = || world.seen.rows.lock().unwrap().len();
    assert_eq!(visitors(), 1);
    world.seconds(400 * 86_400);
    assert!(world.verify(Purpose::SignIn, &started.session, "000000").is_err());
    assert_eq!(visitors(), 0);
    world.calls();
    assert!(world.verify(Purpose::SignIn, &started.session, "000000").is_err());
    assert!(!world.calls().contains(&"commit"));
    assert_eq!(visitors(), 0);
}

/// Law 8, law 12: where the directory could not be told that an account is deleted, its address is as one that nobody has, whatever is asked for.
#[test]
fn law12_a_deleted_account_is_nobody_even_while_the_directory_leads_to_it() {
    let world = World::recommended();
    let person = world.owner(WHO, NONE);
    let entry = world.seen.accounts.lock().unwrap().clone();
    world.delete(&person.session, Some(PASSWORD)).unwrap();
    *world.seen.accounts.lock().unwrap() = entry;
    world.seconds(3_600);
    assert_eq!(world.stepwise(WHO, PASSWORD).unwrap_err(), Refusal::InvalidCredentials);
    let started = world.start(Purpose::SignIn, WHO).unwrap();
    assert!(world.last_mail().suppressed, "nobody is mailed");
    assert!(matches!(
        world.verify(Purpose::SignIn, &started.session, "000000"),
        Err(Refusal::InvalidCode(_))
    ));
    world.start(Purpose::Recover, WHO).unwrap();
    assert!(world.last_mail().suppressed, "nobody is mailed");
    assert_eq!(world.check(&person.session).unwrap_err(), Refusal::InvalidSession);
    // Nor can an operator do anything to it.
    let request = SetSuspended { account: person.account, suspended: true };
    assert_eq!(world.ask(request).into_result().unwrap_err(), Refusal::InvalidSession);
}

/// Law 7: an operator who asks for what cannot be sees to it that what has ended stays so, as everybody does.
#[test]
fn law7_an_operators_refusal_erases_what_has_ended() {
    let mut settings = Settings::recommended();
    settings.sessions.life = Duration::from_secs(3_600);
    let world = World::new(settings);
    let person = world.owner(WHO, NONE);
    world.seconds(3_600);
    let request = StartFactorReset { account: person.account.clone() };
    assert_eq!(world.ask(request).into_result().unwrap_err(), Refusal::NotEnrolled);
    world.seconds(-1);
    assert_eq!(world.check(&person.session).unwrap_err(), Refusal::InvalidSession);
}

/// Law 5: the code that was mailed for a lost app is for the recovery that it was mailed in, however that ended.
#[test]
fn law5_a_code_for_a_lost_app_is_for_its_own_recovery() {
    for lost_again in [false, true] {
        let world = World::recommended();
        let person = world.owner(WHO, APP);
        let begin = || {
            let request = StartFactorReset { account: person.account.clone() };
            world.ask(request).into_result().unwrap();
            second(world.stepwise(WHO, PASSWORD).unwrap()).login.unwrap()
        };
        world.seconds(61);
        let login = begin();
        let _ = world.lost(&login).unwrap();
        let code = world.last_code();
        if lost_again {
            // It is found, which stops the recovery, and lost again.
            let _ = world.prove(&login, person.totp(&world)).unwrap();
            let login = begin();
            assert!(world.reset_factors(&login, &code).is_err());
            world.seconds(61);
            assert_eq!(second(world.stepwise(WHO, PASSWORD).unwrap()).offered.first(), Some(&Factor::Totp));
        } else {
            assert!(world.reset_factors(&login, &code).is_ok());
        }
    }
}

/// R73, law 12: when the keys have been rotated no row names the old one, the mark of a deleted account that the directory still leads to
/// included: else it could be read by nobody once the old key is gone, and its address would be no one's for ever.
#[test]
fn law12_rewrap_leaves_no_row_behind() {
    let world = World::recommended();
    let person = world.owner(WHO, NONE);
    let entry = world.seen.accounts.lock().unwrap().clone();
    world.delete(&person.session, Some(PASSWORD)).unwrap();
    *world.seen.accounts.lock().unwrap() = entry;
    let policy = || Settings::recommended().build().unwrap();
    let machine = |ring: KeyRing| Machine::new(policy(), LocatorKey::new(&key(1)).unwrap(), ring);
    let with = |machine: Machine| host::Sentry { machine, ..world.sentry.clone() };
    let both = with(machine(KeyRing::new(&key(9), &[&key(2)]).unwrap()));
    let new = with(machine(KeyRing::new(&key(9), &[]).unwrap()));
    let rows: Vec<_> = world.seen.rows.lock().unwrap().keys().copied().collect();
    for row in rows {
        let rewritten = both.run(Rewrap { row }).unwrap().granted().unwrap().rewritten;
        assert!(rewritten, "{row:?}");
    }
    let meter = RecordKey::new(RecordKind::Meter, [7; 15]);
    let rewritten = both.run(Rewrap { row: meter }).unwrap().granted().unwrap().rewritten;
    assert!(!rewritten, "a meter has no key");
    world.seconds(3_600);
    let verdict = new.run(crate::people::knock(WHO, PASSWORD, Steps::Stepwise)).unwrap().verdict;
    assert_eq!(verdict.into_result().unwrap_err(), Refusal::InvalidCredentials);
}

/// Law 11: nothing is left of a deleted account but its mark: of two, of whom one was guessed at and mailed, the rows are alike.
#[test]
fn law11_nothing_is_left_of_a_deleted_account() {
    let left = |busy: bool| {
        let world = World::recommended();
        let person = world.owner(WHO, APP);
        if busy {
            let login = second(world.stepwise(WHO, PASSWORD).unwrap()).login.unwrap();
            for _ in 0..3 {
                let _ = world.prove(&login, person.wrong_totp(&world));
            }
        }
        let session = world.fresh(&person);
        let deleted = world.now();
        world.delete(&session, Some(PASSWORD)).unwrap();
        let rows = world.seen.rows.lock().unwrap();
        let row = rows.iter().find(|(key, _)| key.kind() == Some(RecordKind::Account)).unwrap().1;
        (row.0.bytes.len(), row.1.unwrap().since(deleted))
    };
    assert_eq!(left(true), left(false));
    assert_eq!(left(false).1, Duration::from_secs(7 * 86_400), "longer than any request that began before");
}

/// Law 7: nor is a device trusted for longer.
#[test]
fn law7_a_device_is_trusted_no_longer_for_a_clock_that_was_set_back() {
    let mut settings = Settings::recommended();
    settings.devices.life = Duration::from_secs(3_600);
    let world = World::new(settings);
    let mut person = world.owner(WHO, NONE);
    let _ = world.device(&mut person);
    world.seconds(-86_400);
    assert_eq!(world.devices(&person.session).unwrap().len(), 1);
    world.seconds(3_599);
    assert_eq!(world.devices(&person.session).unwrap().len(), 1);
    world.seconds(1);
    assert_eq!(world.devices(&person.session).unwrap().len(), 0);
}

/// Law 7: what was proven is not fresh for longer because a clock was set back.
#[test]
fn law7_a_proof_is_no_fresher_for_a_clock_that_was_set_back() {
    let world = World::recommended();
    let person = world.owner(WHO, APP);
    let max_age = Settings::recommended().step_up.max_age;
    world.seconds(-86_400);
    let fresh = || {
        let request =
            RequireFresh { client: client(), session: person.session.clone(), factor: None, within: max_age };
        world.ask(request).into_result()
    };
    assert!(fresh().is_ok());
    world.seconds(i64::try_from(max_age.as_secs()).unwrap() + 1);
    assert!(fresh().is_err());
}
