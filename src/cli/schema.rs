//! `cutover schema`: the JSON Schema of scenario files.

use super::{Failure, print};
use crate::scenario;
use crate::verdict::exit;

pub(super) fn schema() -> Result<u8, Failure> {
    print(&format!("{:#}", scenario::schema()))?;
    Ok(exit::PASSED)
}
