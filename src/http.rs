//! The HTTP face of an outcome: status, name and header fields, as plain values for whatever HTTP library the host uses.
//!
//! | in | out |
//! |---|---|
//! | a [`Refusal`] | [`status`], a stable [`name`] for programs |
//! | an [`Outcome`] | [`headers`]: `Retry-After`, `Cache-Control`, `RateLimit-Policy`, `RateLimit` |
//! | its [`limits`](Outcome::limits) | [`client_quota`] and [`x_rate_limit`]: the two fields that came before the standard ones |
//! | no outcome, because nothing was asked | [`uncounted`], to say the same fields without one |
//!
//! Nothing here decides anything, and a host may answer otherwise: a contract that was published before has its own
//! shapes. What should stay is the rounding of waits (R92), that no cache keeps a refusal (R91), and that only rules of
//! the caller's own partition are told (R95), which [`Outcome::limits`] sees to.
//!
//! What an attacker could gain if this were wrong: a wait told too short makes honest clients ask in vain and be counted for it; a
//! limit of the owner's told to a stranger tells how busy the owner is.
//!
//! ```
//! use core::time::Duration;
//! use countersign::{Outcome, Refusal, Timestamp, Verdict, http};
//! use countersign::throttle::Quota;
//!
//! let at = Timestamp::from_unix_seconds(1_700_000_000);
//! let wait = Duration::from_millis(59_001);
//! let retry_at = at.saturating_add(wait);
//! let meter = Quota { rule: "client", limit: 60, window: Duration::from_secs(60), remaining: 57, reset_at: retry_at };
//! let refusal = Refusal::Limited { rule: "resend_cooldown", retry_at, retry_after: wait };
//! assert_eq!((http::status(&refusal), http::name(&refusal)), (429, "limited"));
//!
//! let outcome = Outcome::<()> { verdict: Verdict::Refused(refusal), limits: vec![meter], at, account: None };
//! assert_eq!(http::headers(&outcome), [
//!     ("retry-after", "60".into()),
//!     ("cache-control", "no-store".into()),
//!     ("ratelimit-policy", r#""client";q=60;w=60"#.into()),
//!     ("ratelimit", r#""resend_cooldown";r=0;t=60"#.into()),
//! ]);
//! let meter = http::client_quota(&outcome.limits).expect("it was counted");
//! assert_eq!(http::x_rate_limit(meter), [("x-ratelimit-limit", "60".into()), ("x-ratelimit-remaining", "57".into())]);
//! ```

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::policy::RULE_CLIENT;
use crate::throttle::Quota;
use crate::{Outcome, Policy, Refusal, Timestamp, retry_after_seconds};

/// A header field: its name in lower case, as HTTP/2 wants it and HTTP/1.1 does not mind, and its value.
pub type Header = (&'static str, String);

/// The status of a no (RFC 9110 §15.5, RFC 6585 §4). A yes is 200.
///
/// | status | refusals | because |
/// |---|---|---|
/// | 401 | session unknown, credentials wrong | no valid credentials came with the request. RFC 9110 §15.5.2 wants a `WWW-Authenticate` with it, which names the host's own scheme |
/// | 403 | factor disabled or not allowed, step-up or another action required, a last factor to be removed | it is understood and refused, and repeating it does not help |
/// | 409 | no enrolment to confirm, no such factor | the request does not fit where things stand |
/// | 422 | code or second factor wrong or expired, password too short or too easily guessed | the request is well formed, its content is not right |
/// | 429 | limits | come back later |
#[must_use]
pub const fn status(refusal: &Refusal) -> u16 {
    match refusal {
        Refusal::InvalidSession | Refusal::InvalidCredentials => 401,
        Refusal::FactorDisabled
        | Refusal::FactorNotAllowed
        | Refusal::StepUpRequired { .. }
        | Refusal::ActionRequired { .. }
        | Refusal::LastFactor => 403,
        Refusal::NothingPending | Refusal::NotEnrolled => 409,
        Refusal::InvalidCode(_)
        | Refusal::CodeExpired(_)
        | Refusal::InvalidProof { .. }
        | Refusal::ProofRequired { .. }
        | Refusal::PasswordTooShort { .. }
        | Refusal::PasswordBlocked(_) => 422,
        Refusal::Limited { .. } => 429,
    }
}

/// A stable name of a no, for programs. It says no more than the [`Refusal`] does.
#[must_use]
pub const fn name(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::InvalidSession => "invalid_session",
        Refusal::InvalidCode(_) => "invalid_code",
        Refusal::CodeExpired(_) => "code_expired",
        Refusal::Limited { .. } => "limited",
        Refusal::PasswordTooShort { .. } => "password_too_short",
        Refusal::PasswordBlocked(_) => "password_blocked",
        Refusal::InvalidCredentials => "invalid_credentials",
        Refusal::InvalidProof { .. } => "invalid_proof",
        Refusal::NothingPending => "nothing_pending",
        Refusal::StepUpRequired { .. } => "step_up_required",
        Refusal::ProofRequired { .. } => "proof_required",
        Refusal::ActionRequired { .. } => "action_required",
        Refusal::NotEnrolled => "not_enrolled",
        Refusal::LastFactor => "last_factor",
        Refusal::FactorNotAllowed => "factor_not_allowed",
        Refusal::FactorDisabled => "factor_disabled",
    }
}

