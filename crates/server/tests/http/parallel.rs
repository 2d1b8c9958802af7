//! Many at once.

use std::sync::Barrier;

use serde_json::json;

use crate::harness::*;

/// Sends `codes` at the same moment, each from a client of its own.
fn all_at_once(server: &Server<'_>, session: &str, codes: &[String]) -> Vec<Answer> {
    let start = Barrier::new(codes.len());
    let send = |(n, code): (usize, &String)| {
        let body = json!({ "otpSession": session, "otp": code });
        start.wait();
        server.post_from(&format!("10.1.0.{n}"), "/auth/validate/registration", &body)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = codes.iter().enumerate().map(|one| scope.spawn(move || send(one))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn count(answers: &[Answer], code: &str) -> usize {
    answers.iter().filter(|answer| answer.status != 200 && answer.error() == code).count()
}

/// Law 2: fifty wrong guesses at once are answered five times, and then the right one is worth nothing.
#[test]
fn law_2_parallel_guesses_are_counted_one_by_one() {
    for store in ["sqlite:test.db", "memory:"] {
        let place = Place::new();
        let server = place.start(&["--dev", "--trust-proxy", "1", "--store", store]);
        let session = server.register("jo@example.com").session();
        let code = server.code("jo@example.com");
        let guesses: Vec<_> =
            (1..=50).map(|n| format!("{:06}", (code.parse::<u32>().unwrap() + n) % 1_000_000)).collect();
        let answers = all_at_once(&server, &session, &guesses);
        assert_eq!(count(&answers, "INVALID_OTP"), 5);
        assert_eq!(count(&answers, "INVALID_SESSION"), 45);
        assert_eq!(server.verify(&session, &code).error(), "INVALID_SESSION");
    }
}

/// Law 3: thirty times the right code at once is one account.
#[test]
fn law_3_a_right_code_is_spent_once() {
    for store in ["sqlite:test.db", "memory:"] {
        let place = Place::new();
        let server = place.start(&["--dev", "--trust-proxy", "1", "--store", store]);
        let session = server.register("jo@example.com").session();
        let code = server.code("jo@example.com");
        let answers = all_at_once(&server, &session, &vec![code; 30]);
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        assert_eq!(count(&answers, "INVALID_SESSION"), 29);
    }
}

/// B066, R24: sends asked for at once are one send.
#[test]
fn parallel_resends_are_one_message() {
    let place = Place::new();
    let server = place.start(&["--dev"]);
    let session = server.register("jo@example.com").session();
    server.advance(60);
    let answers: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..20).map(|_| scope.spawn(|| server.resend(&session))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(server.mail("jo@example.com").len(), 2);
}

/// Registrations for different people at once: each hash waits its turn, nobody is turned away.
#[test]
fn parallel_registrations_all_get_their_turn() {
    let place = Place::new();
    let server = place.start(&["--dev", "--trust-proxy", "1"]);
    let register = |n: usize| {
        let body = registration(&format!("jo{n}@example.com"));
        server.post_from(&format!("10.2.0.{n}"), "/auth/register", &body).status
    };
    let statuses: Vec<_> = std::thread::scope(|scope| {
        let register = &register;
        let threads: Vec<_> = (0..24).map(|n| scope.spawn(move || register(n))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses, [200; 24]);
}
