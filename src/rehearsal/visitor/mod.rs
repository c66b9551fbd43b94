//! A person with a device: visits, page loads, login pages, and what they do there.

pub(super) mod cookies;
pub(super) mod login;
pub(super) mod login_page;
pub(super) mod visit;
