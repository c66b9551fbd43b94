//! Whether a rehearsal passed: gates, invariants, and the exit code that tells.

pub mod gate;
