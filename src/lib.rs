//! `cutover`: rehearse the move of an application's logins before your users live through it.

pub mod recorder;
pub mod scenario;
