//! Who may call which operation, and who sees whose data.

/// Every operation as every role.
mod matrix;

/// What each role sees of other accounts.
mod visibility;