/// The wait of a refusal by a limit in whole seconds, as `Retry-After` has it: rounded up, at least 1, so that a retry
/// after exactly that time is never early (RFC 9110 §10.2.3, R92). `None` for what no waiting changes.
#[must_use]
pub fn retry_after(refusal: &Refusal) -> Option<u64> {
    match refusal {
        Refusal::Limited { retry_after, .. } => Some(retry_after_seconds(*retry_after)),
        _ => None,
    }
}

/// The header fields of an answer: those of its limits and, if a limit refused, `Retry-After` and `Cache-Control: no-store`
/// (RFC 6585 §4: no cache may store a 429; R91).
///
/// `RateLimit` names the rule that refused, with the wait of `Retry-After` as its `t`, so that the two agree (R94).
/// Otherwise it names the tightest rule: see [`limit_headers`].
#[must_use]
pub fn headers<T>(outcome: &Outcome<T>) -> Vec<Header> {
    let Outcome { limits, at, .. } = outcome;
    let Some(Refusal::Limited { rule, retry_after, .. }) = outcome.refusal() else {
        return limit_headers(limits, *at);
    };
    let seconds = retry_after_seconds(*retry_after);
    let refused = [("retry-after", seconds.to_string()), ("cache-control", "no-store".to_string())];
    refused.into_iter().chain(policies(limits)).chain([standing(rule, 0, seconds)]).collect()
}

/// `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers (R93): every rule the request was counted
/// against, and how the [`tightest`] stands at `at`. Nothing where nothing was counted.
///
/// `t` is the time until `r` next rises by itself; where nothing is used, `r` holds for a whole window.
#[must_use]
pub fn limit_headers(limits: &[Quota], at: Timestamp) -> Vec<Header> {
    let standing = tightest(limits).map(|quota| {
        let unused = quota.remaining >= quota.limit;
        let until = if unused { quota.window } else { quota.reset_at.since(at) };
        standing(quota.rule, quota.remaining, retry_after_seconds(until))
    });
    policies(limits).into_iter().chain(standing).collect()
}

/// The rule a client meets first if it goes on at once: the one that leaves least; of those that leave as much, the one that takes
/// longest to leave more; of those, the first.
#[must_use]
pub fn tightest(limits: &[Quota]) -> Option<&Quota> {
    limits.iter().min_by_key(|quota| (quota.remaining, Reverse(quota.reset_at)))
}

/// How the client's own meter for the operation stands, if the request was counted on it.
#[must_use]
pub fn client_quota(limits: &[Quota]) -> Option<&Quota> {
    limits.iter().find(|quota| quota.rule == RULE_CLIENT)
}

/// The client's meter as it is told where a request was not counted, since it never became a question to the library: full.
/// Such a request has used nothing up; what others have used is not looked up for it.
///
/// ```
/// use countersign::{Settings, Timestamp, http};
/// let policy = Settings::recommended().build()?;
/// let meter = http::uncounted(&policy, Timestamp::UNIX_EPOCH);
/// assert_eq!((meter.limit, meter.remaining), (60, 60));
/// # Ok::<(), countersign::PolicyError>(())
/// ```
#[must_use]
pub fn uncounted(policy: &Policy, at: Timestamp) -> Quota {
    let every = policy.settings().clients.every;
    Quota {
        rule: RULE_CLIENT,
        limit: every.count,
        window: every.window,
        remaining: every.count,
        reset_at: at,
    }
}

/// `X-RateLimit-Limit` and `X-RateLimit-Remaining` for one rule. They name neither the rule nor its window, so they are to be
/// used for one rule only, the same in every answer: that of [`client_quota`] (R96).
#[must_use]
pub fn x_rate_limit(quota: &Quota) -> [Header; 2] {
    [("x-ratelimit-limit", quota.limit.to_string()), ("x-ratelimit-remaining", quota.remaining.to_string())]
}

