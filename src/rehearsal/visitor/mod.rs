//! A person with a device: visits, page loads, login pages, and what they do there.

pub(super) mod cookies;
mod legacy_login;
pub(super) mod login;
pub(super) mod login_page;
mod sign_up;
mod stytch_login;
pub(super) mod visit;
