//! Integration tests, in one binary: linking is dear.

mod http;
mod licences;
mod outcome;
mod scenario_files;
mod scenario_loading;
