//! What goes wrong: a response other than the right one, a lost connection, a request that is held.

/// How often and where something goes wrong.
#[derive(Debug, Clone)]
pub struct Disruption {
    /// `GET`.
    pub method: &'static str,
    /// The path ends so.
    pub path: &'static str,
    /// What happens.
    pub kind: Kind,
    /// How often.
    pub times: u32,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// This status; the request has no effect.
    Status(u16),
    /// The connection is closed; the request has no effect.
    Lost,
    /// The request has its effect; then the connection is closed.
    AnswerLost,
    /// Nothing: what is listed after it happens to a later request.
    Passes,
    /// The request waits for the release of its group, and then has its effect.
    Held,
}

impl Disruption {
    /// Takes one of the disruptions that a request meets.
    pub fn take(disruptions: &mut [Disruption], method: &str, path: &str) -> Option<Kind> {
        let disruption = disruptions.iter_mut().find(|disruption| {
            disruption.times > 0 && disruption.method == method && path.ends_with(disruption.path)
        })?;
        disruption.times -= 1;
        Some(disruption.kind)
    }
}

/// The error's code, as Resource Manager names it.
pub fn code(status: u16) -> &'static str {
    match status {
        409 => "ContainerAppOperationInProgress",
        429 => "TooManyRequests",
        _ => "InternalServerError",
    }
}
