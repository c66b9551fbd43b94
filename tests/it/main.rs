//! Integration tests, in one binary: linking is dear.

mod outcome;
mod scenario_files;
