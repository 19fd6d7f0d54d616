//! Machine clients (RFC 6749 §4.4).

mod assertions;
mod management;
mod rejections;
mod rights;
mod rotation;
mod tokens;
