//! What the gate makes of tools that lie, hang, break or are not there: real runs of a small gate over a small tree, whose
//! tool is a shell script.

/// The tree, the gate and the tool.
mod fixture;

/// One gate and one fault.
mod tools;

/// Verdicts that are taken over, and those that are not.
mod cached_verdicts;

/// A ZAP that lies.
mod zap;
