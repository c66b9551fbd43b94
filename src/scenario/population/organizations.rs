//! `[population.organizations]`: the organizations of a B2B application.

use cutover_mocks::share::Share;
use cutover_mocks::stytch::Vertical;

use super::super::problem::Problem;
use super::super::reader::Table;
use super::super::scalar::{Percent, count, number_from};
use super::super::time::Frame;
use super::OWN;

/// Organizations of a B2B application.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Organizations {
    /// How many.
    pub count: u32,
    /// Their sizes follow a Zipf law with this exponent (company sizes: about 1; Axtell, 2001).
    pub zipf: f64,
    /// Share of people who are members of two organizations.
    pub two_memberships: Share,
    /// Share of organizations that nobody created in Stytch.
    pub unmapped: Share,
    /// Share of organizations that require a second factor.
    pub require_mfa: Share,
    /// Share of logins that start at an organization's own page (slug); the others at a common one.
    pub slug_login: Share,
}

/// Reads `[population.organizations]`, which a B2B scenario has and a consumer scenario has not.
pub(super) fn read(t: &mut Table<'_>, frame: &Frame) -> Option<Organizations> {
    let doc = "Organizations; only in a B2B scenario.";
    let read = t.maybe(
        "organizations",
        "none",
        doc,
        "a consumer scenario has none",
        |t| Organizations {
            count: t
                .key("count", count(1, 5_000_000), "How many.")
                .required("200")
                .value as u32,
            zipf: t
                .key(
                    "zipf",
                    number_from(0.0),
                    "Their sizes follow a Zipf law with this exponent.",
                )
                .or("1", "company sizes: about 1 (Axtell, 2001)")
                .value,
            two_memberships: t
                .key(
                    "two_memberships",
                    Percent,
                    "Share of people who are members of two organizations.",
                )
                .or("5%", OWN)
                .value,
            unmapped: t
                .key(
                    "unmapped",
                    Percent,
                    "Share of organizations that nobody created in Stytch.",
                )
                .or("0%", OWN)
                .value,
            require_mfa: t
                .key(
                    "require_mfa",
                    Percent,
                    "Share of organizations that require a second factor.",
                )
                .or("10%", OWN)
                .value,
            slug_login: t
                .key(
                    "slug_login",
                    Percent,
                    "Share of logins that start at an organization's own page; the others \
            at a common one.",
                )
                .or("50%", OWN)
                .value,
        },
    );
    let vertical = &frame.vertical;
    match (&read, vertical.value) {
        (Some(read), Vertical::Consumer) if vertical.sound && read.given => {
            let problem = Problem::new("a consumer scenario has no organizations")
                .at(&read.place, "organizations are described here")
                .at(&vertical.place, vertical.label("the vertical is consumer"))
                .help("remove [population.organizations], or set vertical = \"b2b\"");
            t.problem(problem);
        }
        (None, Vertical::B2b) if vertical.sound => {
            let problem = Problem::new("a B2B scenario needs organizations")
                .at(&vertical.place, "the vertical is b2b")
                .help("add [population.organizations] with their count")
                .following();
            t.problem(problem);
        }
        _ => {}
    }
    read.map(|read| read.value)
}
