//! What a new password must be: long enough, and on no list.

use super::Password;
use crate::policy::Policy;
use crate::{Blocklist, Identifier, Refusal};

/// Whether `password` may become that of `identifier`: asked whenever one is set or changed, before anything is hashed.
///
/// Length in code points, then the machine's [`Blocklist`](super::Blocklist). No rule about which kinds of characters it has
/// (NIST SP 800-63B-4 §3.1.1.2: "SHALL NOT impose other composition rules"), and no upper bound besides
/// [`Password::MAX_BYTES`]. A password that is checked, not chosen, must not be refused for it: it may be from before the rules.
///
/// Depends on the request and the policy alone, never on a record: the refusal is the same whether or not an account exists
/// (law 8). The caller counts the request first.
///
/// # Errors
/// [`Refusal::PasswordTooShort`] or [`Refusal::PasswordBlocked`].
pub(crate) fn vet(
    policy: &Policy,
    blocklist: &dyn Blocklist,
    password: &Password,
    identifier: &Identifier,
) -> Result<(), Refusal> {
    let min_code_points = policy.settings().passwords.min_code_points;
    if password.code_points() < min_code_points {
        return Err(Refusal::PasswordTooShort { min_code_points });
    }
    blocklist.reason(password, identifier).map_or(Ok(()), |why| Err(Refusal::PasswordBlocked(why)))
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};
    use alloc::sync::Arc;
    use alloc::vec::Vec;

    use super::*;
    use crate::{
        Blocked, Client, Committed, Context, Entropy, KeyRing, LocatorKey, Machine, NextStep, Profile,
        RedeemSignUp, Request, Settings, SignUp, Step, Ticket, Timestamp, Verdict,
    };

    fn machine(settings: Settings) -> Machine {
        let key = |byte: u8| -> Vec<u8> { (0..32).map(|n: u8| n ^ byte).collect() };
        let locator = LocatorKey::new(&key(1)).unwrap();
        Machine::new(settings.build().unwrap(), locator, KeyRing::new(&key(2), &[]).unwrap())
    }

    fn judge(machine: &Machine, text: &str) -> Result<(), Refusal> {
        vet(
            machine.policy(),
            machine.blocklist(),
            &Password::typed(text).unwrap(),
            &Identifier::parse("jo@example.com").unwrap(),
        )
    }

    /// `n` characters of two kinds in turn: on no list.
    fn of(n: usize, pair: [char; 2]) -> String {
        pair.iter().cycle().take(n).collect()
    }

    /// R83: eight or fifteen, counted as code points of the normal form; neither bytes nor what is typed.
    #[test]
    fn r83_length_is_counted_in_code_points() {
        for (settings, least) in [(Settings::recommended(), 8), (Settings::nist_aal2(), 15)] {
            let machine = machine(settings);
            let short = Err(Refusal::PasswordTooShort { min_code_points: least });
            for pair in [['x', 'Q'], ['é', 'ß'], ['語', '🦀']] {
                assert_eq!(judge(&machine, &of(least - 1, pair)), short, "{pair:?}");
                assert_eq!(judge(&machine, &of(least, pair)), Ok(()), "{pair:?}");
            }
            // An `e` and its accent are one code point once composed.
            let composed = "e\u{301}e\u{300}".repeat(least);
            let typed = |n| composed.chars().take(2 * n).collect::<String>();
            assert_eq!(judge(&machine, &typed(least - 1)), short);
            assert_eq!(judge(&machine, &typed(least)), Ok(()));
        }
    }

    /// R83: sixty-four code points and many more are taken, whatever they are.
    #[test]
    fn r83_long_passwords_are_taken() {
        let machine = machine(Settings::recommended());
        for n in [64, 65, 128, 256] {
            for pair in [['x', 'Q'], [' ', '.'], ['語', '🦀']] {
                assert_eq!(judge(&machine, &of(n, pair)), Ok(()), "{n} of {pair:?}");
            }
        }
    }

    /// R83: no kind of character is asked for, and none is refused.
    #[test]
    fn r83_there_are_no_composition_rules() {
        let machine = machine(Settings::recommended());
        for text in [
            "lemonade",
            "LEMONADE",
            "58203917",
            "!?!,.;-!?",
            "        x",
            "zitronenlimonade",
            "レモネードを飲む人",
        ] {
            assert_eq!(judge(&machine, text), Ok(()), "{text:?}");
        }
    }

    /// R84: the list is asked with the whole password and the identifier, and its reason is what is told; length comes first.
    #[test]
    fn r84_a_list_of_the_hosts_is_asked_and_its_reason_told() {
        struct Only;
        impl Blocklist for Only {
            fn reason(&self, candidate: &Password, identifier: &Identifier) -> Option<Blocked> {
                let listed = "jo@example.com, 40 rocks and a password to skim the pond with";
                (candidate.expose() == listed && identifier.as_str() == "jo@example.com")
                    .then_some(Blocked::Compromised)
            }
        }
        let usual = machine(Settings::recommended());
        assert_eq!(judge(&usual, "password"), Err(Refusal::PasswordBlocked(Blocked::Common)));
        assert_eq!(judge(&usual, "pass"), Err(Refusal::PasswordTooShort { min_code_points: 8 }));
        let other = usual.clone().with_blocklist(Arc::new(Only));
        let listed = "jo@example.com, 40 rocks and a password to skim the pond with".to_string();
        assert_eq!(judge(&other, &listed), Err(Refusal::PasswordBlocked(Blocked::Compromised)));
        assert_eq!(judge(&other, &(listed.clone() + "x")), Ok(()), "nothing is cut");
        assert_eq!(judge(&other, "password"), Ok(()), "the host's list is the only one");
        assert_eq!(judge(&usual, &listed), Ok(()), "the machine it was made from is as it was");
    }
    /// What a request that brings a password is refused with, and the stages that it took.
    fn refused<R: Request>(machine: &Machine, request: R) -> (Refusal, Vec<&'static str>) {
        let context = Context { now: Timestamp::UNIX_EPOCH, entropy: Entropy::from_seed([5; 32]) };
        let (mut step, mut stages) = (machine.begin(request, context), Vec::new());
        loop {
            step = match step {
                Step::Load(load) => {
                    stages.push("load");
                    let rows = load.keys().iter().map(|_| None).collect();
                    load.resume(rows).unwrap()
                }
                Step::Commit(commit) => {
                    stages.push("commit");
                    commit.resume(Committed::Applied).unwrap()
                }
                Step::Done(done) => match done.outcome.verdict {
                    Verdict::Refused(refusal) => return (refusal, stages),
                    Verdict::Granted(_) => panic!("granted"),
                },
                _ => panic!("more was asked than the meter"),
            };
        }
    }

    /// R83, R84, law 8: the request is counted; then a bad password is refused with its reason, before the directory or a record
    /// is asked whether there is an account, and before anything is hashed.
    #[test]
    fn r84_a_bad_password_is_counted_and_refused_before_anything_is_looked_up() {
        let machine = machine(Settings::recommended());
        let client = Client::ip("192.0.2.7".parse().unwrap());
        for (text, expected) in [
            ("1234567", Refusal::PasswordTooShort { min_code_points: 8 }),
            ("Password1", Refusal::PasswordBlocked(Blocked::Common)),
            ("77777777", Refusal::PasswordBlocked(Blocked::Predictable)),
            ("jo@example.com", Refusal::PasswordBlocked(Blocked::Context)),
        ] {
            assert_eq!(expected.next(), [NextStep::Start]);
            let (identifier, password) =
                (Identifier::parse("jo@example.com").unwrap(), Password::typed(text).unwrap());
            let sign_up = SignUp {
                client: client.clone(),
                identifier: identifier.clone(),
                password: password.clone(),
                profile: Profile::default(),
                locale: None,
            };
            assert_eq!(refused(&machine, sign_up), (expected.clone(), ["load", "commit"].to_vec()), "{text}");
            let link = Ticket::parse(&alloc::format!("link_{}", "A".repeat(48))).unwrap();
            let profile = Profile::default();
            let redeem = RedeemSignUp { client: client.clone(), link, identifier, password, profile };
            assert_eq!(refused(&machine, redeem), (expected, ["load", "commit"].to_vec()), "{text}");
        }
    }
}
