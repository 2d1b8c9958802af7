//! Servers and stores that are killed in the middle of everything.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::thread::{scope, sleep};
use std::time::Duration;

use crate::harness::*;
use crate::store::{Guess, Outside, count, guess, login, wrong_code};

const ROUNDS: u64 = 4;

/// How many people sign up in each round, and how many try the code of each at once, one after another this often.
const PEOPLE: usize = 10;
const AT_ONCE: usize = 4;
const IN_A_ROW: usize = 3;

/// Somebody who has been mailed a code.
struct Waiting {
    who: String,
    session: String,
    code: String,
}

fn sign_up(server: &Server<'_>, round: &str) -> Vec<Waiting> {
    let one = |n| {
        let who = format!("{round}-{n}@example.com");
        let body = registration(&who);
        let session = server.post_from(&format!("10.99.0.{n}"), "/auth/register", &body).session();
        Waiting { code: server.code(&who), who, session }
    };
    (0..PEOPLE).map(one).collect()
}

/// For each of the people how the guesses at his code ended, while something else was done.
fn guess_while(
    servers: &[&Server<'_>],
    people: &[Waiting],
    code: impl Fn(&str, usize) -> String + Sync,
    what: impl FnOnce(),
) -> Vec<Vec<Guess>> {
    let start = Barrier::new(PEOPLE * AT_ONCE + 1);
    scope(|scope| {
        let (start, code) = (&start, &code);
        let threads: Vec<_> = (0..PEOPLE * AT_ONCE)
            .map(|n| {
                scope.spawn(move || {
                    let of = &people[n % PEOPLE];
                    start.wait();
                    let one = |k| {
                        let server = servers[(n / PEOPLE + k) % servers.len()];
                        guess(server, n * IN_A_ROW + k, &of.session, &code(&of.code, n * IN_A_ROW + k))
                    };
                    (0..IN_A_ROW).map(one).collect::<Vec<_>>()
                })
            })
            .collect();
        start.wait();
        what();
        let mut ended = vec![Vec::new(); PEOPLE];
        for (n, thread) in threads.into_iter().enumerate() {
            ended[n % PEOPLE].extend(thread.join().unwrap());
        }
        ended
    })
}

/// Guesses on until one is refused; how many more were answered.
fn the_rest(server: &Server<'_>, of: &Waiting) -> usize {
    let wrong =
        |n: usize| guess(server, 5000 + n, &of.session, &wrong_code(&of.code, 777_777)) == Guess::Wrong;
    (0..20).take_while(|n: &usize| wrong(*n)).count()
}

/// Laws 2 and 3, after guesses around a kill: no more than five were answered, and then the code is worth nothing.
fn no_guess_is_given_back(server: &Server<'_>, people: &[Waiting], ended: &[Vec<Guess>]) {
    for (of, guesses) in people.iter().zip(ended) {
        let answered = count(guesses, Guess::Wrong);
        let all = answered + the_rest(server, of);
        assert!(all <= 5, "{all} were answered, {answered} of them around the kill: {guesses:?}");
        assert_eq!(guess(server, 8000, &of.session, &of.code), Guess::Refused, "after five");
    }
}

/// Law 3, after right codes around a kill: each was taken once, and whoever was told so has an account.
fn no_code_is_taken_twice(server: &Server<'_>, people: &[Waiting], ended: &[Vec<Guess>]) -> usize {
    let mut unheard = 0;
    for (of, guesses) in people.iter().zip(ended) {
        let right = count(guesses, Guess::Right);
        assert!(right <= 1, "the code was taken {right} times");
        // The answer may have died with the server; then the code was taken, or is still good: never both.
        let again = guess(server, 7000, &of.session, &of.code);
        assert!(right == 0 || again == Guess::Refused, "{again:?} after {guesses:?}");
        if right == 1 || again == Guess::Right {
            assert_eq!(login(server, &of.who), 200, "{}", of.who);
        } else {
            unheard += 1;
        }
    }
    unheard
}

/// What came of all guesses, for the record.
fn tally(ended: &[Vec<Guess>]) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    for guess in ended.iter().flatten() {
        *all.entry(format!("{guess:?}")).or_default() += 1;
    }
    all
}

/// One of two servers gets a SIGKILL while requests are at both.
fn a_server_is_killed(outside: &Outside) {
    let places = [Place::new(), Place::new()];
    let stays = outside.server(&places[0]);
    for round in 0..ROUNDS {
        for right in [false, true] {
            let goes = outside.server(&places[1]);
            let people = sign_up(&stays, &format!("round{round}-{right}"));
            let code = |code: &str, n| if right { code.to_owned() } else { wrong_code(code, n) };
            let ended = guess_while(&[&goes, &stays], &people, code, || {
                sleep(Duration::from_millis(round * 12));
                goes.signal("-KILL");
            });
            drop(goes);
            let again = outside.server(&places[1]);
            if right {
                let unheard = no_code_is_taken_twice(&again, &people, &ended);
                println!(
                    "right codes, killed after {} ms: {:?}, unheard {unheard}",
                    round * 12,
                    tally(&ended)
                );
            } else {
                no_guess_is_given_back(&again, &people, &ended);
                println!("wrong codes, killed after {} ms: {:?}", round * 12, tally(&ended));
            }
        }
    }
}

/// The same with the store killed under two servers, and started again.
fn the_store_is_killed(outside: &Outside) {
    let places = [Place::new(), Place::new()];
    let servers = [outside.server(&places[0]), outside.server(&places[1])];
    let [first, second] = &servers;
    let ready = |status: u16| {
        let answers = servers.iter().all(|it| it.ops("/health/ready").unwrap().status == status);
        answers.then_some(())
    };
    for round in 0..ROUNDS {
        let right = round % 2 == 1;
        wait(|| ready(200));
        let people = sign_up(first, &format!("round{round}"));
        let code = |code: &str, n| if right { code.to_owned() } else { wrong_code(code, n) };
        let mut killed = None;
        let ended = guess_while(&[first, second], &people, code, || {
            killed = Some(outside.kill(usize::try_from(round).unwrap()));
        });
        let killed = killed.unwrap();
        if killed.is_all() {
            wait(|| ready(503));
            assert_eq!(login(first, "nobody@example.com"), 503, "nobody is let in without the store");
        }
        killed.start();
        wait(|| ready(200));
        if right {
            no_code_is_taken_twice(second, &people, &ended);
        } else {
            no_guess_is_given_back(second, &people, &ended);
        }
        println!("the store killed, {} codes: {:?}", if right { "right" } else { "wrong" }, tally(&ended));
    }
}

#[test]
#[ignore = "tests/servers/run starts the server"]
fn a_server_on_postgres_is_killed_and_no_law_breaks() {
    a_server_is_killed(&Outside::postgres());
}

#[test]
#[ignore = "tests/servers/run starts the server"]
fn postgres_is_killed_under_two_servers_and_no_law_breaks() {
    the_store_is_killed(&Outside::postgres());
}

#[test]
#[ignore = "tests/servers/run starts the server"]
fn a_server_on_a_cluster_of_redis_is_killed_and_no_law_breaks() {
    a_server_is_killed(&Outside::redis_cluster());
}

#[test]
#[ignore = "tests/servers/run starts the server"]
fn redis_is_killed_under_two_servers_and_no_law_breaks() {
    the_store_is_killed(&Outside::redis());
}

#[test]
#[ignore = "tests/servers/run starts the server"]
fn a_master_of_redis_is_killed_under_two_servers_and_no_law_breaks() {
    the_store_is_killed(&Outside::redis_cluster());
}
