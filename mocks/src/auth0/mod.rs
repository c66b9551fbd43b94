//! The Auth0 tenant as its APIs show it: a machine that takes calls and returns answers.

mod admission;
mod authorize;
pub mod call;
mod families;
mod limits;
mod login;
mod passing;
mod protection;
mod records;
pub mod registry;
pub mod settings;
mod tenant;
mod token;
mod userinfo;
mod users;

pub use call::*;
pub use limits::RateSeen;
pub use registry::Registry;
pub use settings::Settings;
pub use tenant::{SeedSession, SeedUser, Tenant};
pub use users::User;
