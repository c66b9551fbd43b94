//! `[population.organizations]`: the organizations of a B2B application.

use cutover_mocks::share::Share;
use cutover_mocks::stytch::Vertical;

use super::super::problem::Problem;
use super::super::reader::{Read, Setting, Table, setting};
use super::super::scalar::{Number, Percent, count, number_from};
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

const ZIPF: Setting<Number> = setting(
    "zipf",
    number_from(0.0),
    "Their sizes follow a Zipf law with this exponent.",
    "1",
    "company sizes: about 1 (Axtell, 2001)",
);

const TWO_MEMBERSHIPS: Setting<Percent> = setting(
    "two_memberships",
    Percent,
    "Share of people who are members of two organizations.",
    "5%",
    OWN,
);

const UNMAPPED: Setting<Percent> = setting(
    "unmapped",
    Percent,
    "Share of organizations that nobody created in Stytch.",
    "0%",
    OWN,
);

const REQUIRE_MFA: Setting<Percent> = setting(
    "require_mfa",
    Percent,
    "Share of organizations that require a second factor.",
    "10%",
    OWN,
);

const SLUG_LOGIN: Setting<Percent> = setting(
    "slug_login",
    Percent,
    "Share of logins that start at an organization's own page; the others \
     at a common one.",
    "50%",
    OWN,
);

/// Reads `[population.organizations]`, which a B2B scenario has and a consumer scenario has not.
pub(super) fn read(t: &mut Table<'_>, frame: &Frame) -> Option<Organizations> {
    let doc = "Organizations; only in a B2B scenario.";
    let source = "a consumer scenario has none";
    let read = t.maybe("organizations", "none", doc, source, |t| Organizations {
        count: t
            .key("count", count(1, 5_000_000), "How many.")
            .required("200")
            .value as u32,
        zipf: t.get(&ZIPF).value,
        two_memberships: t.get(&TWO_MEMBERSHIPS).value,
        unmapped: t.get(&UNMAPPED).value,
        require_mfa: t.get(&REQUIRE_MFA).value,
        slug_login: t.get(&SLUG_LOGIN).value,
    });
    check(t, &frame.vertical, read.as_ref());
    read.map(|read| read.value)
}

/// Organizations belong to B2B.
fn check(t: &mut Table<'_>, vertical: &Read<Vertical>, read: Option<&Read<Organizations>>) {
    match (read, vertical.value) {
        (Some(read), Vertical::Consumer) if vertical.sound => t.problem(
            Problem::new("a consumer scenario has no organizations")
                .at(&read.place, "organizations are described here")
                .at(&vertical.place, vertical.label("the vertical is consumer"))
                .help("remove [population.organizations], or set vertical = \"b2b\""),
        ),
        (None, Vertical::B2b) if vertical.sound => t.problem(
            Problem::new("a B2B scenario needs organizations")
                .at(&vertical.place, "the vertical is b2b")
                .help("add [population.organizations] with their count")
                .following(),
        ),
        _ => {}
    }
}
