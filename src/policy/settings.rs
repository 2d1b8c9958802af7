//! Every number of the library, with its default and where the default comes from.

use alloc::vec::Vec;
use core::time::Duration;

use crate::Operation;

const fn minutes(n: u64) -> Duration {
    Duration::from_secs(n.saturating_mul(60))
}
const fn hours(n: u64) -> Duration {
    minutes(n.saturating_mul(60))
}
const fn days(n: u64) -> Duration {
    hours(n.saturating_mul(24))
}

/// The numbers a [`Policy`](super::Policy) is built from. Plain data: change what you like, then
/// [`build`](Settings::build), which says what cannot stand and why.
///
/// All spans are whole milliseconds. There is no "unlimited": every limit is finite and at least 1 (R16).
///
/// ```
/// use core::time::Duration;
/// use countersign::Settings;
/// let mut settings = Settings::recommended();
/// settings.codes.sign_in.code = Duration::from_secs(120);
/// let policy = settings.build()?;
/// # Ok::<(), countersign::PolicyError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// One-time codes sent by mail.
    pub codes: Codes,
    /// Links sent by mail.
    pub links: Links,
    /// How many messages are sent.
    pub sends: SendLimits,
    /// How many wrong guesses are answered, per factor and partition, over all flows.
    pub guesses: GuessLimits,
    /// New passwords.
    pub passwords: Passwords,
    /// What counts as a second factor, and who must have one.
    pub factors: Factors,
    /// Codes from an authenticator app.
    pub totp: Totp,
    /// Codes for the drawer.
    pub recovery_codes: RecoveryCodes,
    /// Signed-in sessions.
    pub sessions: Sessions,
    /// Trusted devices.
    pub devices: Devices,
    /// Winning an account back.
    pub recovery: Recovery,
    /// Proving it again.
    pub step_up: StepUp,
    /// What whoever signs in must do before anything else.
    pub actions: Actions,
    /// Security notices to the owner of an account: of changes, apart from all other messages; default 20 in a day. A change that the owner
    /// cannot be told of is refused; a recovery and a new password are not.
    pub notices: Limit,
    /// Requests per client.
    pub clients: ClientLimits,
    /// How far clocks of different nodes may differ, default 60 s, 1 s to 1 h. A clock that is behind by no more is
    /// ignored (a wait may then last longer by as much); one that is further behind rebases the record (law 7). A request that has been
    /// under way for longer is given up before it writes ([`Commit::write`](crate::machine::Commit::write)).
    pub clock_tolerance: Duration,
}

/// One-time codes sent by mail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Codes {
    /// Decimal digits, 6 to 10; default 6 (NIST 800-63B-4 §3.1.3.2, ASVS 6.5.4).
    pub digits: u8,
    /// Wrong codes answered per session, 1 to 100; default 5. Resend does not give any back (R4, R10).
    pub max_attempts: u32,
    /// Sessions of one purpose that may be live in one record, 1 or 2; default 2. More are refused.
    pub live_sessions: u8,
    /// What becomes of the previous code when one is sent again.
    pub resend: ResendPolicy,
    /// Codes for signing up; default 300 s in a session of 900 s.
    pub sign_up: Lifetimes,
    /// Codes for signing in; default 300 s in a session of 900 s.
    pub sign_in: Lifetimes,
    /// Codes for recovery; default 600 s in a session of 900 s (at most 24 h by mail: NIST 800-63B-4 §4.2.1.2).
    pub recover: Lifetimes,
    /// Codes that confirm an action; default 300 s in a session of 900 s.
    pub confirm_action: Lifetimes,
    /// Codes that prove a new address; default 600 s in a session of 900 s.
    pub change_address: Lifetimes,
    /// Codes that prove again who is signed in; default 300 s in a session of 900 s.
    pub step_up: Lifetimes,
    /// Codes that turn a lost second factor off; default 600 s in a session of 900 s.
    pub recover_factor: Lifetimes,
    /// Codes that are a second factor, and the time in which a sign-in must come to its end; default 300 s and 900 s.
    pub second_factor: Lifetimes,
}

/// How long codes of one purpose, and the sessions around them, live. Two deadlines: resend renews the first and never
/// moves the second (law 6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lifetimes {
    /// A code's life, at most 10 minutes (R18), for recovery 24 hours.
    pub code: Duration,
    /// The session's life, at least that of a code and at most 24 hours.
    pub session: Duration,
}

/// What becomes of the previous code when one is sent again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResendPolicy {
    /// Only the newest code is taken. The default: mails arrive in order more often than not, and fewer codes are live.
    Replace,
    /// The previous code is taken as well until it expires. Only where at most one session is live per purpose, so that
    /// at most two codes are.
    KeepPrevious,
}

/// Links sent by mail: tickets of 128 random bits, outside every guess budget, so that nobody who spends budgets can keep
/// the owner of a mailbox out (law 9).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Links {
    /// The life of a link that completes a sign-up; default 48 h, at most 7 days. Longer than the longer sending window,
    /// so that a stranger who spends all sends cannot outlast it.
    pub sign_up: Duration,
    /// The life of a link that leads to a new password; default 24 h (the most NIST 800-63B-4 §4.2.1.2 allows a recovery code by
    /// mail), at most 7 days. No shorter than the longer sending window, so that a stranger who spends all sends leaves
    /// the owner a link that works until the next can be sent (law 9).
    pub recover: Duration,
}

