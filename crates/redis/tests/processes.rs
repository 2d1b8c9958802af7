//! Several processes on one server, and on one cluster: guesses that are made in all of them at once count as what they are, and no
//! increment is lost.
//!
//! The processes are this test binary again, told by the environment to run one of the tests at the end.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod common;
#[path = "../../postgres/tests/common/host.rs"]
mod host;

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use common::{BOTH, On, key, prefix, put, version};
use countersign::host::{AsyncStore, Committed};
use countersign::{OtpSession, Refusal, Settings, Ticket, Verdict};
use countersign_redis::RedisStore;
use host::{Codes, Nobody, sentry, sign_up, verify};

const PROCESSES: u64 = 4;
const GUESSES: u64 = 50;
const INCREMENTS: u64 = 25;
const TASKS: u64 = 4;

/// A child that says when it is ready, and begins when it is told to.
fn start(
    test: &str,
    (on, prefix): (On, &str),
    who: u64,
    session: &str,
) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--ignored", "--nocapture"])
        .env("STORE_PREFIX", prefix)
        .env("STORE_ON", format!("{on:?}"))
        .env("STORE_WHO", who.to_string())
        .env("STORE_SESSION", session)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("ready") {
        line.clear();
        assert_ne!(output.read_line(&mut line).unwrap(), 0, "the child ended");
    }
    (child, output)
}

/// Lets all go at once, and answers the number that each of them ends with.
fn together(children: Vec<(Child, BufReader<std::process::ChildStdout>)>) -> Vec<usize> {
    let mut children = children;
    for (child, _) in &mut children {
        child.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
    }
    let ends = children.into_iter().map(|(mut child, output)| {
        let said: Vec<_> = output.lines().map(Result::unwrap).collect();
        assert!(child.wait().unwrap().success(), "{said:?}");
        let number = said.iter().find_map(|line| line.split("answered ").nth(1)?.trim().parse().ok());
        number.unwrap_or_else(|| unreachable!("{said:?}"))
    });
    ends.collect()
}

/// What the child does before it does anything else; nothing where it is run by hand.
async fn ready() -> Option<(RedisStore, u64)> {
    let (prefix, on) = (common::told("STORE_PREFIX")?, common::told("STORE_ON")?);
    let who = common::told("STORE_WHO").unwrap().parse().unwrap();
    let on = BOTH.into_iter().find(|one| format!("{one:?}") == on).unwrap();
    let store = on.open(&prefix, on.durability()).await;
    println!("\nready");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    Some((store, who))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/servers/run starts the servers"]
async fn guesses_in_four_processes_have_one_budget() {
    let most = usize::try_from(Settings::recommended().codes.max_attempts).unwrap();
    for on in BOTH.into_iter().cycle().take(4) {
        let prefix = prefix();
        let store = on.open(&prefix, on.durability()).await;
        let codes = Arc::new(Codes::default());
        let desk = sentry(store, Nobody, codes.clone());
        let Verdict::Granted(started) = desk.run(sign_up()).await.unwrap().verdict else {
            unreachable!("a first sign-up was refused")
        };
        let session = started.session.expose();
        let wrong = if codes.last() == "000000" { "000001" } else { "000000" };
        let children: Vec<_> =
            (0..PROCESSES).map(|who| start("child_that_guesses", (on, &prefix), who, &session)).collect();
        let mut told: usize = together(children).iter().sum();
        assert!((1..=most).contains(&told), "{told} wrong codes were answered where {most} may be");
        println!("{told} of {} wrong codes were answered at once on {on:?}", PROCESSES * GUESSES);
        // Of those who met nobody's but their own guess, some gave up; what they left is there for others, and no more.
        for _ in 0..=most {
            let verdict = desk.run(verify(&started.session, wrong)).await.unwrap().verdict;
            told += usize::from(matches!(verdict, Verdict::Refused(Refusal::InvalidCode(_))));
        }
        assert_eq!(told, most);
        let verdict = desk.run(verify(&started.session, &codes.last())).await.unwrap().verdict;
        assert!(!matches!(verdict, Verdict::Granted(_)), "the right code was taken after the last attempt");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a child of `guesses_in_four_processes_have_one_budget`"]
async fn child_that_guesses() {
    let Some((store, _)) = ready().await else { return };
    let session = Ticket::<OtpSession>::parse(&common::told("STORE_SESSION").unwrap()).unwrap();
    let desk = Arc::new(sentry(store, Nobody, Arc::new(Codes::default())));
    let guesses: Vec<_> = (0..GUESSES)
        .map(|n| {
            let (desk, session) = (desk.clone(), session.clone());
            // The right code is one of a million; the parent looks at what is answered after it.
            tokio::spawn(async move { desk.run(verify(&session, &format!("{:06}", n % 2))).await })
        })
        .collect();
    let mut told = 0_usize;
    for guess in guesses {
        // A request that lost every race, or waited for a connection in vain, is an error: not answered.
        if let Ok(done) = guess.await.unwrap() {
            told += usize::from(matches!(done.verdict, Verdict::Refused(Refusal::InvalidCode(_))));
        }
    }
    println!("\nanswered {told}");
}

async fn count(store: &RedisStore) -> (countersign::record::Version, u64) {
    let row = store.load(&[key(0)]).await.unwrap().remove(0).unwrap();
    (row.version, u64::from_le_bytes(row.bytes.try_into().unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/servers/run starts the servers"]
async fn no_increment_is_lost_between_processes() {
    for on in BOTH {
        let prefix = prefix();
        let store = on.open(&prefix, on.durability()).await;
        assert_eq!(store.commit(&key(0), None, put(version(99, 0), &[0; 8])).await, Ok(Committed::Applied));
        let children: Vec<_> =
            (0..PROCESSES).map(|who| start("child_that_counts", (on, &prefix), who, "")).collect();
        together(children);
        assert_eq!(count(&store).await.1, PROCESSES * TASKS * INCREMENTS, "{on:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a child of `no_increment_is_lost_between_processes`"]
async fn child_that_counts() {
    let Some((store, who)) = ready().await else { return };
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut tried = who << 32 | task << 24;
                for _ in 0..INCREMENTS {
                    loop {
                        tried += 1;
                        let (seen, counted) = count(&store).await;
                        let next = (counted + 1).to_le_bytes();
                        let write = put(version(tried, counted), &next);
                        if store.commit(&key(0), Some(seen), write).await.unwrap() == Committed::Applied {
                            break;
                        }
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    println!("\nanswered {}", TASKS * INCREMENTS);
}
