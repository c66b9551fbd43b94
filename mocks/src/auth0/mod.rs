//! The Auth0 tenant as its APIs show it: a machine that takes calls and returns answers.

mod admission;
mod authorize;
pub mod call;
mod control;
pub mod devices;
pub mod factors;
mod families;
pub mod holders;
pub mod jobs;
mod limits;
pub mod links;
mod login;
pub mod mailed;
pub mod organizations;
mod passing;
pub mod profiles;
mod protection;
mod records;
pub mod registry;
pub mod roles;
mod sessions;
pub mod settings;
mod tenant;
mod token;
mod userinfo;
mod users;

pub(crate) use admission::Instead;
pub use call::*;
pub use limits::RateSeen;
pub use registry::Registry;
pub use sessions::{FamilySeen, SessionSeen};
pub use settings::Settings;
pub use tenant::{SeedSession, SeedUser, Tenant};
pub use users::User;
