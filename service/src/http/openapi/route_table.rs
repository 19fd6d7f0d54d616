//! The route table: path templates, methods and query parameters of every route. It is read from the OpenAPI document, so
//! that `Allow`, the check for unknown parameters and the document cannot disagree.

use super::extra_route::{ExtraRoute, RouteKind};
use super::operation_policy::{OperationPolicy, Operations};
use http::{HeaderValue, Method};
use poem_openapi::registry::MetaParamIn;
use std::collections::HashMap;

/// All paths with their methods.
#[derive(Debug)]
pub struct RouteTable {
    routes: Vec<RouteEntry>,
    /// Indexes of the paths without a parameter: nearly all of them.
    exact: HashMap<&'static str, usize>,
}

/// One path template with its methods.
#[derive(Debug)]
pub struct RouteEntry {
    /// The template, as in `/ports/{code}`.
    pub template: &'static str,
    /// What it serves.
    pub kind: RouteKind,
    /// The value of `Allow`: the documented methods, HEAD wherever there is GET, and OPTIONS.
    pub allow: HeaderValue,
    methods: Vec<RouteMethod>,
}

#[derive(Debug)]
struct RouteMethod {
    method: Method,
    /// The query parameters.
    parameters: Vec<String>,
    policy: Option<OperationPolicy>,
}

impl RouteTable {
    /// The operations that these APIs document, and the extra routes.
    pub fn of<T: Operations>(extra: &[ExtraRoute]) -> Self {
        let mut table = Self {
            routes: Vec::new(),
            exact: HashMap::new(),
        };
        let policies = T::policies();
        for path in T::meta().into_iter().flat_map(|api| api.paths) {
            let policy = |method: &Method| {
                let mut of_path = policies.iter().filter(|policy| policy.path == path.path);
                of_path.find(|policy| policy.method == method).copied()
            };
            let methods = path.operations.into_iter().map(|operation| {
                let query = operation
                    .params
                    .into_iter()
                    .filter(|param| param.in_type == MetaParamIn::Query);
                RouteMethod {
                    policy: policy(&operation.method),
                    method: operation.method,
                    parameters: query.map(|param| param.name).collect(),
                }
            });
            let methods = methods.collect();
            // Leaked once per process: metrics need a `'static` label.
            table.add(path.path.leak(), RouteKind::Operation, methods);
        }
        for route in extra {
            let methods = route.methods().map(|(method, parameters)| RouteMethod {
                method: method.clone(),
                parameters: parameters.iter().map(|name| (*name).to_owned()).collect(),
                policy: None,
            });
            table.add(route.path, route.kind, methods.collect());
        }
        table
    }

    fn add(&mut self, template: &'static str, kind: RouteKind, methods: Vec<RouteMethod>) {
        if let Some(route) = self.routes.iter_mut().find(|route| route.template == template) {
            route.methods.extend(methods);
            route.allow = allow(route.methods.iter().map(|known| &known.method));
            return;
        }
        if !is_parameter(template) {
            self.exact.insert(template, self.routes.len());
        }
        let allow = allow(methods.iter().map(|known| &known.method));
        self.routes.push(RouteEntry {
            template,
            kind,
            allow,
            methods,
        });
    }

    /// The methods of all routes, as the value of `Allow`.
    pub fn methods(&self) -> HeaderValue {
        let methods = self.routes.iter().flat_map(|route| &route.methods);
        allow(methods.map(|known| &known.method))
    }

    /// The entry that matches a request's path.
    pub fn find(&self, path: &str) -> Option<&RouteEntry> {
        if let Some(index) = self.exact.get(path) {
            return self.routes.get(*index);
        }
        self.routes
            .iter()
            .find(|route| is_parameter(route.template) && matches(route.template, path))
    }
}

/// The framework writes parameters with a colon, the document in braces.
fn is_parameter(template: &str) -> bool {
    template.contains([':', '{'])
}

/// Compares segment by segment; a parameter matches any segment that is not empty.
fn matches(template: &str, path: &str) -> bool {
    let (mut expected, mut actual) = (template.split('/'), path.split('/'));
    loop {
        match (expected.next(), actual.next()) {
            (None, None) => return true,
            (Some(expected), Some(actual))
                if expected == actual || (is_parameter(expected) && !actual.is_empty()) => {}
            _ => return false,
        }
    }
}

impl RouteEntry {
    /// The query parameters of a method; `None` if the path does not support the method.
    pub fn parameters(&self, method: &Method) -> Option<&[String]> {
        self.find(method).map(|known| known.parameters.as_slice())
    }

    /// What the edge does differently for this method.
    pub fn policy(&self, method: &Method) -> Option<&OperationPolicy> {
        self.find(method).and_then(|known| known.policy.as_ref())
    }

    /// HEAD is GET without the body.
    fn find(&self, method: &Method) -> Option<&RouteMethod> {
        let method = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        self.methods.iter().find(|known| known.method == method)
    }
}

fn allow<'a>(methods: impl Iterator<Item = &'a Method>) -> HeaderValue {
    let mut allowed: Vec<&str> = methods.map(Method::as_str).collect();
    if allowed.contains(&"GET") {
        allowed.push("HEAD");
    }
    allowed.push("OPTIONS");
    allowed.sort_unstable();
    allowed.dedup();
    HeaderValue::from_str(&allowed.join(", ")).unwrap_or_else(|_| HeaderValue::from_static("OPTIONS"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_match_whole_paths_only() {
        assert!(matches("/ports/:code", "/ports/CNGGZ"));
        assert!(matches("/ports/{code}", "/ports/CNGGZ"));
        assert!(!matches("/ports/:code", "/ports/"));
        assert!(!matches("/ports/:code", "/ports/a/b"));
        assert!(!matches("/ports/:code", "/ports"));
    }

    #[test]
    fn allow_lists_head_and_options() {
        assert_eq!(
            allow([Method::GET, Method::POST].iter()),
            "GET, HEAD, OPTIONS, POST"
        );
        assert_eq!(allow([Method::POST].iter()), "OPTIONS, POST");
    }
}
