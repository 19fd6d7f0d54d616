//! Path templates, methods and parameters, read from the OpenAPI document: so that `Allow`, unknown parameters and the
//! document can never disagree. Pages and files beside the document bring their own.

use http::{HeaderValue, Method};
use poem_openapi::OpenApi;
use poem_openapi::registry::MetaParamIn;
use std::collections::HashMap;

/// One path of the document and its methods.
#[derive(Debug)]
pub struct Operations {
    paths: Vec<PathOperations>,
    /// Paths without a parameter, which are nearly all.
    exact: HashMap<&'static str, usize>,
}

/// What a path is to whoever asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An operation of the document.
    Operation,
    /// A page for people.
    Page,
    /// Any other thing that is only read: the document itself, a stylesheet.
    File,
}

/// A path that is not in the document.
#[derive(Clone, Copy, Debug)]
pub struct Beside {
    /// The path, a parameter written with a colon.
    pub path: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Its methods, each with its query parameters.
    pub methods: &'static [(Method, &'static [&'static str])],
}

/// The operations of one path template.
#[derive(Debug)]
pub struct PathOperations {
    /// The template, as in `/ports/{code}`.
    pub template: &'static str,
    /// What it is.
    pub kind: Kind,
    /// The value of `Allow`: the methods of the document, HEAD wherever there is GET, and OPTIONS.
    pub allow: HeaderValue,
    methods: Vec<(Method, Vec<String>)>,
}

impl Operations {
    /// Everything that these APIs document, and what is there beside them.
    pub fn of<T: OpenApi>(beside: &[Beside]) -> Self {
        let mut operations = Self {
            paths: Vec::new(),
            exact: HashMap::new(),
        };
        for path in T::meta().into_iter().flat_map(|api| api.paths) {
            let methods = path.operations.into_iter().map(|operation| {
                let query = operation
                    .params
                    .into_iter()
                    .filter(|param| param.in_type == MetaParamIn::Query);
                (operation.method, query.map(|param| param.name).collect())
            });
            // Made once a process and alive as long: the metrics use it as a label.
            operations.add(path.path.leak(), Kind::Operation, methods.collect());
        }
        for beside in beside {
            let methods = beside.methods.iter().map(|(method, parameters)| {
                let parameters = parameters.iter().map(|name| (*name).to_owned());
                (method.clone(), parameters.collect())
            });
            operations.add(beside.path, beside.kind, methods.collect());
        }
        operations
    }

    fn add(&mut self, template: &'static str, kind: Kind, methods: Vec<(Method, Vec<String>)>) {
        if let Some(path) = self.paths.iter_mut().find(|path| path.template == template) {
            path.methods.extend(methods);
            path.allow = allow(path.methods.iter().map(|(method, _)| method));
            return;
        }
        if !is_parameter(template) {
            self.exact.insert(template, self.paths.len());
        }
        let allow = allow(methods.iter().map(|(method, _)| method));
        self.paths.push(PathOperations {
            template,
            kind,
            allow,
            methods,
        });
    }

    /// The operations of the path that was asked for.
    pub fn find(&self, path: &str) -> Option<&PathOperations> {
        if let Some(index) = self.exact.get(path) {
            return self.paths.get(*index);
        }
        self.paths
            .iter()
            .find(|operations| is_parameter(operations.template) && fits(operations.template, path))
    }
}

/// The framework writes parameters with a colon, the document in braces.
fn is_parameter(template: &str) -> bool {
    template.contains([':', '{'])
}

/// Segment by segment; a parameter takes any segment that is not empty.
fn fits(template: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if wanted == given || (is_parameter(wanted) && !given.is_empty()) => {
            }
            _ => return false,
        }
    }
}

impl PathOperations {
    /// The names of the query parameters of a method; `None`: the method is not taken. HEAD is GET without the body.
    pub fn parameters(&self, method: &Method) -> Option<&[String]> {
        let method = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        self.methods
            .iter()
            .find(|(known, _)| known == method)
            .map(|(_, parameters)| parameters.as_slice())
    }
}

fn allow<'a>(methods: impl Iterator<Item = &'a Method>) -> HeaderValue {
    let mut allowed: Vec<&str> = methods.map(Method::as_str).collect();
    if allowed.contains(&"GET") {
        allowed.push("HEAD");
    }
    allowed.push("OPTIONS");
    allowed.sort_unstable();
    HeaderValue::from_str(&allowed.join(", ")).unwrap_or_else(|_| HeaderValue::from_static("OPTIONS"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_fit_whole_paths_only() {
        assert!(fits("/ports/:code", "/ports/CNGGZ"));
        assert!(fits("/ports/{code}", "/ports/CNGGZ"));
        assert!(!fits("/ports/:code", "/ports/"));
        assert!(!fits("/ports/:code", "/ports/a/b"));
        assert!(!fits("/ports/:code", "/ports"));
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
