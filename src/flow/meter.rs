//! The first turn of every operation: count the request against its client.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::desk::refuse;
use crate::machine::turn::{Change, Cx, Decision, Next, Rows, Turn};
use crate::machine::{Hashed, Machine, MachineError};
use crate::record::{Meter, RecordKey, decode, encode};
use crate::{Client, EventKind, Operation, Verdict};

/// Count a request that was refused before it could be made: one whose form is wrong.
///
/// A limit on requests that only counts well-formed ones lets a client probe without end. Send this for each request that a
/// host refuses by itself, with the operation that it would have asked for, and answer 429 where this is refused.
///
/// Refused: [`Refusal::Limited`](crate::Refusal::Limited) by the client's rules.
///
/// ```
/// use countersign::{Client, CountRequest, Operation, Verdict};
/// # use countersign::host::Sentry;
/// # fn show(sentry: &Sentry, peer: std::net::IpAddr) -> Result<u16, Box<dyn std::error::Error>> {
/// // The body of a sign-in was not JSON.
/// let counted = CountRequest { client: Client::ip(peer), operation: Operation::PasswordSignIn };
/// Ok(match sentry.run(counted)?.verdict {
///     Verdict::Granted(()) => 400,
///     Verdict::Refused(_) => 429,
/// })
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct CountRequest {
    /// The client that sends the request.
    pub client: Client,
    /// The operation whose allowance is used.
    pub operation: Operation,
}

crate::flow::request!(CountRequest -> (), count);

fn count(machine: &Machine, request: CountRequest) -> Next<()> {
    metered(machine, &request.client, request.operation, || Next::Done(Verdict::Granted(())))
}

/// Counts the request on the client's meter, then goes on with `then`. A client that is not metered goes on at once.
///
/// Charged first, right or wrong, so that no later step can be tried without it (ASVS 2.4.1).
pub(super) fn metered<O: 'static>(
    machine: &Machine,
    client: &Client,
    operation: Operation,
    then: impl Fn() -> Next<O> + Send + Sync + 'static,
) -> Next<O> {
    match machine.locator().meter(client, operation.name()) {
        Some(key) => Next::Turn(Box::new(Count { key, operation, then })),
        None => then(),
    }
}

struct Count<F> {
    key: RecordKey,
    operation: Operation,
    then: F,
}

impl<O, F: Fn() -> Next<O> + Send + Sync> Turn<O> for Count<F> {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.key]
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        _: Option<&Hashed>,
    ) -> Result<Decision<O>, MachineError> {
        let (_, row) = rows.at(0)?;
        let mut meter = row.map_or_else(|| Ok(Meter::new(cx.now)), |row| decode(&row.bytes))?;
        let (now, rebased) = meter.settle(cx.policy, cx.now);
        let rules = cx.policy.client_rules(self.operation);
        let checked = meter.requests.check(rules, now);
        if checked.is_ok() {
            meter.requests.charge(rules, now);
        }
        let limits = rules.iter().map(|rule| meter.requests.quota(rule, now)).collect();
        let change = if checked.is_ok() || rebased {
            let expires_at = Some(meter.expires_at(cx.policy, self.operation));
            Change::Put { bytes: encode(&meter)?, expires_at }
        } else {
            Change::Keep
        };
        let mut decision = match checked {
            Ok(()) => Decision::new(change, (self.then)()),
            Err(limited) => {
                let kind = EventKind::Limited { operation: self.operation, rule: limited.rule };
                let refused = Next::Done(Verdict::Refused(refuse(cx, limited)));
                Decision::new(change, refused).event(cx, &self.key, kind)
            }
        };
        decision.limits = limits;
        Ok(decision)
    }
}
