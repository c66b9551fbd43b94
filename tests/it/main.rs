//! Integration tests, in one binary: linking is dear.

mod scenario_files;
