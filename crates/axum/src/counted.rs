//! Every request at an endpoint is counted against its client, also one that never became a request to the library.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, map_response};
use axum::response::Response;
use axum::routing::MethodRouter;
use countersign::http::headers;
use countersign::{CountRequest, Operation, Outcome};

use crate::answer::Failure;
use crate::{Auth, limits};

/// Says in an answer's extensions which operation's allowance its request was to use.
#[derive(Clone, Copy)]
struct Counts(Operation);

/// An endpoint whose requests use the allowance of an operation, malformed ones too.
pub(crate) fn counts(operation: Operation, handlers: MethodRouter<Auth>) -> MethodRouter<Auth> {
    handlers.route_layer(map_response(move |mut answer: Response| async move {
        answer.extensions_mut().insert(Counts(operation));
        answer
    }))
}

/// What came of counting a request.
pub(crate) enum Counted {
    /// The endpoint's answer. If the library was not asked by the endpoint, the answer says how the meter stands now.
    Answer(Response),
    /// The client is over its limit. The endpoint's own answer is kept for its extensions.
    Limited(Outcome<()>, Response),
}

impl Auth {
    /// Has a request answered, and counts it if the endpoint refused it without asking the library.
    ///
    /// What an attacker could gain if it were wrong: to send malformed requests without end, each of which costs the host the work
    /// of reading and answering it.
    ///
    /// # Errors
    /// [`Failure`] where the request did not reach an endpoint, was not answered in time, or cannot be counted.
    pub(crate) async fn counted(&self, request: Request, next: Next) -> Result<Counted, Failure> {
        let client = self.caller(request.method(), request.extensions(), request.headers())?;
        let answer = self.through(request, next).await?;
        let asked = answer.headers().contains_key("ratelimit");
        let refused = matches!(
            answer.status(),
            StatusCode::BAD_REQUEST
                | StatusCode::UNAUTHORIZED
                | StatusCode::PAYLOAD_TOO_LARGE
                | StatusCode::UNSUPPORTED_MEDIA_TYPE
                | StatusCode::UNPROCESSABLE_ENTITY
        );
        match answer.extensions().get::<Counts>().copied() {
            Some(Counts(operation)) if refused && !asked => {
                let outcome = self.ask(CountRequest { client, operation }).await?;
                Ok(told(outcome, answer))
            }
            _ => Ok(Counted::Answer(answer)),
        }
    }
}

fn told(outcome: Outcome<()>, mut answer: Response) -> Counted {
    if outcome.refusal().is_some() {
        return Counted::Limited(outcome, answer);
    }
    limits::tell(answer.headers_mut(), headers(&outcome));
    limits::tell(answer.headers_mut(), limits::of_client(&outcome));
    Counted::Answer(answer)
}
