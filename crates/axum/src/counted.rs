//! Every request at an endpoint is counted against its client, also one that never became a request to the library.

use axum::body::HttpBody;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use countersign::http::headers;
use countersign::{CountRequest, Operation, Outcome};

use crate::answer::Failure;
use crate::through::within;
use crate::{Auth, limits};

/// Says in an answer's extensions whose allowance its request was to use.
#[derive(Clone, Copy)]
struct Counts(Operation);

/// Says in a request's extensions that its body must say that it is JSON.
#[derive(Clone, Copy)]
pub(crate) struct JsonOnly;

/// An endpoint whose requests use the allowance of an operation, malformed ones too. `E` is how its family says no.
pub(crate) fn counts<E: From<Failure> + IntoResponse>(
    operation: Operation,
    handlers: MethodRouter<Auth>,
) -> MethodRouter<Auth> {
    handlers.route_layer(from_fn(move |request: Request, next: Next| async move {
        let json_only = request.extensions().get::<JsonOnly>().is_some();
        let mut answer = if json_only && !request.body().is_end_stream() && !says_json(request.headers()) {
            E::from(Failure::UnsupportedMedia).into_response()
        } else {
            next.run(request).await
        };
        answer.extensions_mut().insert(Counts(operation));
        answer
    }))
}

/// Whether the body says that it is JSON: something that a form of another site cannot say unasked.
fn says_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
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
                | StatusCode::NOT_FOUND
                | StatusCode::PAYLOAD_TOO_LARGE
                | StatusCode::UNSUPPORTED_MEDIA_TYPE
                | StatusCode::UNPROCESSABLE_ENTITY
        );
        match answer.extensions().get::<Counts>().copied() {
            Some(Counts(operation)) if refused && !asked => {
                let outcome = within(self.ask(CountRequest { client, operation })).await??;
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
