//! Drivers: they perform the protocol core's calls and tell it the time, and decide nothing.

pub mod http;
pub mod virtual_time;
