//! Laws 2 and 3 under every interleaving: requests that have all read the same rows before any of them commits.

use std::sync::Arc;

use countersign::host::{Clock, Directory, Mailer, Store};
use countersign::policy::ResendPolicy;
use countersign::*;
use proptest::prelude::*;

use crate::common::{Part, START, World, seed, verify, wrong};
use crate::otp::small::small;

/// A request under way, whatever it asks for.
trait Running {
    /// Carries out the stage it is at. Its outcome, once it has one.
    fn step(&mut self, host: &Part) -> Option<Result<Told, Refusal>>;
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Told {
    Started,
    Resent,
    Verified,
}

struct Request<O> {
    step: Option<Step<O>>,
    told: Told,
}

impl<O: Send + Sync + 'static> Running for Request<O> {
    fn step(&mut self, host: &Part) -> Option<Result<Told, Refusal>> {
        let next = match self.step.take()? {
            Step::Find(find) => {
                let entry = host.find(find.identifier()).unwrap();
                find.resume(entry)
            }
            Step::Load(load) => {
                let rows = host.load(load.keys()).unwrap();
                load.resume(rows).unwrap()
            }
            Step::Prove(prove) => {
                let hashed = prove.work().run(host).unwrap();
                prove.resume(hashed).unwrap()
            }
            Step::Commit(commit) => {
                let answer = host
                    .commit(commit.key(), commit.expected(), commit.write(host.now().unwrap()).unwrap())
                    .unwrap();
                commit.resume(answer).unwrap()
            }
            Step::Create(create) => {
                let created = host.create(create.account()).unwrap();
                create.resume(created)
            }
            Step::Rename(rename) => {
                let Renaming { account, from, to } = rename.renaming();
                let renamed = host.rename(account, from, to).unwrap();
                rename.resume(renamed)
            }
            Step::Release(release) => {
                host.release(release.account()).unwrap();
                release.resume()
            }
            Step::Done(done) => {
                done.mail.iter().for_each(|envelope| host.send(envelope).unwrap());
                return Some(match done.outcome.verdict {
                    Verdict::Granted(_) => Ok(self.told),
                    Verdict::Refused(refusal) => Err(refusal),
                });
            }
        };
        self.step = Some(next);
        None
    }
}

proptest! {
    #![proptest_config(crate::cases(200))]

    /// B007, B013-B015: whoever sends a hundred requests at once gets what he would get one by one.
    #[test]
    fn law2_law3_no_interleaving_gets_more(
        // Per request: what it is, and which of the two sessions it is about.
        requests in prop::collection::vec((0..8_u8, any::<bool>()), 2..24),
        schedule in prop::collection::vec(any::<u8>(), 400),
        purpose in prop::sample::select(&[Purpose::SignUp, Purpose::SignIn, Purpose::ConfirmAction][..]),
    ) {
        let world = World::new(small(ResendPolicy::Replace));
        let who = if purpose == Purpose::SignUp { "new@example.org" } else { "jo@example.com" };
        world.member("jo@example.com");
        let first = (world.start(purpose, who).unwrap().session, world.last_code());
        world.seconds(1);
        let second = (world.start(purpose, who).unwrap().session, world.last_code());
        world.seconds(1);
        let host = Part(Arc::clone(&world.seen), Arc::clone(&world.clock));
        let now = countersign::host::Clock::now(&*world.clock).unwrap();
        prop_assert!(now > START);
        let begin = |(number, (kind, other)): (usize, &(u8, bool))| -> Box<dyn Running> {
            let (session, code) = if *other { &first } else { &second };
            let context = Context { now, entropy: seed(1_000 + number as u64) };
            let machine = &world.sentry.machine;
            let client = Client::unmetered();
            match kind {
                0 => {
                    let request = Resend { client, session: session.clone() };
                    Box::new(Request { step: Some(machine.begin(request, context)), told: Told::Resent })
                }
                1 if purpose == Purpose::SignIn => {
                    let identifier = Identifier::parse(who).unwrap();
                    let request = SignIn { client, identifier, locale: None };
                    Box::new(Request { step: Some(machine.begin(request, context)), told: Told::Started })
                }
                1..=2 => {
                    let request = verify(purpose, session, code);
                    Box::new(Request { step: Some(machine.begin(request, context)), told: Told::Verified })
                }
                _ => {
                    let last = code.len() - 6;
                    let request = verify(purpose, session, &format!("{}{}", &code[..last], wrong(&code[last..])));
                    Box::new(Request { step: Some(machine.begin(request, context)), told: Told::Verified })
                }
            }
        };
        let mut running: Vec<_> = requests.iter().enumerate().map(begin).collect();
        let mut told = vec![];
        let mut turns = schedule.iter().cycle();
        while !running.is_empty() {
            let index = usize::from(*turns.next().unwrap()) % running.len();
            if let Some(answer) = running[index].step(&host) {
                told.push(answer);
                drop(running.remove(index));
            }
        }
        let granted = |what| told.iter().filter(|answer| **answer == Ok(what)).count();
        let compared = told.iter().filter(|answer| matches!(answer, Err(Refusal::InvalidCode(_)))).count();
        prop_assert!(granted(Told::Verified) <= 1, "law 3 (spent once): {told:?}");
        let messages = granted(Told::Resent) + granted(Told::Started);
        prop_assert!(messages <= 1, "R24: {messages} messages within the cooldown: {told:?}");
        prop_assert!(compared <= 3, "law 2 (budget): {compared} guesses where three are free: {told:?}");
        // What was answered was counted, and what was counted stays counted: one wrong guess each until none is left.
        let mut more = 0;
        for (session, code) in [&first, &second] {
            for _ in 0..3 {
                let last = code.len() - 6;
                let guess = format!("{}{}", &code[..last], wrong(&code[last..]));
                more += usize::from(matches!(world.verify(purpose, session, &guess), Err(Refusal::InvalidCode(_))));
            }
        }
        prop_assert!(compared + more <= 3, "law 2 (budget): {compared} and then {more}: {told:?}");
        // No guess is lost either, unless a right one ended it all.
        let wrong = requests.iter().filter(|(kind, _)| *kind > 2).count();
        prop_assert!(compared + more == 3 || granted(Told::Verified) == 1 || wrong == 0, "{compared} and {more}: {told:?}");
    }
}
