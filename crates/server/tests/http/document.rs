//! The published samples of the resend endpoint, as they stand; only the host and the session are put in.

use std::process::Command;

use serde_json::{Value, json};

use crate::harness::*;
use crate::sample::{By, ask, curl};

const HOST: &str = "https://api.weir.ai";
const SESSION: &str = "otp_session_123456789";

const CURL: &str = "curl -X PUT 'https://api.weir.ai/auth/resend/otp/otp_session_123456789' \\
  -H 'Content-Type: application/json'";

const ANSWER: &str = r#"{
  "data": {
    "otpSession": "otp_session_123456789",
    "email": "[email protected]",
    "expiresIn": 300
  },
  "message": "OTP resent successfully",
  "status": "success"
}"#;

const INVALID_SESSION: &str = r#"{
  "error": {
    "code": "INVALID_SESSION",
    "message": "Invalid OTP session",
    "details": "The provided OTP session is invalid or has been verified"
  },
  "status": "error"
}"#;

const RATE_LIMIT_EXCEEDED: &str = r#"{
  "error": {
    "code": "RATE_LIMIT_EXCEEDED",
    "message": "Too many OTP requests",
    "details": "Please wait before requesting another OTP"
  },
  "status": "error"
}"#;

const JAVASCRIPT: &str = r"const resendOTP = async (otpSession) => {
  try {
    const response = await fetch(`https://api.weir.ai/auth/resend/otp/${otpSession}`, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' }
    });
    
    if (!response.ok) {
      throw new Error(`HTTP error! status: ${response.status}`);
    }
    
    const data = await response.json();
    return data.data;
  } catch (error) {
    console.error('Resend OTP error:', error);
    throw error;
  }
};

// Usage
const otpData = await resendOTP('otp_session_123456789');
console.log('OTP resent to:', otpData.email);";

/// The same fields in the same order with values of the same types, all the way down.
fn assert_same_shape(given: &Value, sample: &Value) {
    match (given, sample) {
        (Value::Object(given), Value::Object(sample)) => {
            assert_eq!(given.keys().collect::<Vec<_>>(), sample.keys().collect::<Vec<_>>());
            given.values().zip(sample.values()).for_each(|(given, sample)| assert_same_shape(given, sample));
        }
        (Value::String(_), Value::String(_)) | (Value::Number(_), Value::Number(_)) => {}
        other => panic!("{other:?}"),
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_curl_sample_is_answered_as_published() {
    the_curl_sample(ask);
}

#[test]
#[ignore = "needs curl; crates/server/tests/samples/run runs it"]
fn the_curl_sample_works_as_it_stands() {
    the_curl_sample(curl);
}

fn the_curl_sample(by: By) {
    let asked = |server: &Server<'_>, session: &str| {
        by(server, &CURL.replace(HOST, server.base()).replace(SESSION, session)).json()
    };
    let place = Place::new();
    let server = place.start(&["--dev"]);
    server.stop_clock();
    let session = server.register("jo@example.com").session();
    server.advance(60);

    let answer = asked(&server, &session);
    assert_same_shape(&answer, &json(ANSWER));
    let mut expected = json(ANSWER);
    expected["data"]["otpSession"] = json!(session);
    expected["data"]["email"] = json!("j***@example.com");
    assert_eq!(answer, expected);
    assert_eq!(server.mail("jo@example.com").len(), 2);

    assert_eq!(asked(&server, &session), json(RATE_LIMIT_EXCEEDED), "at once again");
    assert_eq!(server.resend(&session).retry_after(), 60);
    assert_eq!(asked(&server, SESSION), json(INVALID_SESSION), "the sample's own session");
    assert_eq!(server.verify(&session, &server.code("jo@example.com")).status, 200);
    assert_eq!(asked(&server, &session), json(INVALID_SESSION), "one that has been verified");
}

/// The request of the `curl` sample, by another program.
#[test]
#[ignore = "needs Node; crates/server/tests/samples/run runs it"]
fn the_javascript_sample_works_as_it_stands() {
    let place = Place::new();
    let server = place.start(&["--dev"]);
    server.stop_clock();
    let session = server.register("jo@example.com").session();
    server.advance(60);

    let script = JAVASCRIPT.replace(HOST, server.base()).replace(SESSION, &session);
    let run_it = || {
        let mut command = Command::new("node");
        command.args(["--input-type=module", "-e", &script]).env("NO_PROXY", "*").env("no_proxy", "*");
        command.output().expect("node, such as of apt's package `nodejs`")
    };
    let output = run_it();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "OTP resent to: j***@example.com\n");
    assert_eq!(server.mail("jo@example.com").len(), 2);

    let output = run_it();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("Resend OTP error:") && said.contains("HTTP error! status: 429"), "{said}");
}
