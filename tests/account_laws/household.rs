//! An owner with everything an account can have, and what must still be so after whatever others did.

use countersign::*;

use crate::common::World;
use crate::owner::*;
use crate::people::*;

pub(super) const WHO: &str = "jo@example.com";

/// What is under way on the account when others come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum UnderWay {
    Nothing,
    /// An app that waits to be confirmed, beside the one that is on.
    Enrolment,
    /// The wait for a lost app, begun by somebody who knew the password.
    Wait,
    /// A change of the address, begun.
    Move,
}

impl UnderWay {
    pub(super) const ALL: [Self; 4] = [Self::Nothing, Self::Enrolment, Self::Wait, Self::Move];
}

pub(super) struct Household {
    pub(super) person: Person,
    /// Another session, from before.
    pub(super) older: Ticket<Session>,
    pub(super) device: Ticket<Device>,
    before: Secured,
    /// How many messages there were.
    mails: usize,
}

/// The recommended settings with three recovery codes, so that trying them all is quick.
pub(super) fn settings() -> Settings {
    let mut settings = Settings::recommended();
    settings.recovery_codes.count = 3;
    settings.recovery_codes.warn_at = 1;
    settings
}

/// Tries a request again whenever the wait it is told of is over.
pub(super) fn patiently<T>(world: &World, mut ask: impl FnMut() -> Result<T, Refusal>) -> Result<T, Refusal> {
    for _ in 0..20 {
        match ask() {
            Err(Refusal::Limited { retry_at, .. }) => world.clock.set(retry_at),
            answer => return answer,
        }
    }
    panic!("no end of waiting")
}

/// The messages that tell of a change.
const CHANGES: [&str; 9] = [
    "factor_added",
    "factor_removed",
    "recovery_codes_issued",
    "recovery_code_used",
    "password_changed",
    "password_reset",
    "address_changed",
    "factors_reset",
    "account_deleted",
];

impl Household {
    pub(super) fn new(world: &World, under_way: UnderWay) -> Self {
        let mut person = world.owner(WHO, BOTH);
        let older = person.session.clone();
        let device = world.device(&mut person);
        match under_way {
            UnderWay::Nothing => {}
            UnderWay::Enrolment => drop(world.enrol(&person.session).unwrap()),
            UnderWay::Wait => {
                world.seconds(61);
                let _ = world.lost(&world.login(WHO)).unwrap();
            }
            UnderWay::Move => drop(world.move_to(&person.session, None, "jo@new.example.org").unwrap()),
        }
        world.seconds(3600);
        let before = world.secured(&person.session).unwrap();
        Self { person, older, device, before, mails: world.mails() }
    }

    /// Every ticket that opens something of the owner's, as text.
    pub(super) fn tickets(&self) -> [String; 3] {
        [self.person.session.expose(), self.older.expose(), self.device.expose()]
    }

    /// The account's credentials are what they were: password, address, app, mailed codes, recovery codes, each still good, though perhaps
    /// after a wait; and nobody was told otherwise.
    pub(super) fn keeps_the_account(&self, world: &World) {
        let told = world.mailed(self.mails);
        let of_a_change = |(to, kind): &(String, &'static str)| to.as_str() == WHO && CHANGES.contains(kind);
        assert!(!told.iter().any(of_a_change), "the owner was told of a change: {told:?}");
        assert_eq!(world.account(WHO).as_ref(), Some(&self.person.account), "the address is still his");
        world.trying(|| {
            let app = self.person.app.as_ref().unwrap();
            let by_app = || {
                let login = self.login(world)?;
                world.prove(&login, Proof::Totp(Code::typed(&app.code(world.now(), 0))))
            };
            let signed_in = patiently(world, by_app).expect("password and app are good");
            assert_eq!(signed_in.account(), &self.person.account);
            assert_eq!(signed_in.address().as_str(), WHO);
            let secured = world.secured(signed_in.session()).unwrap();
            assert!(secured.totp && secured.mailed_code && secured.required.is_empty());
            assert_eq!(secured.recovery_codes_left, self.person.drawer.len());
            for code in &self.person.drawer {
                let by_code = || world.prove(&self.login(world)?, Proof::RecoveryCode(code.clone()));
                assert!(patiently(world, by_code).is_ok(), "a recovery code is dead");
            }
        });
    }

    fn login(&self, world: &World) -> Result<Ticket<Login>, Refusal> {
        world.stepwise(WHO, PASSWORD).map(|progress| second(progress).login.unwrap())
    }

    /// The sessions are alive and the trusted device opens at once.
    pub(super) fn keeps_sessions_and_devices(&self, world: &World) {
        for session in [&self.person.session, &self.older] {
            let info = world.check(session).expect("a session of the owner's was ended");
            assert_eq!((&info.account, info.address.as_str()), (&self.person.account, WHO));
        }
        let now = world.secured(&self.person.session).unwrap();
        assert_eq!(
            (now.sessions, now.devices, now.totp, now.mailed_code, now.recovery_codes_left),
            (
                self.before.sessions,
                self.before.devices,
                self.before.totp,
                self.before.mailed_code,
                self.before.recovery_codes_left
            )
        );
        world.trying(|| {
            let progress =
                world.by_device(WHO, PASSWORD, &self.device).expect("law 9: at once, by the device");
            assert!(progress.signed_in().is_some(), "law 9: the device lets past the app");
        });
    }

    /// Whoever reads the mailbox gets a new password now, and in by it, whatever budgets and sends are used up (law 9).
    pub(super) fn gets_in_by_mail(&self, world: &World) {
        world.trying(|| {
            let sent = world.start(Purpose::Recover, WHO);
            let mail = match sent {
                Ok(_) => world.last_mail(),
                Err(Refusal::Limited { .. }) => world.last_of_to("recovery_code", WHO),
                Err(other) => panic!("{other:?}"),
            };
            let link = recovery_link(&mail).expect("a link");
            let grant = world.redeem(&link).expect("law 9: a mailed link is outside every budget");
            let proof = Some(self.person.totp(world));
            let reset = world.reset(&grant.grant, NEW_PASSWORD, proof).expect("the app is at hand");
            let asked = second(world.by_device(WHO, NEW_PASSWORD, &reset.device).expect("its own budgets"));
            world.seconds(30);
            assert!(world.prove(&asked.login.unwrap(), self.person.totp(world)).is_ok());
        });
    }
}
