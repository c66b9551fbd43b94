//! The Stytch project as its APIs show it, consumer or B2B: a machine that takes calls and returns answers.

pub mod call;
pub mod settings;

pub use call::*;
pub use settings::Settings;