/// How many messages are sent, per record (identifier or account), purpose and partition. A send is charged whether or
/// not the mailer succeeds, and also where nobody gets it (R24, B066).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SendLimits {
    /// Time between two sends; default 60 s.
    pub cooldown: Duration,
    /// Sends in the shorter window, the first message included; default 6 in 30 minutes: one message and
    /// five resends. At most 100, in less than 7 days.
    pub short: Limit,
    /// Sends in the longer window; default 20 in a day; at most 100, in less than 7 days.
    pub long: Limit,
}

/// At most so many in any window of that length.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limit {
    /// How many, 1 to 1000.
    pub count: u32,
    /// In any window of this length, half open.
    pub window: Duration,
}

/// How many wrong guesses are answered, per factor and partition, over all flows (RFC 4226 §7.3, NIST 800-63B-4 §3.2.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GuessLimits {
    /// Guesses without a wait; default 10 in 15 minutes.
    pub free: Limit,
    /// The first lock; default 900 s. One guess per lock, each wrong one doubles it.
    pub lock: Duration,
    /// The longest lock; default 24 h.
    pub longest_lock: Duration,
    /// How long after a lock's end, without failure, the doubling starts anew; default 24 h.
    pub forget_lock_after: Duration,
    /// Guesses in the long run, which no success gives back; default 100 in 90 days.
    pub long: Limit,
    /// Consecutive failures on an account's record that disable the factor for that partition until it is bound anew or recovered;
    /// default 100, the most NIST 800-63B-4 §3.2.2 allows (R1).
    pub consecutive: u32,
}

/// New passwords (NIST 800-63B-4 §3.1.1.2, R83).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Passwords {
    /// The least number of Unicode code points, 8 to 64; default 8 (ASVS 6.2.1), 15 in `nist_aal2`.
    pub min_code_points: usize,
}

/// What counts as a second factor, and who must have one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Factors {
    /// Whether a mailed code may be one; default yes, no in `nist_aal2`: a mailbox is no authenticator (NIST 800-63B-4
    /// §3.1.3.1, ASVS 6.3.6). Where it may, it says "email" in the session's methods and raises no assurance level.
    pub mailed_code: bool,
    /// Whether whoever signs in without one is told to enrol one; default no, yes in `nist_aal2`.
    pub required: bool,
    /// Sign-ins of one account that may wait for their second factor at once, 1 to 32; default 8. More are refused.
    pub pending_logins: u8,
}

/// Codes from an authenticator app (RFC 6238).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Totp {
    /// Decimal digits, 6 to 8; default 6.
    pub digits: u8,
    /// The time step in seconds, 1 to 120; default 30.
    pub period_seconds: u32,
    /// Steps accepted before the current one, 0 to 2; default 1 (RFC 6238 §5.2).
    pub steps_back: u8,
    /// Steps accepted after the current one, 0 to 2; default 1.
    pub steps_forward: u8,
    /// Bits of a new secret, 128 to 512 in whole bytes; default 160 (RFC 4226 §4 R6).
    pub secret_bits: u16,
    /// How long a new secret waits to be confirmed; default 10 minutes, at most an hour.
    pub enrolment: Duration,
}

/// Codes for the drawer (NIST 800-63B-4 §4.2.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecoveryCodes {
    /// How many are issued at once, 1 to 32; default 10.
    pub count: u8,
    /// Bits of each, 64 to 256; default 80.
    pub bits: u16,
    /// With so many left or fewer, the owner is warned; default 3.
    pub warn_at: u8,
    /// With so many left or fewer, new ones are required; default 0.
    pub require_at: u8,
}

/// Signed-in sessions (NIST 800-63B-4 §2.2.3, ASVS 7.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sessions {
    /// The absolute life; default 30 days, 24 hours in `nist_aal2`.
    pub life: Duration,
    /// The life without use, if any; default none, 1 hour in `nist_aal2`.
    pub idle: Option<Duration>,
    /// Sessions per account, 1 to 128; default 32. With one more, the oldest session of the account ends, whoever began it.
    pub per_account: u8,
    /// How exactly the last use is kept; default 5 minutes. A session may end by idleness that much early, and not
    /// later; shorter means more writes. At most half of `idle`.
    pub touch: Duration,
}

/// Trusted devices.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Devices {
    /// How long one is trusted; default 30 days.
    pub life: Duration,
    /// How long the previous ticket is taken after a rotation whose answer may be lost; default 60 s.
    pub rotation_grace: Duration,
    /// Devices per account, 1 to 32; default 10.
    pub per_account: u8,
    /// Whether a trusted device may let its owner past the second factor; default yes, no in `nist_aal2` (NIST 800-63B-4 §5.1). Where
    /// not, it only has guess budgets, sends and slots of its own.
    pub skip_second_factor: bool,
    /// Wrong passwords in a row after which a device is trusted no more, 1 to 100 and fewer than the free guesses, so that a stolen
    /// device locks no other; default 8.
    pub max_failures: u32,
}

