//! The rules of a Stytch project, one test each, against the machine alone.

mod forgetting;
mod gate;
mod logins;
mod migrate;
mod people;
mod scene;
mod sessions;
mod with;
