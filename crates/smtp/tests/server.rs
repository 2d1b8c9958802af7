//! A real mail server: what it accepts is read again, and it refuses, defers, delays and hangs up as it is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "tests read what the server accepted")]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "tests")]

mod common;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use common::*;
use countersign::host::{Mailer, ManualClock};
use countersign_smtp::*;
use mail_parser::{Message, MessageParser};
use tokio::time::{Instant, sleep, timeout};

#[expect(clippy::disallowed_methods, reason = "the script tells where the server is")]
fn told(name: &str) -> String {
    std::env::var(name).expect("tests/servers/run says where the server is")
}

fn queue_to(url: &str, reports: &Told, settings: QueueSettings) -> MailQueue {
    let transport = SmtpTransport::new(url.parse().unwrap(), &sender()).unwrap();
    let means = Means {
        clock: Arc::new(ManualClock::at(NOW)),
        randomness: Arc::new(OsRandomness),
        reports: Arc::new(reports.clone()),
    };
    MailQueue::start(settings, shipped(), transport, means).unwrap()
}

fn settings() -> QueueSettings {
    let retry = Retry { first: Duration::from_millis(200), ..Retry::default() };
    QueueSettings { retry, ..QueueSettings::default() }
}

fn queue(reports: &Told) -> MailQueue {
    queue_to(&format!("smtp://{}", told("COUNTERSIGN_SMTP")), reports, settings())
}

/// An address of which there is one only, so that tests do not see each other's mail.
fn address(wish: &str, domain: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{wish}.{}.{}@{domain}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst))
}

/// What was accepted for an address.
fn accepted(to: &str) -> Vec<Vec<u8>> {
    let mut files: Vec<_> =
        fs::read_dir(told("COUNTERSIGN_SMTP_OUTBOX")).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some());
    files.sort();
    let line = format!("X-Test-To: {to}\r\n");
    let all = files.iter().map(|file| fs::read(file).unwrap());
    all.filter(|mail| String::from_utf8_lossy(mail).contains(&line)).collect()
}

async fn settled(queue: &MailQueue) {
    let empty = async {
        while !queue.is_empty() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(30), empty).await.expect("the queue is empty in time");
}

fn parsed(mail: &[u8]) -> Message<'_> {
    MessageParser::new().parse(mail).unwrap()
}

fn field(message: &Message<'_>, name: &str) -> String {
    message.header(name).and_then(|value| value.as_text()).unwrap_or_default().to_owned()
}

const KIND: &str = "sign_in_code";

#[tokio::test]
#[ignore = "tests/servers/run starts the server"]
async fn mail_arrives_in_both_languages() {
    let reports = Told::default();
    let queue = queue(&reports);
    let cases = [("en", "Your code to sign in"), ("nl-NL", "Uw code om u aan te melden")];
    for (locale, subject) in cases {
        let to = address("accept", "example.com");
        let envelope = envelope(&to, Some(locale));
        queue.send(&envelope).unwrap();
        settled(&queue).await;
        let mail = accepted(&to);
        assert_eq!(mail.len(), 1);
        let message = parsed(&mail[0]);
        assert_eq!(message.subject(), Some(subject));
        assert_eq!(message.to().unwrap().first().unwrap().address(), Some(&*to));
        for body in [message.body_text(0).unwrap(), message.body_html(0).unwrap()] {
            assert!(body.contains(&code(&envelope)), "{body}");
        }
        assert!(message.body_html(0).unwrap().contains(&format!("<html lang=\"{}\">", &locale[..2])));
        assert_eq!(field(&message, "X-Test-From"), "no-reply@example.com");
        assert_eq!(field(&message, "X-Test-Hello"), "example.com");
    }
    assert_eq!(reports.all(), [Report::Sent { kind: KIND, tries: 1 }; 2]);
}

#[tokio::test]
#[ignore = "tests/servers/run starts the server"]
async fn what_the_server_refuses_is_not_tried_again() {
    let reports = Told::default();
    let queue = queue(&reports);
    let to = address("refuse", "example.com");
    queue.send(&envelope(&to, None)).unwrap();
    settled(&queue).await;
    let (reason, why) = (Reason::Refused, Some(Why::Answer(550)));
    assert_eq!(reports.all(), [Report::Dropped { kind: KIND, tries: 1, reason, why }]);
    assert!(accepted(&to).is_empty());
}