/// Winning an account back (NIST 800-63B-4 §4.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recovery {
    /// Whether a lost password of an account with an authenticator app asks for a code of it, or a recovery code, beside the mailbox;
    /// default yes (§4.2.2.2).
    pub further_proof: bool,
    /// How long somebody who lost a second factor waits, while the owner is told; default 72 h, 1 h to 30 days. The wait grants nothing:
    /// after it the mailbox is asked, and the password was before.
    pub factor_wait: Duration,
    /// How long after that it can be completed; default 7 days, at most 30.
    pub factor_window: Duration,
}

/// Proving it again (ASVS 7.5.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StepUp {
    /// For how long what was proven counts as proven now, when credentials are changed; default 5 minutes, at most an hour.
    pub max_age: Duration,
    /// Whether a recovery code counts as proven for changes of credentials; default no. A recovery code signs in, and lets a lost
    /// authenticator app be bound anew. With `true`, whoever finds the codes and knows the password replaces everything else.
    pub recovery_code: bool,
}

/// What whoever signs in must do before the session is worth anything else. An authenticator to be enrolled is required by
/// [`Factors::required`], another password by [`RequirePasswordChange`](crate::RequirePasswordChange).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Actions {
    /// Prove an address that so far only the host's directory vouches for; default yes.
    pub verify_address: bool,
    /// Have recovery codes issued anew when they have run out ([`RecoveryCodes::require_at`]); default no, yes in `nist_aal2`. Where not,
    /// it is only asked for.
    pub regenerate_codes: bool,
}

/// Requests per client and operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientLimits {
    /// For every operation; default 60 a minute.
    pub every: Limit,
    /// Further limits for single operations, at most three for each.
    pub further: Vec<(Operation, Limit)>,
}

impl Settings {
    /// The defaults: what a web site with passwords, mailed codes and authenticator apps wants.
    #[must_use]
    pub const fn recommended() -> Self {
        let usual = Lifetimes { code: minutes(5), session: minutes(15) };
        Self {
            codes: Codes {
                digits: 6,
                max_attempts: 5,
                live_sessions: 2,
                resend: ResendPolicy::Replace,
                sign_up: usual,
                sign_in: usual,
                recover: Lifetimes { code: minutes(10), session: minutes(15) },
                confirm_action: usual,
                second_factor: usual,
                change_address: Lifetimes { code: minutes(10), session: minutes(15) },
                step_up: usual,
                recover_factor: Lifetimes { code: minutes(10), session: minutes(15) },
            },
            links: Links { sign_up: days(2), recover: days(1) },
            sends: SendLimits {
                cooldown: minutes(1),
                short: Limit { count: 6, window: minutes(30) },
                long: Limit { count: 20, window: days(1) },
            },
            guesses: GuessLimits {
                free: Limit { count: 10, window: minutes(15) },
                lock: minutes(15),
                longest_lock: days(1),
                forget_lock_after: days(1),
                long: Limit { count: 100, window: days(90) },
                consecutive: 100,
            },
            passwords: Passwords { min_code_points: 8 },
            factors: Factors { mailed_code: true, required: false, pending_logins: 8 },
            totp: Totp {
                digits: 6,
                period_seconds: 30,
                steps_back: 1,
                steps_forward: 1,
                secret_bits: 160,
                enrolment: minutes(10),
            },
            recovery_codes: RecoveryCodes { count: 10, bits: 80, warn_at: 3, require_at: 0 },
            sessions: Sessions { life: days(30), idle: None, per_account: 32, touch: minutes(5) },
            devices: Devices {
                life: days(30),
                rotation_grace: minutes(1),
                per_account: 10,
                skip_second_factor: true,
                max_failures: 8,
            },
            recovery: Recovery { further_proof: true, factor_wait: days(3), factor_window: days(7) },
            step_up: StepUp { max_age: minutes(5), recovery_code: false },
            actions: Actions { verify_address: true, regenerate_codes: false },
            notices: Limit { count: 20, window: days(1) },
            clients: ClientLimits { every: Limit { count: 60, window: minutes(1) }, further: Vec::new() },
            clock_tolerance: minutes(1),
        }
    }

    /// The defaults, tightened to what NIST 800-63B-4 says for AAL2: passwords of 15 characters (they may stand alone
    /// until a second factor is enrolled, which is asked for), no mailed codes as second factor, sessions of a day that end
    /// after an hour without use, no device that takes the place of a factor.
    #[must_use]
    pub const fn nist_aal2() -> Self {
        let mut settings = Self::recommended();
        settings.passwords.min_code_points = 15;
        settings.sessions.life = days(1);
        settings.sessions.idle = Some(hours(1));
        settings.factors.mailed_code = false;
        settings.factors.required = true;
        settings.devices.skip_second_factor = false;
        settings.actions.regenerate_codes = true;
        settings
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::recommended()
    }
}
