//! What the gate makes of tools that lie, hang, break or are not there: real runs of a small gate over a small tree, whose
//! tool is a shell script.

mod cached_verdicts;
mod fixture;
mod tools;
mod zap;
