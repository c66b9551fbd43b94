//! Test tenants: a real Auth0 development tenant and a real Stytch test project, driven safely.
//!
//! | module | owns |
//! | --- | --- |
//! | [`secret`], [`base`], [`credentials`], `env_file` | texts that cannot be printed; where a provider is; what reaches a tenant, and its file |
//! | [`guard`] | what may be driven, how hard, and what needs consent on the command line |
//! | [`pace`], [`client`] | requests one by one, under published limits, patient and bounded |
//! | `flights` | requests on the wire, and those that were lost there |
//! | `hidden` | secrets that a refusal repeats |
//! | [`auth0`], [`stytch`], [`refused`] | what is asked of each provider, and why it says no |
//! | [`tenants`] | both behind the guard |
//! | [`journal`], [`provision`], [`cleanup`] | test people: written down, made, removed |
//! | [`doctor`] | whether everything is as a run needs it, and what to fix where |

pub mod auth0;
pub mod base;
pub mod cleanup;
pub mod client;
pub mod credentials;
pub mod doctor;
mod env_file;
#[cfg(test)]
mod fixture;
mod flights;
pub mod guard;
mod hidden;
pub mod journal;
pub mod pace;
pub mod provision;
pub mod refused;
pub mod secret;
pub mod stytch;
pub mod tenants;