/// A list of all rules: name, quota, window in whole seconds, rounded up.
fn policies(limits: &[Quota]) -> Option<Header> {
    let rules: Vec<String> = limits
        .iter()
        .map(|quota| {
            let (name, window) = (string(quota.rule), integer(retry_after_seconds(quota.window)));
            format!("{name};q={};w={window}", quota.limit)
        })
        .collect();
    (!rules.is_empty()).then(|| ("ratelimit-policy", rules.join(", ")))
}

fn standing(rule: &str, remaining: u32, seconds: u64) -> Header {
    ("ratelimit", format!("{};r={remaining};t={}", string(rule), integer(seconds)))
}

/// The largest integer a structured field can have: fifteen digits (RFC 9651 §3.3.1).
const LARGEST: u64 = 999_999_999_999_999;

fn integer(number: u64) -> u64 {
    number.min(LARGEST)
}

/// A string of a structured field (RFC 9651 §3.3.3): quoted; a character it cannot have becomes `?`. A rule's name is the
/// policy author's, so this is for his own surprises.
fn string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len().saturating_add(2));
    quoted.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(if matches!(c, ' '..='~') { c } else { '?' });
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that fails may panic")]
mod tests {
    use core::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::throttle::{Log, Rule};
    use crate::{Factor, Settings, Verdict};

