//! Integration tests, in one binary: linking is dear.

mod arrivals;
mod browser;
mod clients;
mod common_random_numbers;
mod comparison_files;
mod comparison_reports;
mod conservation;
mod diverging;
mod hand_computed;
mod hand_over;
mod http;
mod interrupted;
mod licences;
mod outcome;
mod page;
mod random_scenario;
mod rehearsed;
mod scenario_files;
mod scenario_loading;
mod strategies;
mod tenants;
mod tidy;
mod transcripts;
mod twin;
mod workflows;
