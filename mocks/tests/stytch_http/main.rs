//! Conformance: Stytch's official Rust crate drives the mock over real sockets, and decodes every answer.
#![cfg(feature = "http")]

mod attest;
mod browsers;
mod factors;
mod logins;
mod member_logins;
mod members;
mod powers;
mod sso;
mod sso_borders;
mod sso_connections;
mod sso_scene;
mod stage;
mod users;
mod wire;
