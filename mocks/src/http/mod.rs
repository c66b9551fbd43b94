//! The wire: real paths, bodies, signatures and status codes in front of the machines.
//!
//! | module | owns |
//! | --- | --- |
//! | [`signing`] | RSA keys, signed tokens and key sets |
//! | `basic` | who shows a user and a password |
//! | `off_the_loop` | work that takes long, by threads of its own |
//! | [`auth0`] | the tenant's face |
//! | [`stytch`] | the project's face |
//! | [`params`] | parameters from queries, forms and JSON |
//! | [`recent`] | tables of what is newest, bounded in number and bytes |
//! | [`seal`] | ids as opaque text that cannot be made up |
//! | `hexadecimal` | numbers in hexadecimal digits |
//! | [`directory`] | addresses: text to handle and back |
//! | [`stamp`] | where a call's time, luck and address come from, and how its answer leaves |
//! | [`hands`] | a clock that is held or set by hand |
//! | [`journal`] | what clients asked and what they were answered |
//! | [`mail`] | what the mocks mail, for whoever plays the reader |
//! | [`origin`] | how a client reached a server: scheme and host |
//! | [`connection`] | connections that can be cut, for the faults that do so |
//! | `lobby` | the connections that are open, and those that idle |
//! | [`totp`] | codes of authenticator apps |
//! | [`tls`] | certificates of its own making, for those who insist on https |
//! | [`site`] | what becomes of every call before it reaches a handler and after |
//! | [`cors`] | calls from pages of other origins |
//! | [`server`] | one server: binding, serving and stopping |
//! | [`servers`] | both providers at work |
//! | [`shown`] | the faces that servers show, until a reset shows others |
//! | [`blueprint`] | the mocks as they are at the start |
//! | [`admin`] | the admin interface |
//! | [`introduction`] | what whoever starts the mocks must know to use them |
//! | [`standalone`] | the mocks as a program |

pub mod admin;
pub mod auth0;
mod basic;
pub mod blueprint;
pub mod connection;
pub mod cors;
pub mod directory;
pub mod hands;
mod hexadecimal;
pub mod introduction;
pub mod journal;
mod lobby;
pub mod mail;
mod off_the_loop;
pub mod origin;
pub mod params;
mod recent;
pub mod seal;
pub mod server;
pub mod servers;
pub mod shown;
pub mod signing;
pub mod site;
pub mod stamp;
pub mod standalone;
pub mod stytch;
pub mod tls;
pub mod totp;

pub use directory::{Directory, password_of};
pub use mail::Mailbox;
pub use server::StartError;
pub use servers::{Config, Running, Servers};
pub use signing::{KeyRing, Owner};
pub use stamp::{Clock, Exchange, TimeSource};
