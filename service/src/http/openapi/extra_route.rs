//! Routes that the OpenAPI document does not list: web pages, the document itself, static files.

use http::Method;
use poem::endpoint::{BoxEndpoint, EndpointExt};
use poem::{IntoEndpoint, Response, Route, RouteMethod};

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
    endpoint: BoxEndpoint<'static, Response>,
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
            endpoint: endpoint.into_endpoint().map_to_response().boxed(),
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
