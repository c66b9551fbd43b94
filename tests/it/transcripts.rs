//! What a person sees at the command line: transcripts that are run as tests.

/// `TRYCMD=overwrite cargo test --test it transcripts` refreshes them.
#[test]
fn transcripts_show_what_the_program_says() {
    trycmd::TestCases::new()
        .default_bin_name("cutover")
        .env("NO_COLOR", "1")
        .case("tests/cli/*.md");
}
