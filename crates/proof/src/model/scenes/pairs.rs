//! Every operation beside every other, and beside itself: calm, in trouble, and while the clock goes on and back.

use countersign::Purpose;

use super::operations::{MOVED, Operation, home, mailed, operations};
use super::say::*;
use crate::model::scene::*;
use crate::model::told::{NOT_THE_CODE, NOT_THE_FACTOR, NOT_THE_PASSWORD};
use crate::owner::*;
use crate::people::*;

const H: fn(&'static str) -> From = From::Home;

/// What lets in: two proofs, of which one mailbox is no more than one; or a password on a device.
const fn enough(shown: u8) -> bool {
    let password = shown & BY_PASSWORD != 0;
    let app = shown & (BY_APP | BY_DRAWER) != 0;
    let mailbox = shown & BY_MAILBOX != 0;
    password && (app || mailbox || shown & BY_DEVICE != 0) || mailbox && app
}

fn scene(one: &Operation, other: &Operation) -> Option<Scene> {
    let home = home([one, other])?;
    let (mut first, mut second) = ((one.ask)(), (other.ask)());
    let name = format!("pair: {} + {}", first.what, second.what);
    let family = Some(format!("pairs: {}", first.what));
    if other.raises && one.bound {
        first = first.dead_after(&[1]);
    }
    if one.raises && other.bound {
        second = second.dead_after(&[0]);
    }
    let doors = [WHO, MOVED].into_iter().flat_map(|who| [(who, PASSWORD), (who, NEW_PASSWORD)]);
    let doors = doors.map(|(who, password)| ask("a door", enter(who, password))).collect();
    let scene = Scene::new(name, "two operations at once", home, vec![first, second])
        .settings(small_but_for_mail)
        .gauge(gauge("passwords at the door", NOT_THE_PASSWORD, 3, enter(WHO, WRONG_PASSWORD)))
        .gauge(gauge("codes of the app", NOT_THE_FACTOR, 3, prove(H("other login"), proves_app(false))))
        .gauge(gauge("codes of the session", NOT_THE_CODE, 2, guess(Purpose::SignIn, H("otp"), H("code"), 5)))
        .gauge(gauge("mailed second factors", NOT_THE_FACTOR, 3, prove(H("login"), mailed(false))))
        .enough(enough);
    let scene = Scene { family, ..scene };
    Some(if one.shuts || other.shuts { scene } else { scene.way(12, "to sign in", doors) })
}

/// Each pair, quickly; and, not so quickly, where one is cut off and one call fails, and where the clock moves twice: by more than the tolerance, to where
/// every code and every sign-in that waits has ended, and back.
pub(super) fn scenes() -> Vec<Scene> {
    let operations = operations();
    let pairs = || {
        let all = operations.iter().enumerate();
        all.flat_map(|(at, one)| operations.iter().skip(at).filter_map(move |other| scene(one, other)))
    };
    let troubled = pairs().map(|scene| scene.once_more("troubled").troubles(1, 1));
    let steps = &[61 * SECOND, 10 * MINUTE, -2 * MINUTE];
    let clocked = pairs().map(|scene| scene.once_more("clocked").settings(strict).clocks(2, steps));
    pairs().chain(troubled).chain(clocked).collect()
}
