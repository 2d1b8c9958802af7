//! A router that can say which paths it has, for the description of what the server offers.

use axum::Router;
use axum::routing::MethodRouter;

/// Routes, and their paths.
pub(super) struct Routes<S> {
    /// The router.
    pub(super) router: Router<S>,
    /// The paths in it, as they were given.
    pub(super) paths: Vec<&'static str>,
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// None.
    pub(super) fn new() -> Self {
        Self { router: Router::new(), paths: Vec::new() }
    }

    /// With another path.
    pub(super) fn route(mut self, path: &'static str, handlers: MethodRouter<S>) -> Self {
        self.paths.push(path);
        Self { router: self.router.route(path, handlers), ..self }
    }
}
