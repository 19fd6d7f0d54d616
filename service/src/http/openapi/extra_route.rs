//! Routes that the OpenAPI document does not list: web pages, the document itself, static files.

use http::Method;
use poem::endpoint::{BoxEndpoint, EndpointExt};
use poem::{IntoEndpoint, Response, Route, RouteMethod};
use std::sync::Arc;

/// An endpoint that two methods may call.
pub type SharedEndpoint = Arc<BoxEndpoint<'static, Response>>;

/// What a path serves; errors are written accordingly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteKind {
    /// An operation of the OpenAPI document.
    Operation,
    /// A web page.
    Page,
    /// A read-only file: the OpenAPI document, a stylesheet.
    File,
}

/// One path outside the OpenAPI document, with its methods.
pub struct ExtraRoute {
    /// The path; a parameter is written with a colon.
    pub path: &'static str,
    /// What it serves.
    pub kind: RouteKind,
    methods: Vec<ExtraMethod>,
}

struct ExtraMethod {
    method: Method,
    /// The query parameters that the method takes.
    parameters: &'static [&'static str],
    endpoint: SharedEndpoint,
    /// Whether each of several equal requests is to be executed.
    is_idempotent: bool,
}

/// The endpoint of POST, and what it may need of GET.
pub struct PostEndpoint {
    /// The endpoint.
    pub submit: SharedEndpoint,
    /// Whether each of several equal requests is to be executed: their effect is that of one.
    pub is_idempotent: bool,
    /// The endpoint of GET, if there is one.
    pub show: Option<SharedEndpoint>,
    /// The query parameters of GET.
    pub parameters: &'static [&'static str],
}

impl ExtraRoute {
    /// A web page without a method yet.
    pub fn page(path: &'static str) -> Self {
        Self::new(path, RouteKind::Page)
    }

    /// A file without a method yet.
    pub fn file(path: &'static str) -> Self {
        Self::new(path, RouteKind::File)
    }

    fn new(path: &'static str, kind: RouteKind) -> Self {
        Self {
            path,
            kind,
            methods: Vec::new(),
        }
    }

    /// Adds GET.
    pub fn get<E: IntoEndpoint>(self, endpoint: E) -> Self
    where
        E::Endpoint: 'static,
    {
        self.get_with(&[], endpoint)
    }

    /// Adds GET with query parameters.
    pub fn get_with<E: IntoEndpoint>(self, parameters: &'static [&'static str], endpoint: E) -> Self
    where
        E::Endpoint: 'static,
    {
        self.with(Method::GET, parameters, endpoint)
    }

    /// Adds POST.
    pub fn post<E: IntoEndpoint>(self, endpoint: E) -> Self
    where
        E::Endpoint: 'static,
    {
        self.with(Method::POST, &[], endpoint)
    }

    /// Adds POST whose effect is the same however often it is executed.
    pub fn post_idempotent<E: IntoEndpoint>(self, endpoint: E) -> Self
    where
        E::Endpoint: 'static,
    {
        let mut route = self.post(endpoint);
        for entry in &mut route.methods {
            entry.is_idempotent = true;
        }
        route
    }

    /// Replaces the endpoint of POST, if there is one.
    #[must_use]
    pub fn map_post<E>(mut self, map: impl FnOnce(PostEndpoint) -> E) -> Self
    where
        E: IntoEndpoint,
        E::Endpoint: 'static,
    {
        let find = |method: Method| self.methods.iter().position(|entry| entry.method == method);
        let (post, get) = (find(Method::POST), find(Method::GET));
        let get = get.and_then(|get| self.methods.get(get));
        let (show, parameters) = match get {
            Some(get) => (Some(Arc::clone(&get.endpoint)), get.parameters),
            None => (None, [].as_slice()),
        };
        if let Some(entry) = post.and_then(|post| self.methods.get_mut(post)) {
            let mapped = map(PostEndpoint {
                submit: Arc::clone(&entry.endpoint),
                is_idempotent: entry.is_idempotent,
                show,
                parameters,
            });
            entry.endpoint = shared(mapped);
        }
        self
    }

    fn with<E: IntoEndpoint>(
        mut self,
        method: Method,
        parameters: &'static [&'static str],
        endpoint: E,
    ) -> Self
    where
        E::Endpoint: 'static,
    {
        self.methods.push(ExtraMethod {
            method,
            parameters,
            endpoint: shared(endpoint),
            is_idempotent: false,
        });
        self
    }

    /// The methods, each with its query parameters.
    pub fn methods(&self) -> impl Iterator<Item = (&Method, &'static [&'static str])> {
        self.methods.iter().map(|entry| (&entry.method, entry.parameters))
    }

    /// Adds the path to the framework's router.
    pub fn add_to(self, route: Route) -> Route {
        let add = |methods: RouteMethod, entry: ExtraMethod| methods.method(entry.method, entry.endpoint);
        route.at(self.path, self.methods.into_iter().fold(RouteMethod::new(), add))
    }
}

fn shared<E: IntoEndpoint>(endpoint: E) -> SharedEndpoint
where
    E::Endpoint: 'static,
{
    Arc::new(endpoint.into_endpoint().map_to_response().boxed())
}
