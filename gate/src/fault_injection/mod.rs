//! Test-only: how the gate judges tools that lie, hang, crash or are missing. Real runs of a small gate with a shell script
//! as its tool.

mod cached_verdicts;
mod fixture;
mod tools;
mod zap;
