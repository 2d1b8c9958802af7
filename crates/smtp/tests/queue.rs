//! The queue, in front of a transport that does as it is told, in a time that goes as fast as it can.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "tests")]

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use common::*;
use countersign::host::{Clock, ClockError, Mailer};
use countersign::{Envelope, MessageKind, Timestamp};
use countersign_smtp::*;
use tokio::time::{Instant, advance, sleep};

const BUSY: Do = Do::Fail(Failure::transient(Why::Answer(451)));
const NO: Do = Do::Fail(Failure::permanent(Why::Answer(550)));

fn queue_of(settings: QueueSettings, script: &Script, told: &Told) -> MailQueue {
    MailQueue::start(settings, shipped(), script.clone(), means(told)).unwrap()
}

fn queue(script: &Script, told: &Told) -> MailQueue {
    queue_of(QueueSettings::default(), script, told)
}

fn deleted(to: &str) -> Envelope {
    notice(to, MessageKind::AccountDeleted)
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_is_delivered_in_order_and_told() {
    let (script, told) = (Script::default(), Told::default());
    let one_at_once = QueueSettings { at_once: 1, ..QueueSettings::default() };
    let queue = queue_of(one_at_once, &script, &told);
    for to in ["a@b.co", "b@b.co", "c@b.co"] {
        queue.send(&deleted(to)).unwrap();
    }
    assert_eq!(queue.len(), 3, "nothing is delivered by who sends");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(script.taken(), ["a@b.co", "b@b.co", "c@b.co"]);
    assert_eq!(told.all(), [Report::Sent { kind: "account_deleted", tries: 1 }; 3]);
    assert!(queue.is_empty());
    let ids: std::collections::BTreeSet<_> =
        script.taken.lock().unwrap().iter().map(|message| message.mail().to_vec()).collect();
    assert_eq!(ids.len(), 3, "each has an id of its own");
}

#[tokio::test(start_paused = true)]
async fn what_fails_for_now_is_tried_again_later_each_time() {
    let (script, told) = (Script::new([BUSY, BUSY, BUSY]), Told::default());
    let queue = queue(&script, &told);
    queue.send(&deleted("jo@b.co")).unwrap();
    sleep(Duration::from_secs(60)).await;
    let tries = script.tries.lock().unwrap().clone();
    let waits: Vec<_> = tries.windows(2).map(|two| (two[1] - two[0]).as_secs()).collect();
    assert_eq!(waits, [1, 2, 4], "half of 2, 4, 8 seconds, and no chance");
    let kind = "account_deleted";
    let deferred = |tries, seconds| Report::Deferred {
        kind,
        tries,
        why: Why::Answer(451),
        wait: Duration::from_secs(seconds),
    };
    assert_eq!(told.all(), [deferred(1, 1), deferred(2, 2), deferred(3, 4), Report::Sent { kind, tries: 4 }]);
    assert_eq!(script.taken(), ["jo@b.co"], "once");
}

#[tokio::test(start_paused = true)]
async fn what_fails_for_good_or_too_often_is_not_tried_again() {
    let (script, told) = (Script::new([NO]), Told::default());
    let of = QueueSettings { retry: Retry { tries: 3, ..Retry::default() }, ..QueueSettings::default() };
    let queue = queue_of(of, &script, &told);
    queue.send(&deleted("jo@b.co")).unwrap();
    sleep(Duration::from_secs(600)).await;
    let (kind, why) = ("account_deleted", Some(Why::Answer(550)));
    assert_eq!(told.all(), [Report::Dropped { kind, tries: 1, reason: Reason::Refused, why }]);
    *script.next.lock().unwrap() = [BUSY; 9].into();
    queue.send(&deleted("jo@b.co")).unwrap();
    sleep(Duration::from_secs(600)).await;
    let why = Some(Why::Answer(451));
    assert_eq!(told.all().last(), Some(&Report::Dropped { kind, tries: 3, reason: Reason::GivenUp, why }));
    assert!(queue.is_empty() && script.taken().is_empty());
}

/// A code lives for five minutes; when it is over nothing is delivered any more, however many tries there were.
#[tokio::test(start_paused = true)]
async fn a_code_that_has_ended_is_never_delivered() {
    let (script, told) = (Script::new([BUSY; 1000]), Told::default());
    let queue = queue(&script, &told);
    let begun = Instant::now();
    queue.send(&envelope("jo@b.co", None)).unwrap();
    sleep(Duration::from_secs(3600)).await;
    let last = *script.tries.lock().unwrap().last().unwrap() - begun;
    assert!(
        last < Duration::from_secs(300) && last > Duration::from_secs(290),
        "it was tried to the end: {last:?}"
    );
    assert!(matches!(told.all().last(), Some(Report::Dropped { reason: Reason::Expired, .. })));

    // One that comes too late, and one whose try takes too long: it ends with the code.
    let mut late = envelope("late@b.co", None);
    late.expires_at = Some(NOW);
    queue.send(&late).unwrap();
    sleep(Duration::from_secs(1)).await;
    let (kind, reason) = ("sign_in_code", Reason::Expired);
    assert_eq!(told.all().last(), Some(&Report::Dropped { kind, tries: 1, reason, why: None }));
    *script.next.lock().unwrap() = [Do::Slow(Duration::from_secs(20))].into();
    let mut soon = envelope("soon@b.co", None);
    soon.expires_at = Some(NOW.saturating_add(begun.elapsed()).saturating_add(Duration::from_secs(10)));
    queue.send(&soon).unwrap();
    sleep(Duration::from_secs(60)).await;
    let why = Some(Why::Timeout);
    assert_eq!(told.all().last(), Some(&Report::Dropped { kind, tries: 1, reason, why }));
    assert!(script.taken().is_empty());
}

/// Law 8: a suppressed message goes the same way and takes the same place; it is only not delivered, and nobody is told.
#[tokio::test(start_paused = true)]
async fn law_8_a_suppressed_message_takes_its_place_and_is_dropped() {
    let (script, told) = (Script::default(), Told::default());
    let two = QueueSettings { messages: 2, ..QueueSettings::default() };
    let queue = queue_of(two, &script, &told);
    let mut suppressed = envelope("nobody@b.co", None);
    suppressed.suppressed = true;
    for _ in 0..2 {
        assert_eq!(queue.send(&suppressed), Ok(()));
    }
    assert_eq!((queue.len(), queue.send(&suppressed).unwrap_err().0), (2, "the queue is full".into()));
    assert_eq!(queue.send(&envelope("jo@b.co", None)).unwrap_err().0, "the queue is full");
    sleep(Duration::from_secs(1)).await;
    assert!(queue.is_empty() && script.tries.lock().unwrap().is_empty() && told.all().is_empty());
}

#[tokio::test(start_paused = true)]
async fn memory_is_bounded_by_count_and_by_bytes() {
    let (script, told) = (Script::new([Do::Hang; 100]), Told::default());
    let small = QueueSettings { messages: 3, at_once: 2, ..QueueSettings::default() };
    let queue = queue_of(small, &script, &told);
    let fill = |queue: &MailQueue| (0..100).take_while(|_| queue.send(&deleted("jo@b.co")).is_ok()).count();
    assert_eq!(fill(&queue), 3);
    // What is under way counts too; when it is over there is room.
    sleep(Duration::from_secs(1)).await;
    assert_eq!((script.tries.lock().unwrap().len(), fill(&queue)), (2, 0));
    script.next.lock().unwrap().clear();
    sleep(Duration::from_secs(300)).await;
    assert_eq!((queue.len(), fill(&queue)), (0, 3));

    let size = 30_000;
    let script = Script::new([BUSY; 100]);
    let queue = queue_of(QueueSettings { bytes: size, ..QueueSettings::default() }, &script, &told);
    let count = fill(&queue);
    assert!((4..20).contains(&count), "{count}");
    // Neither trying again nor delivering loses count of the bytes.
    for _ in 0..3 {
        sleep(Duration::from_secs(2)).await;
        assert_eq!((queue.len(), fill(&queue)), (count, 0));
    }
    script.next.lock().unwrap().clear();
    sleep(Duration::from_secs(300)).await;
    assert_eq!((queue.len(), fill(&queue)), (0, count));
}

/// A server that does not answer holds up neither who sends nor, for longer than one try, the others.
#[tokio::test(start_paused = true)]
async fn a_slow_server_holds_nobody_up() {
    let (script, told) = (Script::new([Do::Hang, Do::Hang]), Told::default());
    let three = QueueSettings { at_once: 3, ..QueueSettings::default() };
    let queue = queue_of(three, &script, &told);
    for n in 0..20 {
        let before = Instant::now();
        queue.send(&deleted(&format!("n{n}@b.co"))).unwrap();
        assert_eq!(before.elapsed(), Duration::ZERO);
    }
    sleep(Duration::from_secs(1)).await;
    assert_eq!((script.taken().len(), queue.len()), (18, 2));
    sleep(Duration::from_secs(62)).await;
    assert_eq!((script.taken().len(), queue.len()), (20, 0), "given up after a minute, and tried again");
    let timeouts =
        told.all().iter().filter(|one| matches!(one, Report::Deferred { why: Why::Timeout, .. })).count();
    assert_eq!(timeouts, 2);

    *script.next.lock().unwrap() = [Do::Slow(Duration::from_secs(1)); 12].into();
    let begun = Instant::now();
    for n in 0..12 {
        queue.send(&deleted(&format!("n{n}@b.co"))).unwrap();
    }
    while !queue.is_empty() {
        advance(Duration::from_millis(100)).await;
    }
    assert!(begun.elapsed().as_millis() / 1000 == 4, "three at once: {:?}", begun.elapsed());
    assert_eq!(
        script.most.load(Ordering::SeqCst),
        5,
        "the two that hung were dropped, and are counted by the script"
    );
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_panics_loses_its_message_alone() {
    let (script, told) = (Script::new([Do::Panic]), Told::default());
    let queue = queue(&script, &told);
    queue.send(&deleted("a@b.co")).unwrap();
    sleep(Duration::from_secs(1)).await;
    queue.send(&deleted("b@b.co")).unwrap();
    sleep(Duration::from_secs(1)).await;
    let (kind, reason, why) = ("account_deleted", Reason::Refused, Some(Why::Panic));
    assert_eq!(
        told.all(),
        [Report::Dropped { kind, tries: 1, reason, why }, Report::Sent { kind, tries: 1 }]
    );
    assert!(queue.is_empty());
}

#[tokio::test(start_paused = true)]
async fn draining_delivers_what_it_can_and_tells_what_is_left() {
    let slow = Do::Slow(Duration::from_secs(3));
    let (script, told) = (Script::new([BUSY, slow, Do::Hang, slow]), Told::default());
    let queue = queue_of(QueueSettings { at_once: 3, ..QueueSettings::default() }, &script, &told);
    let mut suppressed = deleted("nobody@b.co");
    suppressed.suppressed = true;
    for to in ["later@b.co", "slow@b.co", "hangs@b.co", "waits@b.co"] {
        queue.send(&deleted(to)).unwrap();
        queue.send(&suppressed).unwrap();
    }
    sleep(Duration::from_millis(10)).await;
    let begun = Instant::now();
    let left = queue.drain(Duration::from_secs(10)).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(10));
    assert_eq!(left.0.iter().map(|message| message.to()).collect::<Vec<_>>(), ["hangs@b.co"]);
    let mut taken = script.taken();
    taken.sort();
    assert_eq!(taken, ["later@b.co", "slow@b.co", "waits@b.co"]);
    assert_eq!(queue.send(&deleted("jo@b.co")).unwrap_err().0, "the queue has ended");
    assert!(queue.is_empty());
}

/// What waits for a try that comes after the end is left over at once, and an empty queue is drained at once.
#[tokio::test(start_paused = true)]
async fn draining_does_not_wait_for_nothing() {
    let begun = Instant::now();
    let (script, told) = (Script::new([BUSY; 5]), Told::default());
    let empty = queue(&script, &told);
    assert!(empty.drain(Duration::from_secs(10)).await.0.is_empty());
    let queue = queue(&script, &told);
    queue.send(&deleted("jo@b.co")).unwrap();
    sleep(Duration::from_secs(4)).await;
    assert_eq!(script.tries.lock().unwrap().len(), 3);
    let left = queue.drain(Duration::from_secs(2)).await;
    assert_eq!((left.0.len(), begun.elapsed()), (1, Duration::from_secs(4)));
    sleep(Duration::from_secs(60)).await;
    assert_eq!(script.tries.lock().unwrap().len(), 3, "nothing goes on behind it");
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_dropped_delivers_what_it_has() {
    let (script, told) = (Script::new([BUSY]), Told::default());
    let queue = queue(&script, &told);
    queue.send(&deleted("a@b.co")).unwrap();
    queue.send(&deleted("b@b.co")).unwrap();
    drop(queue);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(script.taken(), ["b@b.co", "a@b.co"]);
}

struct NoClock;

impl Clock for NoClock {
    fn now(&self) -> Result<Timestamp, ClockError> {
        Err(ClockError)
    }
}

struct NoRandomness;

impl Randomness for NoRandomness {
    fn fill(&self, _: &mut [u8]) -> Result<(), RandomnessError> {
        Err(RandomnessError)
    }
}

#[tokio::test(start_paused = true)]
async fn without_clock_or_generator_nothing_is_delivered() {
    let (script, told) = (Script::default(), Told::default());
    let start = |means| MailQueue::start(QueueSettings::default(), shipped(), script.clone(), means).unwrap();
    let no_clock = start(Means { clock: Arc::new(NoClock), ..means(&told) });
    no_clock.send(&envelope("jo@b.co", None)).unwrap();
    sleep(Duration::from_secs(1)).await;
    assert!(matches!(told.all()[0], Report::Deferred { why: Why::Clock, .. }));
    let no_chance = start(Means { randomness: Arc::new(NoRandomness), ..means(&told) });
    assert_eq!(no_chance.send(&deleted("jo@b.co")).unwrap_err().0, "the generator failed");
    assert!(script.tries.lock().unwrap().is_empty());
}

#[test]
fn a_queue_needs_a_runtime() {
    let told = Told::default();
    let means = Means {
        clock: Arc::new(NoClock),
        randomness: Arc::new(Counting::default()),
        reports: Arc::new(told),
    };
    let started = MailQueue::start(QueueSettings::default(), shipped(), Script::default(), means);
    assert_eq!(started.unwrap_err(), NoRuntime);
}

/// Many threads send while the queue delivers: nothing is lost, nothing comes twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_under_load() {
    let (script, told) = (Script::new([BUSY, Do::Take, BUSY, BUSY]), Told::default());
    let quick = Retry { first: Duration::from_millis(2), ..Retry::default() };
    let many = QueueSettings {
        messages: 5000,
        bytes: usize::MAX,
        at_once: 16,
        retry: quick,
        ..QueueSettings::default()
    };
    let queue = Arc::new(queue_of(many, &script, &told));
    let envelope = deleted("jo@b.co");
    std::thread::scope(|scope| {
        for n in 0..4 {
            let (queue, mut envelope) = (Arc::clone(&queue), envelope.clone());
            scope.spawn(move || {
                for i in 0..100 {
                    envelope.to = countersign::Address::parse(&format!("n{n}i{i}@b.co")).unwrap();
                    queue.send(&envelope).unwrap();
                }
            });
        }
    });
    assert!(queue.drain(Duration::from_secs(30)).await.0.is_empty());
    let mut taken = script.taken();
    taken.sort();
    taken.dedup();
    assert_eq!((taken.len(), script.taken().len()), (400, 400));
}
