//! The queue: taken at once, delivered later.
//!
//! ```text
//! Mailer::send ─► render ─► bounded queue ─► dispatcher ─► tries, a few at once ─► transport
//!                                  ▲                            │ failed for now
//!                                  └──────── wait, jitter ◄─────┘
//! ```

mod fate;
mod state;

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign::Envelope;
use countersign::host::{Clock, MailError, Mailer, SystemClock};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, Id, JoinSet};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use crate::{Failure, NoReports, OsRandomness, Randomness, Rendered, Renderer, Report, Reports, Why};
use fate::{Fate, Trouble, fate, left};
use state::State;

pub use fate::Retry;

/// Where messages go.
pub trait Transport: Send + Sync + 'static {
    /// Delivers one message. Dropped when it takes too long, and must leave nothing behind that another message could run into.
    ///
    /// # Errors
    /// [`Failure`], which says whether another try may succeed.
    fn deliver(&self, message: &Arc<Rendered>) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// How much the queue takes, and how it tries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct QueueSettings {
    /// How many messages there may be, those under way included.
    pub messages: usize,
    /// How many bytes they may have.
    pub bytes: usize,
    /// How many are under way at once.
    pub at_once: usize,
    /// How long one try may take.
    pub one_try: Duration,
    /// How often a message is tried.
    pub retry: Retry,
}

impl Default for QueueSettings {
    /// 1024 messages, 16 MiB, four at once, a minute for each.
    fn default() -> Self {
        Self {
            messages: 1024,
            bytes: 16 * 1024 * 1024,
            at_once: 4,
            one_try: Duration::from_secs(60),
            retry: Retry::default(),
        }
    }
}

/// What the queue takes from outside.
#[derive(Clone)]
pub struct Means {
    /// Tells whether a message is still of use. Envelopes carry times of the same clock.
    pub clock: Arc<dyn Clock>,
    /// Message ids, and how long is waited.
    pub randomness: Arc<dyn Randomness>,
    /// Told what became of each message.
    pub reports: Arc<dyn Reports>,
}

impl Default for Means {
    /// The operating system's clock and generator; reports are told to nobody.
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            randomness: Arc::new(OsRandomness),
            reports: Arc::new(NoReports),
        }
    }
}

impl fmt::Debug for Means {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Means").finish_non_exhaustive()
    }
}

/// There is no tokio runtime here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a queue is started within a tokio runtime with timers")]
pub struct NoRuntime;

/// What a queue did not deliver before it ended. A message that was under way then may have been delivered all the same.
#[derive(Debug, Default)]
pub struct LeftOver(pub Vec<Arc<Rendered>>);

/// A [`Mailer`] that queues in memory, within bounds, and delivers in the background.
///
/// [`send`](Mailer::send) takes the same time whoever the message is for and whether or not anybody gets it: it renders and queues.
/// An envelope that is [`suppressed`](Envelope::suppressed) is rendered, takes its place in the queue and is dropped at the end of
/// it. How slow the mail server is never shows.
///
/// A message is delivered at least once or not at all: if the connection ends after the whole message was sent and before the answer
/// came, it is sent again, under the same `Message-ID`. One whose code has ended is not delivered.
///
/// What an attacker gains if it were unbounded: he asks for codes until the memory is gone. If it waited: he times it, and learns
/// who has an account.
///
/// When it is dropped, what waits is still tried for as long as the runtime lives; [`drain`](Self::drain) says what is left.
#[derive(Debug)]
pub struct MailQueue {
    inner: Arc<Inner>,
    dispatcher: AbortHandle,
}

#[derive(Debug)]
struct Inner {
    settings: QueueSettings,
    renderer: Renderer,
    means: Means,
    state: Mutex<State>,
    /// Something came, or no more will.
    wake: Notify,
    /// A try is over.
    over: Notify,
}

impl MailQueue {
    /// Starts a queue in front of a transport.
    ///
    /// # Errors
    /// [`NoRuntime`] outside of a tokio runtime.
    pub fn start<T: Transport>(
        settings: QueueSettings,
        renderer: Renderer,
        transport: T,
        means: Means,
    ) -> Result<Self, NoRuntime> {
        let runtime = Handle::try_current().map_err(|_| NoRuntime)?;
        let (state, wake, over) = (Mutex::new(State::new()), Notify::new(), Notify::new());
        let inner = Arc::new(Inner { settings, renderer, means, state, wake, over });
        let dispatcher = runtime.spawn(dispatch(Arc::clone(&inner), Arc::new(transport))).abort_handle();
        Ok(Self { inner, dispatcher })
    }

