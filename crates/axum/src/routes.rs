//! A router that can say which paths it has, for the description of what the server offers.

use axum::Router;
use axum::routing::MethodRouter;

/// Routes, and their paths.
///
/// ```
/// use axum::routing::get;
/// let routes = countersign_axum::Routes::<()>::new().route("/pets", get(async || "two"));
/// assert_eq!(routes.paths, ["/pets"]);
/// ```
#[derive(Debug)]
pub struct Routes<S> {
    /// The router.
    pub router: Router<S>,
    /// The paths in it, as they were given.
    pub paths: Vec<&'static str>,
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self { router: Router::new(), paths: Vec::new() }
    }

    /// With another path.
    #[must_use]
    pub fn route(mut self, path: &'static str, handlers: MethodRouter<S>) -> Self {
        self.paths.push(path);
        Self { router: self.router.route(path, handlers), ..self }
    }
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}
