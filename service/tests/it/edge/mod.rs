//! What applies to every request, whatever its operation.

/// The service behind nginx.
mod behind_nginx;

/// Limits on request bodies.
mod body_limits;

/// Transfer and content codings.
mod codings;

/// Cross-origin requests.
mod cors;

/// Clients that shut down their sending side.
mod half_close;

/// The `Host` field.
mod hosts;

/// Connections between requests.
mod keep_alive;

/// Floods of HTTP/2 frames.
mod http2_floods;

/// OPTIONS, HEAD and `Allow`.
mod methods;

/// More work than the database can do.
mod overload;

/// Problem documents.
mod problems;

/// Clients behind proxies.
mod proxies;

/// Unknown and repeated query parameters.
mod query_params;

/// The rate limit.
mod rate_limit;

/// `X-Request-Id` and `traceparent`.
mod request_id;

/// One exhausted resource does not block the others.
mod resource_exhaustion;

/// Security headers.
mod security_headers;

/// Clients that do not read their responses.
mod unread_responses;

/// Log events of attacks.
mod security_events;

/// Slow and idle clients.
mod slow_clients;

/// Strict JSON.
mod strict_json;

/// Responses that are produced while their clients read them.
mod streamed_responses;

/// Request bodies that are read part by part.
mod streamed_uploads;