#[tokio::test]
#[ignore = "tests/servers/run starts the server"]
async fn what_the_server_defers_comes_later_under_the_same_id() {
    let reports = Told::default();
    let queue = queue(&reports);
    let to = address("defer2", "example.com");
    queue.send(&envelope(&to, None)).unwrap();
    settled(&queue).await;
    assert_eq!(accepted(&to).len(), 1);
    let all = reports.all();
    let why = |report: &Report| matches!(report, Report::Deferred { why: Why::Answer(451), .. });
    assert!(all.len() == 3 && all[..2].iter().all(why), "{all:?}");
    assert_eq!(all[2], Report::Sent { kind: KIND, tries: 3 });
}

#[tokio::test]
#[ignore = "tests/servers/run starts the server"]
async fn a_server_that_hangs_up_in_the_middle_is_tried_again() {
    let reports = Told::default();
    let queue = queue(&reports);
    let to = address("drop1", "example.com");
    queue.send(&envelope(&to, None)).unwrap();
    settled(&queue).await;
    assert_eq!(accepted(&to).len(), 1, "once");
    let all = reports.all();
    assert!(matches!(all[0], Report::Deferred { tries: 1, .. }), "{all:?}");
    assert_eq!(all[1], Report::Sent { kind: KIND, tries: 2 });
}

/// A slow server holds up neither who sends nor the others; one that is slower than a try may be is given up.
#[tokio::test]
#[ignore = "tests/servers/run starts the server"]
async fn a_server_that_takes_its_time_holds_nobody_up() {
    let reports = Told::default();
    let queue = queue(&reports);
    let (slow, quick) = (address("delay3", "example.com"), address("accept", "example.com"));
    let begun = Instant::now();
    queue.send(&envelope(&slow, None)).unwrap();
    queue.send(&envelope(&quick, None)).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    sleep(Duration::from_secs(1)).await;
    assert_eq!((accepted(&quick).len(), accepted(&slow).len(), queue.len()), (1, 0, 1));
    settled(&queue).await;
    assert_eq!(accepted(&slow).len(), 1);

    let hasty = QueueSettings { one_try: Duration::from_millis(500), ..settings() };
    let queue = queue_to(&format!("smtp://{}", told("COUNTERSIGN_SMTP")), &reports, hasty);
    queue.send(&envelope(&slow, None)).unwrap();
    sleep(Duration::from_millis(600)).await;
    assert!(matches!(reports.all().last(), Some(Report::Deferred { why: Why::Timeout, .. })));
}

#[tokio::test]
#[ignore = "tests/servers/run starts the server"]
async fn addresses_beyond_ascii_go_as_the_server_takes_them() {
    let reports = Told::default();
    let queue = queue(&reports);
    // A domain alone needs nothing of the server.
    let ascii = queue_to(&format!("smtp://{}", told("COUNTERSIGN_SMTP_ASCII")), &reports, settings());
    for queue in [&queue, &ascii] {
        let to = address("jo", "bücher.example");
        queue.send(&envelope(&to, None)).unwrap();
        settled(queue).await;
        let sent_to = to.replace("bücher", "xn--bcher-kva");
        let mail = accepted(&sent_to);
        assert_eq!(mail.len(), 1);
        assert_eq!(parsed(&mail[0]).to().unwrap().first().unwrap().address(), Some(&*sent_to));
        assert!(!field(&parsed(&mail[0]), "X-Test-Options").contains("SMTPUTF8"));
    }
    let to = address("jö", "bücher.example");
    queue.send(&envelope(&to, None)).unwrap();
    settled(&queue).await;
    let mail = accepted(&to.replace("bücher", "xn--bcher-kva"));
    assert_eq!(mail.len(), 1);
    assert!(field(&parsed(&mail[0]), "X-Test-Options").contains("SMTPUTF8"));
    ascii.send(&envelope(&to, None)).unwrap();
    settled(&ascii).await;
    let (reason, why) = (Reason::Refused, Some(Why::NeedsSmtpUtf8));
    assert_eq!(reports.all().last(), Some(&Report::Dropped { kind: KIND, tries: 1, reason, why }));
}

