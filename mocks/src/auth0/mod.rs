//! The Auth0 tenant as its APIs show it: a machine that takes calls and returns answers.

pub mod call;
pub mod settings;

pub use call::*;
pub use settings::Settings;