    /// How many messages wait or are under way.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.state().count()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes no more messages, delivers what it can within the time, and ends. What waits for another try that would come later is
    /// left over at once.
    pub async fn drain(&self, within: Duration) -> LeftOver {
        self.inner.close();
        let now = Instant::now();
        let end = now.checked_add(within).unwrap_or(now);
        loop {
            let over = self.inner.over.notified();
            tokio::pin!(over);
            over.as_mut().enable();
            if !self.inner.state().is_pressing(end) || timeout_at(end, over).await.is_err() {
                break;
            }
        }
        self.dispatcher.abort();
        let left = self.inner.state().take_all().into_iter();
        LeftOver(left.map(|item| item.message).filter(|message| !message.suppressed).collect())
    }
}

impl Drop for MailQueue {
    fn drop(&mut self) {
        self.inner.close();
    }
}

impl Mailer for MailQueue {
    fn send(&self, envelope: &Envelope) -> Result<(), MailError> {
        self.inner.send(envelope).map_err(MailError)
    }
}

const FULL: &str = "the queue is full";

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.state().open = false;
        self.wake.notify_one();
    }

    fn send(&self, envelope: &Envelope) -> Result<(), String> {
        let admit = |state: &State, more| match state.open {
            false => Err("the queue has ended"),
            true if state.count() >= self.settings.messages => Err(FULL),
            true if state.bytes_with(more) > self.settings.bytes => Err(FULL),
            true => Ok(()),
        };
        // Before the work too, so that a full queue costs little.
        admit(&self.state(), 0)?;
        let mut id = [0; 16];
        self.means.randomness.fill(&mut id).map_err(|why| why.to_string())?;
        let message = self.renderer.render(envelope, id).map_err(|why| why.to_string())?;
        let (kind, failed) = (message.kind, message.fell_back && !message.suppressed);
        {
            let mut state = self.state();
            admit(&state, message.size())?;
            state.push(Arc::new(message));
        }
        self.wake.notify_one();
        if failed {
            self.means.reports.note(Report::TemplateFailed { kind });
        }
        Ok(())
    }

    /// Notes the end of a try.
    fn finish(&self, number: u64, result: Result<(), Trouble>) {
        let mut state = self.state();
        let Some(item) = state.stop(number) else { return };
        let (kind, tries) = (item.message.kind, item.tries);
        if item.message.suppressed {
            return;
        }
        let report = match result.map_err(|trouble| self.fate(trouble, &item)) {
            Ok(()) => Report::Sent { kind, tries },
            Err(Fate::Dropped(reason, why)) => Report::Dropped { kind, tries, reason, why },
            Err(Fate::Again(wait, why)) => {
                state.put_back(number, item, wait);
                Report::Deferred { kind, tries, why, wait }
            }
        };
        drop(state);
        self.means.reports.note(report);
    }

    fn fate(&self, trouble: Trouble, item: &state::Item) -> Fate {
        let mut chance = [0; 8];
        // Without chance the wait is the shortest there is, which still doubles.
        let _ = self.means.randomness.fill(&mut chance);
        let left = self.means.clock.now().ok().and_then(|now| left(item.message.expires_at(), now));
        fate(trouble, item.tries, left, &self.settings.retry, u64::from_be_bytes(chance))
    }
}

/// Starts what is due, a few at once, until no more will come and none is left.
async fn dispatch<T: Transport>(inner: Arc<Inner>, transport: Arc<T>) {
    let mut tries = JoinSet::new();
    let mut numbers: HashMap<Id, u64> = HashMap::new();
    loop {
        let due = loop {
            if tries.len() >= inner.settings.at_once.max(1) {
                break None;
            }
            let mut state = inner.state();
            let Some((number, message)) = state.start() else { break state.due() };
            drop(state);
            let task = tries.spawn(one_try(Arc::clone(&inner), Arc::clone(&transport), message));
            numbers.insert(task.id(), number);
        };
        if tries.is_empty() && due.is_none() && !inner.state().open {
            return;
        }
        tokio::select! {
            () = inner.wake.notified() => {}
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
            Some(done) = tries.join_next_with_id(), if !tries.is_empty() => {
                let (id, result) = match done {
                    Ok((id, result)) => (id, result),
                    Err(gone) => (gone.id(), Err(Trouble::Failed(Failure::permanent(Why::Panic)))),
                };
                if let Some(number) = numbers.remove(&id) {
                    inner.finish(number, result);
                }
                inner.over.notify_waiters();
            }
        }
    }
}

/// Delivers a message if it is not too late, within the time that is left.
async fn one_try<T: Transport>(
    inner: Arc<Inner>,
    transport: Arc<T>,
    message: Arc<Rendered>,
) -> Result<(), Trouble> {
    if message.suppressed {
        return Ok(());
    }
    let clock = |_| Trouble::Failed(Failure::transient(Why::Clock));
    let left = left(message.expires_at(), inner.means.clock.now().map_err(clock)?);
    let limit = left.unwrap_or(Duration::MAX).min(inner.settings.one_try);
    if limit.is_zero() {
        return Err(Trouble::Expired);
    }
    match timeout(limit, transport.deliver(&message)).await {
        Ok(result) => result.map_err(Trouble::Failed),
        Err(_) => Err(Trouble::Failed(Failure::transient(Why::Timeout))),
    }
}
