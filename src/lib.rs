//! `cutover`: rehearse the move of an application's logins before your users live through it.

pub mod cli;
pub mod comparison;
pub mod dice;
pub mod driver;
pub mod outcome;
pub mod population;
pub mod recorder;
pub mod rehearsal;
pub mod report;
pub mod scenario;
pub mod strategy;
pub mod tenant;
pub mod twin;
pub mod verdict;
pub mod windows;
