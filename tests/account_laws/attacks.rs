//! Laws 4, 9 and 11: whatever is tried by somebody who has less than it takes, the account stays its owner's, and the owner gets in.

use countersign::Timestamp;
use proptest::prelude::*;

use crate::attacker::{Attacker, Knows, Move, moves};
use crate::common::World;
use crate::household::{Household, UnderWay, settings};

fn under_way() -> impl Strategy<Value = UnderWay> {
    prop::sample::select(&UnderWay::ALL[..])
}

/// The story; then the latest time that anybody saw, and a step of an app more.
fn story(knows: Knows, under_way: UnderWay, moves: &[Move]) -> (World, Household, Attacker) {
    let world = World::new(settings());
    let house = Household::new(&world, under_way);
    let mut attacker = Attacker::new(&world, &house, knows);
    let mut latest = world.now();
    for it in moves {
        attacker.does(&world, it);
        latest = latest.max(world.now());
    }
    world.clock.set(latest.max(Timestamp::MIN));
    world.seconds(31);
    assert!(attacker.wrong.is_empty(), "law 4: {:?}", attacker.wrong);
    for ticket in house.tickets() {
        assert!(!attacker.holds(&ticket), "law 11: a ticket of the owner's was answered");
    }
    (world, house, attacker)
}

proptest! {
    #![proptest_config(crate::cases(120))]

    /// Laws 4, 9, R14, R75: with the identifier alone, nothing of the account changes, and its owner gets in at once: by the device, by the
    /// mailbox.
    #[test]
    fn law9_strangers_neither_take_nor_shut(
        under_way in under_way(),
        moves in prop::collection::vec(moves(true), 1..70),
    ) {
        let (world, house, _) = story(Knows::Nothing, under_way, &moves);
        house.keeps_sessions_and_devices(&world);
        house.gets_in_by_mail(&world);
        house.keeps_the_account(&world);
    }

    /// Law 4, R57: with the password and no second factor, nobody is signed in, nothing changes, sessions stay, the device opens at once.
    #[test]
    fn law4_a_password_is_not_enough(
        under_way in under_way(),
        moves in prop::collection::vec(moves(true), 1..70),
    ) {
        let (world, house, _) = story(Knows::Password, under_way, &moves);
        house.keeps_sessions_and_devices(&world);
        house.keeps_the_account(&world);
    }

    /// R63, B116, B119, B120: with a session an hour old one reads and signs out, and changes no credential.
    #[test]
    fn r63_a_session_is_not_enough(
        under_way in under_way(),
        moves in prop::collection::vec(moves(false), 1..70),
    ) {
        let (world, house, _) = story(Knows::Session, under_way, &moves);
        house.keeps_the_account(&world);
    }

    /// R57, law 4: with the mailbox of an account that has an app, no password is set and no factor goes.
    #[test]
    fn r57_a_mailbox_is_not_enough(
        under_way in under_way(),
        moves in prop::collection::vec(moves(true), 1..70),
    ) {
        let (world, house, _) = story(Knows::Mailbox, under_way, &moves);
        house.keeps_sessions_and_devices(&world);
        house.keeps_the_account(&world);
    }
}
