//! The Stytch project as its APIs show it, consumer or B2B: a machine that takes calls and returns answers.

pub mod call;
pub mod settings;

mod control;
mod errand;
mod gate;
mod logins;
mod migrate;
mod passwords;
mod people;
mod project;
mod records;
mod session_calls;
mod sessions;
mod tokens;
mod view;

pub use call::*;
pub use errand::{Errand, ErrandAnswer, ErrandReply};
pub use migrate::{EGRESS, Pending, UserInfoOutcome, UserInfoSeen};
pub use project::{Project, SeedOrg, SeedUser, Step};
pub use sessions::{Factor, Factors};
pub use settings::Settings;
pub use view::{OrgView, SessionView, UserView};
