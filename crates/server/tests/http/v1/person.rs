//! Somebody with an account, and perhaps with an authenticator app.

use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use super::*;

pub(crate) struct Person<'a> {
    pub(crate) server: &'a Server<'a>,
    pub(crate) email: String,
    pub(crate) token: String,
    /// What the app keeps, in Base32.
    pub(crate) secret: String,
    pub(crate) drawer: Vec<String>,
}

impl<'a> Person<'a> {
    /// Signs up, and is signed in.
    pub(crate) fn new(server: &'a Server<'a>, email: &str) -> Self {
        let body = json!({ "email": email, "password": PASSWORD, "name": "John Doe", "language": "nl-NL" });
        let session = data(&ask(server, "/v1/create-account", &body))["session_id"].clone();
        let body = json!({ "email": email, "session_id": session, "code": server.code(email) });
        let token = data(&ask(server, "/v1/verify-email-otp", &body))["token"].as_str().unwrap().to_owned();
        Self { server, email: email.into(), token, secret: String::new(), drawer: Vec::new() }
    }

    /// The same with an authenticator app. Its code of this moment is spent.
    pub(crate) fn with_app(server: &'a Server<'a>, email: &str) -> Self {
        let mut person = Self::new(server, email);
        person.enrol();
        let codes = data(&person.confirm(&person.totp()))["recovery_codes"].clone();
        person.drawer = serde_json::from_value(codes).unwrap();
        person
    }

    /// The same with mailed codes.
    pub(crate) fn with_mailed_codes(server: &'a Server<'a>, email: &str) -> Self {
        let person = Self::new(server, email);
        let answer = person.post("/v1/two-factor/email/enable", &json!({ "password": PASSWORD }));
        assert_eq!(data(&answer), Value::Null);
        person
    }

    pub(crate) fn enrol(&mut self) -> Value {
        let enrolment = data(&self.post("/v1/two-factor/totp/enroll", &json!({ "password": PASSWORD })));
        self.secret = enrolment["secret"].as_str().unwrap().to_owned();
        enrolment
    }

    pub(crate) fn confirm(&self, code: &str) -> Answer {
        self.post("/v1/two-factor/totp/confirm", &json!({ "code": code }))
    }

    /// What the app shows, so many steps of 30 seconds from now.
    pub(crate) fn totp_in(&self, steps: i64) -> String {
        let now: Value = self.server.get("/dev/clock").json();
        let now = unix_seconds(now["now"].as_str().unwrap()) + 30 * steps;
        let secret = Secret::try_from_base32(&self.secret).unwrap();
        let app = Builder::new().with_secret(secret).build().unwrap();
        app.generate(u64::try_from(now).unwrap()).to_string()
    }

    pub(crate) fn totp(&self) -> String {
        self.totp_in(0)
    }

    /// With the bearer.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        with(self.server, &self.token, "POST", path, body)
    }

    pub(crate) fn login(&self) -> Answer {
        ask(self.server, "/v1/login", &json!({ "email": self.email, "password": PASSWORD }))
    }

    /// `/v1/authenticate` with the right password and more.
    pub(crate) fn authenticate(&self, more: Value) -> Answer {
        let mut body = json!({ "email": self.email, "password": PASSWORD });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ask(self.server, "/v1/authenticate", &body)
    }

    pub(crate) fn recover(&self, code: &str) -> Answer {
        self.authenticate(json!({ "code": code, "is_recovery": true }))
    }
}

/// The seconds of a time such as `2026-11-21T20:00:00Z`, by the calendar of days since 1970.
pub(crate) fn unix_seconds(text: &str) -> i64 {
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().unwrap();
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let leap_days = |year: i64| year / 4 - year / 100 + year / 400;
    let is_leap = (leap_days(year) - leap_days(year - 1)) == 1;
    let months = [31, 28 + i64::from(is_leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let before: i64 = months.iter().take(usize::try_from(month - 1).unwrap()).sum();
    let days = 365 * (year - 1970) + leap_days(year - 1) - leap_days(1969) + before + day - 1;
    ((days * 24 + number(11, 13)) * 60 + number(14, 16)) * 60 + number(17, 19)
}

#[test]
fn the_calendar_of_these_tests_is_right() {
    assert_eq!(unix_seconds("1970-01-01T00:00:00Z"), 0);
    assert_eq!(unix_seconds("2026-11-21T20:00:00Z"), 1_795_291_200);
    assert_eq!(unix_seconds("2028-03-01T00:00:01Z"), 1_835_481_601);
}
