//! Limits and deadlines, to the second.

use serde_json::json;

use crate::harness::*;

/// R24, R92: a retry one second before the time told is refused, and one exactly at it passes; the code sent before stays
/// good meanwhile.
#[test]
fn r24_r92_a_retry_at_the_time_told_passes_and_not_before() {
    let place = Place::new();
    let server = place.start(&["--dev"]);
    server.stop_clock();
    let session = server.register("jo@example.com").session();
    server.advance(10);
    let seconds = server.resend(&session).retry_after();
    assert_eq!(seconds, 50);
    server.advance(seconds - 1);
    let answer = server.resend(&session);
    assert_eq!(answer.retry_after(), 1);
    assert_eq!(answer.headers["ratelimit"], "\"resend_cooldown\";r=0;t=1");
    assert_eq!(server.register("jo@example.com").retry_after(), 1, "starting anew is no way around");
    assert_eq!(server.mail("jo@example.com").len(), 1, "a refusal sends nothing");
    server.advance(1);
    assert_eq!(server.resend(&session).status, 200);
    assert_eq!(server.mail("jo@example.com").len(), 2);
    assert_eq!(server.resend(&session).retry_after(), 60, "a PUT repeated by a proxy");
    assert_eq!(
        server.verify(&session, &server.code("jo@example.com")).status,
        200,
        "leaves the code as it is"
    );
}

/// The same with a clock that runs.
#[test]
fn r92_a_retry_at_the_time_told_passes_while_the_clock_runs() {
    let place = Place::new();
    let server = place.start(&["--dev"]);
    let session = server.register("jo@example.com").session();
    server.advance(server.resend(&session).retry_after());
    assert_eq!(server.resend(&session).status, 200);
}

/// R24: the first message and five resends; a new session makes no difference.
#[test]
fn r24_five_resends_in_thirty_minutes_over_all_sessions() {
    let place = Place::new();
    let server = place.start(&["--dev"]);
    server.stop_clock();
    let session = server.register("jo@example.com").session();
    for resend in 1..=5 {
        server.advance(60);
        assert_eq!(server.resend(&session).status, 200, "resend {resend}");
    }
    server.advance(60);
    // The first send was six minutes ago.
    assert_eq!(server.resend(&session).retry_after(), 1440);
    assert_eq!(server.cancel(&session).status, 200);
    assert_eq!(server.register("jo@example.com").retry_after(), 1440, "a new session is no way around");
    server.advance(1439);
    assert_eq!(server.register("jo@example.com").retry_after(), 1);
    server.advance(1);
    assert_eq!(server.register("jo@example.com").status, 200);
    assert_eq!(server.mail("jo@example.com").len(), 7);
}

/// Law 6: the code's deadline and the session's are two.
#[test]
fn a_code_ends_after_300_seconds_and_its_session_after_900() {
    let place = Place::new();
    let server = place.start(&["--dev"]);
    server.stop_clock();
    let early = server.register("early@example.com").session();
    let late = server.register("late@example.com").session();
    server.advance(299);
    assert_eq!(server.verify(&early, &server.code("early@example.com")).status, 200);
    server.advance(1);
    let right = server.code("late@example.com");
    for code in [right.as_str(), "000000", "x"] {
        let answer = server.verify(&late, code);
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (401, "OTP_EXPIRED"),
            "expiry before comparison"
        );
    }
    assert_eq!(server.resend(&late).data()["expiresIn"], 300);
    let old = server.verify(&late, &right);
    assert!(old.status == 400 || right == server.code("late@example.com"), "{}", old.text);
    server.advance(500);
    assert_eq!(server.resend(&late).data()["expiresIn"], 100, "no longer than the session");
    server.advance(99);
    let last = server.code("late@example.com");
    assert_eq!(server.verify(&late, &wrong(&last)).error(), "INVALID_OTP");
    server.advance(1);
    assert_eq!(server.verify(&late, &last).error(), "INVALID_SESSION");
    assert_eq!(server.resend(&late).error(), "INVALID_SESSION");
}

/// Law 7: a clock that is set back revives nothing that was seen to have expired.
#[test]
fn what_has_expired_stays_so_when_the_clock_is_set_back() {
    let place = Place::new();
    let server = place.start(&["--dev"]);
    server.stop_clock();
    let session = server.register("jo@example.com").session();
    let code = server.code("jo@example.com");
    server.advance(300);
    assert_eq!(server.verify(&session, &code).error(), "OTP_EXPIRED");
    server.advance(-299);
    assert_eq!(server.verify(&session, &code).error(), "OTP_EXPIRED");
}

#[test]
fn r10_five_wrong_codes_end_a_session() {
    let place = Place::new();
    let server = place.start(&["--dev"]);
    server.stop_clock();
    let session = server.register("jo@example.com").session();
    let code = server.code("jo@example.com");
    for guess in [wrong(&code).as_str(), "", "1", "12345678901234567890123456789012345", "１２３４５６"]
    {
        assert_eq!(server.verify(&session, guess).error(), "INVALID_OTP", "{guess:?}");
    }
    assert_eq!(server.verify(&session, &code).error(), "INVALID_SESSION");
}

/// Every request is counted against its client and operation, also one with a session that never was.
#[test]
fn sixty_requests_a_minute_for_a_client_and_operation() {
    let place = Place::new();
    let server = place.start(&["--dev", "--trust-proxy", "1"]);
    server.stop_clock();
    let ask = |client: &str, session: &str| {
        let body = json!({ "otpSession": session, "otp": "000000" });
        server.post_from(client, "/auth/validate/registration", &body)
    };
    for n in 0..60 {
        let answer = ask("192.0.2.1", "otp_session_123456789");
        assert_eq!(answer.error(), "INVALID_SESSION");
        assert_eq!(answer.headers["ratelimit"], format!("\"client\";r={};t=60", 59 - n));
    }
    assert_eq!(ask("192.0.2.1", "otp_session_123456789").retry_after(), 60);
    assert_eq!(
        ask("192.0.2.2, 192.0.2.1", "x").retry_after(),
        60,
        "what the client wrote counts for nothing"
    );
    assert_eq!(ask("192.0.2.2", "x").error(), "INVALID_SESSION", "another client");
    assert_eq!(ask("nonsense", "x").error(), "INVALID_SESSION", "the peer's own address");
    let resend = server.request("PUT", "/auth/resend/otp/x", &[("x-forwarded-for", "192.0.2.1")], "");
    assert_eq!(resend.error(), "INVALID_SESSION", "another operation");
    server.advance(59);
    assert_eq!(ask("192.0.2.1", "x").retry_after(), 1);
    server.advance(1);
    assert_eq!(ask("192.0.2.1", "x").error(), "INVALID_SESSION");
}

/// B023: without trusted proxies the header names nobody.
#[test]
fn b023_a_forwarded_header_nobody_trusts_counts_for_nothing() {
    let place = Place::new();
    let server = place.start(&["--dev"]);
    server.stop_clock();
    for n in 0..61 {
        let client = format!("10.0.0.{n}");
        let answer = server.request("PUT", "/auth/resend/otp/x", &[("x-forwarded-for", &client)], "");
        assert_eq!(answer.status, if n < 60 { 400 } else { 429 });
    }
}
