//! The way in: TLS, hostile callers, and the admin interface, all on real sockets.

#![cfg(feature = "http")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod admin;
mod clients;
mod ending;
mod fuzz;
mod hostile;
mod resets;
mod scene;
mod tls;
