//! Runs and comparisons as pages of HTML that need nothing but themselves: no network, no script from
//! elsewhere.
//!
//! Everything on a page comes from an outcome. It reads without scripts; where they run, they only
//! sort and filter. A content security policy that names the page's own style and script by their
//! hashes keeps everything else out.

mod compared;
mod figures;
mod gates;
mod latency;
mod part;
mod run;
mod tables;
mod timeline;

#[cfg(test)]
mod claims;
#[cfg(test)]
mod run_tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::report::wording::Tone;

pub use compared::comparison_html;
pub use run::html;

const STYLE: &str = include_str!("../../../reports/templates/style.css");
const SCRIPT: &str = include_str!("../../../reports/templates/script.js");

/// What pages have in common.
struct Frame {
    title: String,
    /// Only this style and this script, and nothing from anywhere else.
    policy: String,
    style: &'static str,
    script: &'static str,
}

impl Frame {
    fn titled(title: String) -> Self {
        let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; \
             form-action 'none'",
            hash(STYLE),
            hash(SCRIPT),
        );
        Self {
            title,
            policy,
            style: STYLE,
            script: SCRIPT,
        }
    }
}

const fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "plain",
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Doubt => "doubt",
    }
}
