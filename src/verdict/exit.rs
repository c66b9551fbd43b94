//! Exit codes: what a script can tell from a rehearsal without reading anything.

/// Every gate and every invariant holds.
pub const PASSED: u8 = 0;
/// At least one gate does not hold, or was never exercised.
pub const GATE_FAILED: u8 = 1;
/// The command line or the scenario is wrong; nothing ran.
pub const BAD_INPUT: u8 = 2;
/// At least one invariant is violated: someone was wrongly admitted, or the counts contradict themselves.
pub const INVARIANT_VIOLATED: u8 = 3;
/// The rehearsal says nothing: its driver was late, or its sums do not agree with the providers'.
pub const INCONCLUSIVE: u8 = 4;
/// The environment is at fault: a target cannot be reached, a port is taken, a disk is full, test tenants
/// are not ready or not clean.
pub const ENVIRONMENT: u8 = 5;
/// Stopped by Ctrl-C or a signal; what was measured until then is written and marked incomplete.
pub const INTERRUPTED: u8 = 130;