/// R69, B096: what is valid in an address and means something elsewhere arrives as it is, and the head is what it always is. A line
/// that is a dot alone does not end the message.
#[tokio::test]
#[ignore = "tests/servers/run starts the server"]
async fn r69_b096_hostile_values_stay_values() {
    let reports = Told::default();
    let text = "{{ opening }}\n.\nMAIL FROM:<eve@example.org>\n..\n{% if code %}{{ code }}{% endif %}\n{{ link or '' }}\n.";
    let overrides = Overrides::new().with("message", "en", Part::Text, text).unwrap();
    let renderer = renderer_of(
        Sender::parse("\"Ex, <eve@example.org>; =?utf-8?q?=0D=0ABcc:?= é\" <no-reply@example.com>").unwrap(),
        Templates::new("en", overrides).unwrap(),
    );
    let url = format!("smtp://{}", told("COUNTERSIGN_SMTP"));
    let transport = SmtpTransport::new(url.parse().unwrap(), &sender()).unwrap();
    let queue = MailQueue::start(settings(), renderer, transport, means(&reports)).unwrap();
    for local in ["'`|$(id)%0d%0a".replace(['(', ')'], ""), "-f{{to}}=?utf-8?q?a".into(), "a&b".into()] {
        let to = address(&local, "example.com");
        let sent = envelope(&to, Some("\"><script>"));
        queue.send(&sent).unwrap();
        settled(&queue).await;
        let mail = accepted(&to);
        assert_eq!(mail.len(), 1, "{to}: {:?}", reports.all());
        let message = parsed(&mail[0]);
        let head = String::from_utf8(mail[0].clone()).unwrap();
        let head = head.split_once("\r\n\r\n").unwrap().0;
        let names = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
        assert_eq!(names.clone().filter(|line| !line.starts_with("X-Test-")).count(), 8, "{head}");
        assert_eq!(message.from().unwrap().iter().count(), 1);
        assert_eq!(message.to().unwrap().first().unwrap().address(), Some(&*to));
        let body = message.body_text(0).unwrap().replace("\r\n", "\n");
        assert!(body.contains("\n.\nMAIL FROM:<eve@example.org>\n..\n") && body.ends_with("\n.\n"), "{body}");
        assert!(body.contains(&code(&sent)));
    }
}

#[tokio::test]
#[ignore = "tests/servers/run starts the server"]
async fn a_full_queue_says_so_and_draining_tells_what_is_left() {
    let reports = Told::default();
    let three = QueueSettings { messages: 3, ..settings() };
    let queue = queue_to(&format!("smtp://{}", told("COUNTERSIGN_SMTP")), &reports, three);
    let (slow, quick) = (address("delay20", "example.com"), address("delay1", "example.com"));
    for to in [&slow, &quick, &quick] {
        queue.send(&envelope(to, None)).unwrap();
    }
    assert_eq!(queue.send(&envelope(&quick, None)).unwrap_err().0, "the queue is full");
    let left = queue.drain(Duration::from_secs(3)).await;
    assert_eq!(left.0.iter().map(|message| message.to()).collect::<Vec<_>>(), [&slow]);
    assert_eq!(accepted(&quick).len(), 2);
}

/// Where encryption is required, a server that does not offer it is told nothing: no password, no address, no code.
#[tokio::test]
#[ignore = "tests/servers/run starts the server"]
async fn without_the_encryption_that_is_required_nothing_is_sent() {
    let reports = Told::default();
    let at = told("COUNTERSIGN_SMTP");
    let to = address("accept", "example.com");
    for (url, why) in [
        (format!("smtp://user:password@{at}?tls=required"), Why::NoStartTls),
        (format!("smtps://{at}"), Why::Tls),
        (format!("smtp://user:password@{at}"), Why::NoAuthentication),
        ("smtp://127.0.0.1:1".to_owned(), Why::Connection),
    ] {
        let queue = queue_to(&url, &reports, settings());
        queue.send(&envelope(&to, None)).unwrap();
        let before = reports.all().len();
        while reports.all().len() == before {
            sleep(Duration::from_millis(10)).await;
        }
        let last = reports.all()[before];
        assert!(matches!(last, Report::Deferred { why: told, .. } if told == why), "{url}: {last:?}");
        drop(queue.drain(Duration::ZERO).await);
    }
    let opportunistic = queue_to(&format!("smtp://{at}?tls=opportunistic"), &reports, settings());
    assert!(accepted(&to).is_empty());
    opportunistic.send(&envelope(&to, None)).unwrap();
    settled(&opportunistic).await;
    assert_eq!(accepted(&to).len(), 1);
}