    const RULES: [&str; 4] = ["client", "client_further", "sends_short", "resend_cooldown"];

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis)
    }

    fn refused(wait: Duration, limits: Vec<Quota>) -> Outcome<()> {
        let refusal = Refusal::Limited { rule: "r", retry_at: at(0).saturating_add(wait), retry_after: wait };
        Outcome { verdict: Verdict::Refused(refusal), limits, at: at(0), account: None }
    }

    fn of<'a>(headers: &'a [Header], name: &str) -> Option<&'a str> {
        headers.iter().find(|header| header.0 == name).map(|header| header.1.as_str())
    }

    fn any_quotas() -> impl Strategy<Value = Vec<Quota>> {
        let quota = (0..RULES.len(), 1..=1000_u32, 1..=40_000_000_000_u64, any::<u32>(), any::<i64>());
        let quota = quota.prop_map(|(rule, limit, window, used, reset)| Quota {
            rule: RULES[rule],
            limit,
            window: Duration::from_millis(window),
            remaining: used % (limit + 1),
            reset_at: at(reset),
        });
        prop::collection::vec(quota, 0..6)
    }

    /// One item of a list: a quoted name and parameters that are whole numbers of at most fifteen digits.
    fn item(text: &str) -> (String, Vec<(String, u64)>) {
        let (name, parameters) = text.strip_prefix('"').unwrap().split_once('"').unwrap();
        let parameter = |text: &str| {
            let (key, value) = text.split_once('=').unwrap();
            assert!(value.len() <= 15 && value.bytes().all(|b| b.is_ascii_digit()), "{text}");
            (key.into(), value.parse().unwrap())
        };
        (name.into(), parameters.strip_prefix(';').unwrap().split(';').map(parameter).collect())
    }

    #[test]
    fn r91_only_a_limit_is_429_and_it_is_not_stored() {
        let limited = Refusal::Limited { rule: "r", retry_at: at(1), retry_after: Duration::from_millis(1) };
        assert_eq!((status(&limited), name(&limited), retry_after(&limited)), (429, "limited", Some(1)));
        let headers = headers(&refused(Duration::ZERO, Vec::new()));
        assert_eq!(of(&headers, "cache-control"), Some("no-store"));
        for (refusal, expected) in [
            (Refusal::InvalidSession, (401, "invalid_session")),
            (Refusal::InvalidCredentials, (401, "invalid_credentials")),
            (Refusal::FactorDisabled, (403, "factor_disabled")),
            (Refusal::FactorNotAllowed, (403, "factor_not_allowed")),
            (Refusal::StepUpRequired { offered: alloc::vec![] }, (403, "step_up_required")),
            (Refusal::NothingPending, (409, "nothing_pending")),
            (Refusal::InvalidProof { factor: Factor::Totp, attempts_left: 3 }, (422, "invalid_proof")),
            (Refusal::PasswordTooShort { min_code_points: 8 }, (422, "password_too_short")),
        ] {
            assert_eq!((status(&refusal), name(&refusal)), expected);
            assert_eq!(retry_after(&refusal), None);
            let outcome = Outcome::<()> {
                verdict: Verdict::Refused(refusal),
                limits: Vec::new(),
                at: at(0),
                account: None,
            };
            assert!(super::headers(&outcome).is_empty(), "nothing was counted, nothing to wait for");
        }
    }

    #[test]
    fn r93_a_name_or_number_that_no_field_can_hold_is_bent_to_one_it_can() {
        assert_eq!(string("a\"b\\c\u{e9}\n"), r#""a\"b\\c??""#);
        let never = headers(&refused(Duration::MAX, Vec::new()));
        assert_eq!(of(&never, "ratelimit"), Some("\"r\";r=0;t=999999999999999"));
        assert_eq!(of(&never, "retry-after"), Some("18446744073709552"), "the whole range of milliseconds");
    }

    #[test]
    fn r96_the_old_fields_are_of_the_clients_meter_and_of_no_other() {
        let quota = |rule, remaining| Quota {
            rule,
            limit: 5,
            window: Duration::from_secs(60),
            remaining,
            reset_at: at(0),
        };
        assert_eq!(client_quota(&[quota("sends_short", 4)]), None);
        let limits = [quota("sends_short", 4), quota("client", 3), quota("client_further", 0)];
        assert_eq!(client_quota(&limits).map(|quota| quota.remaining), Some(3));
        assert_eq!(tightest(&limits).map(|quota| quota.rule), Some("client_further"));

        let full = uncounted(&Settings::recommended().build().unwrap(), at(7));
        assert_eq!(x_rate_limit(&full).map(|(_, value)| value), ["60", "60"]);
        let expected =
            [("ratelimit-policy", r#""client";q=60;w=60"#), ("ratelimit", r#""client";r=60;t=60"#)];
        assert_eq!(limit_headers(&[full], at(7)), expected.map(|(name, value)| (name, value.to_string())));
    }

    proptest! {
        /// What is told is a whole number of seconds, never early and less than a second late.
        #[test]
        fn r92_a_retry_after_the_time_told_passes(events in prop::collection::vec(0..120_000_i64, 1..20),
            limit in 1..5_u32, window in 1..90_000_u64, later in 0..60_000_i64) {
            let rules = [Rule::new("r", limit, Duration::from_millis(window)).unwrap()];
            let mut log = Log::default();
            let (mut events, mut now) = (events, 0);
            events.sort_unstable();
            for event in events {
                if log.check(&rules, at(event)).is_ok() {
                    log.charge(&rules, at(event));
                }
                now = event;
            }
            let now = now + later;
            if let Err(limited) = log.check(&rules, at(now)) {
                let retry_after = limited.retry_at.since(at(now));
                let refusal = Refusal::Limited { rule: limited.rule, retry_at: limited.retry_at, retry_after };
                let seconds = i64::try_from(super::retry_after(&refusal).unwrap()).unwrap();
                prop_assert!(seconds >= 1);
                prop_assert!(log.check(&rules, at(now + 1000 * seconds)).is_ok(), "never early");
                prop_assert!(seconds == 1 || log.check(&rules, at(now + 1000 * (seconds - 1))).is_err());
            }
        }

        /// The two fields say what the quotas say, in the draft's form.
        #[test]
        fn r93_r95_the_fields_tell_each_rule_that_was_counted_and_no_other(limits in any_quotas(), now in any::<i64>()) {
            let headers = limit_headers(&limits, at(now));
            let Some(tightest) = tightest(&limits) else {
                prop_assert!(headers.is_empty());
                return Ok(());
            };
            let told: Vec<_> = of(&headers, "ratelimit-policy").unwrap().split(", ").map(item).collect();
            prop_assert_eq!(told.len(), limits.len());
            for ((name, parameters), quota) in told.into_iter().zip(&limits) {
                prop_assert_eq!(name, quota.rule);
                let window = u64::try_from(quota.window.as_millis()).unwrap().div_ceil(1000);
                prop_assert_eq!(parameters, [("q".into(), u64::from(quota.limit)), ("w".into(), window)]);
            }
            let (name, parameters) = item(of(&headers, "ratelimit").unwrap());
            prop_assert_eq!(name, tightest.rule);
            prop_assert_eq!(&parameters[0], &("r".into(), u64::from(tightest.remaining)));
            prop_assert_eq!(&parameters[1].0, "t");
            prop_assert!(limits.iter().all(|quota| quota.remaining >= tightest.remaining));
            prop_assert!(of(&headers, "retry-after").is_none());
        }

        /// With a refusal, the fields name its rule, and `Retry-After` is no earlier than `t`.
        #[test]
        fn r94_retry_after_and_t_agree(limits in any_quotas(), wait in any::<u64>()) {
            let headers = headers(&refused(Duration::from_millis(wait), limits));
            let seconds: u64 = of(&headers, "retry-after").unwrap().parse().unwrap();
            prop_assert!(seconds >= 1 && seconds >= wait.div_ceil(1000));
            let (name, parameters) = item(of(&headers, "ratelimit").unwrap());
            prop_assert_eq!((name.as_str(), parameters[0].1), ("r", 0));
            prop_assert_eq!(parameters[1].1, seconds.min(LARGEST));
        }
    }
}
