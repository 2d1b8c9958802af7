//! How the limits stand, in the fields of draft-ietf-httpapi-ratelimit-headers.

use std::fmt::Write;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use countersign::throttle::Quota;
use countersign::{Timestamp, retry_after_seconds};

/// Tells every rule the request was counted against, and how the tightest stands: the one that refused, if any did.
pub(super) fn tell(headers: &mut HeaderMap, quotas: &[Quota], refused: Option<(&str, u64)>, now: Timestamp) {
    let mut policies = String::new();
    for Quota { rule, limit, window, .. } in quotas {
        let comma = if policies.is_empty() { "" } else { ", " };
        let _ = write!(policies, "{comma}\"{rule}\";q={limit};w={}", retry_after_seconds(*window));
    }
    let tightest = quotas.iter().min_by_key(|quota| (quota.remaining, std::cmp::Reverse(quota.reset_at)));
    let standing = match (refused, tightest) {
        // The same time as in `Retry-After`.
        (Some((rule, seconds)), _) => Some((rule, 0, seconds)),
        (None, Some(quota)) => {
            Some((quota.rule, quota.remaining, retry_after_seconds(quota.reset_at.since(now))))
        }
        (None, None) => None,
    };
    insert(headers, "ratelimit-policy", Some(policies).filter(|text| !text.is_empty()));
    insert(
        headers,
        "ratelimit",
        standing.map(|(rule, left, seconds)| format!("\"{rule}\";r={left};t={seconds}")),
    );
}

fn insert(headers: &mut HeaderMap, name: &'static str, value: Option<String>) {
    if let Some(value) = value.and_then(|text| HeaderValue::try_from(text).ok()) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn quota(rule: &'static str, remaining: u32, reset: i64) -> Quota {
        let window = Duration::from_secs(60);
        Quota { rule, limit: 60, window, remaining, reset_at: Timestamp::from_unix_seconds(reset) }
    }

    fn told(quotas: &[Quota], refused: Option<(&str, u64)>) -> (Option<String>, Option<String>) {
        let mut headers = HeaderMap::new();
        tell(&mut headers, quotas, refused, Timestamp::from_unix_seconds(100));
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        (text("ratelimit-policy"), text("ratelimit"))
    }

    /// R93, R94.
    #[test]
    fn r93_r94_the_tightest_rule_is_told_and_agrees_with_retry_after() {
        assert_eq!(told(&[], None), (None, None));
        let two = [quota("client", 58, 130), quota("sends", 4, 120)];
        let policies = Some("\"client\";q=60;w=60, \"sends\";q=60;w=60".to_owned());
        assert_eq!(told(&two, None), (policies.clone(), Some("\"sends\";r=4;t=20".into())));
        assert_eq!(told(&two, Some(("cooldown", 59))), (policies, Some("\"cooldown\";r=0;t=59".into())));
    }
}
