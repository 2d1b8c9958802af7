//! Four processes, one budget.

use std::sync::Barrier;

use crate::harness::*;
use crate::store::{Guess, Outside, count, guess, login, wrong_code};

/// How many servers there are, and how many guesses each gets at once.
const SERVERS: usize = 4;
const GUESSES: usize = 50;

/// Laws 2 and 14: two hundred wrong guesses at once, spread over four servers, are answered as five.
fn two_hundred_guesses_are_five(outside: &Outside) {
    let places: [Place; SERVERS] = std::array::from_fn(|_| Place::new());
    let servers: Vec<_> = places.iter().map(|place| outside.server(place)).collect();
    let mut answered = Vec::new();
    for round in 0..3 {
        let who = format!("jo{round}@example.com");
        let session = servers[round].register(&who).session();
        let code = servers[round].code(&who);
        let start = Barrier::new(SERVERS * GUESSES);
        let send = |n: usize| {
            start.wait();
            guess(&servers[n % SERVERS], round * 1000 + n, &session, &wrong_code(&code, n))
        };
        let guesses: Vec<_> = std::thread::scope(|scope| {
            let send = &send;
            let threads: Vec<_> = (0..SERVERS * GUESSES).map(|n| scope.spawn(move || send(n))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let wrong = count(&guesses, Guess::Wrong);
        assert!((1..=5).contains(&wrong), "{wrong} were answered: {guesses:?}");
        assert_eq!(count(&guesses, Guess::Right), 0);
        answered.push((wrong, count(&guesses, Guess::Refused), count(&guesses, Guess::Failed)));
        // What was not answered has to be counted all the same, if only when the next one comes.
        let mut left = 5 - wrong;
        for (n, server) in servers.iter().cycle().enumerate() {
            match guess(server, round * 1000 + 500 + n, &session, &wrong_code(&code, 77_776)) {
                Guess::Wrong => left = left.checked_sub(1).expect("a sixth guess was answered"),
                Guess::Refused => break,
                other => panic!("{other:?}"),
            }
        }
        let last = guess(&servers[SERVERS - 1], round * 1000 + 999, &session, &code);
        assert_eq!(last, Guess::Refused, "the right code after that");
    }
    println!("of {} guesses: (answered, refused, failed) {answered:?}", SERVERS * GUESSES);
    // What one of them did, the others know.
    let session = servers[0].register("sam@example.com").session();
    let code = servers[0].code("sam@example.com");
    assert_eq!(guess(&servers[1], 9000, &session, &code), Guess::Right);
    assert_eq!(guess(&servers[2], 9001, &session, &code), Guess::Refused, "it is spent");
    assert_eq!(login(&servers[3], "sam@example.com"), 200);
}

#[test]
#[ignore = "tests/servers/run starts the server"]
fn two_hundred_guesses_at_four_servers_on_one_postgres_are_five() {
    two_hundred_guesses_are_five(&Outside::postgres());
}

#[test]
#[ignore = "tests/servers/run starts the server"]
fn two_hundred_guesses_at_four_servers_on_one_redis_are_five() {
    two_hundred_guesses_are_five(&Outside::redis());
}

#[test]
#[ignore = "tests/servers/run starts the server"]
fn two_hundred_guesses_at_four_servers_on_one_cluster_of_redis_are_five() {
    two_hundred_guesses_are_five(&Outside::redis_cluster());
}
