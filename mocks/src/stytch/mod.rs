//! The Stytch project as its APIs show it, consumer or B2B: a machine that takes calls and returns answers.

pub mod call;
pub mod settings;

mod control;
mod discovery;
mod enter;
mod errand;
mod gate;
mod logins;
mod means;
mod means_calls;
mod members;
mod migrate;
mod org_rules;
mod passwords;
mod people;
mod project;
mod records;
mod rule;
mod session_calls;
mod sessions;
mod sso;
mod tokens;
mod view;
mod with;

pub use call::*;
pub use discovery::Discovery;
pub use enter::{Enter, TrustedSeen};
pub use errand::{Errand, ErrandAnswer, ErrandReply};
pub use means::{Means, MeansId, Owned, Thing, Tie, Totp};
pub use means_calls::Keep;
pub use members::Membership;
pub use migrate::{EGRESS, Pending, UserInfoOutcome, UserInfoSeen};
pub use org_rules::{Joining, Method, Methods, OrgRules};
pub use people::Status;
pub use project::{Project, SeedOrg, SeedUser, Step};
pub use rule::Rule;
pub use sessions::{Factor, Factors, Proved};
pub use settings::Settings;
pub use sso::Sso;
pub use view::{OrgView, SessionView, UserView};
pub use with::{Connection, Phone, Provider, Verifier, With};
