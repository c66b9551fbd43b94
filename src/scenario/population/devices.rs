//! `[population.devices]`: what people come with.

use cutover_mocks::share::Share;
use cutover_mocks::time::Span;

use super::super::kind::{self, List, Parts};
use super::super::problem::Problem;
use super::super::reader::{Setting, Table, setting};
use super::super::scalar::{
    Length, Number, POSITIVE, Percent, SIGNED_LENGTH, SOME_LENGTH, number_from,
};
use super::{OWN, read_parts};

/// What people come with.
#[derive(Clone, Debug, PartialEq)]
pub struct Devices {
    /// Shares of people with 1, 2, 3 and 4 devices; sums to 1.
    pub per_user: [f64; 4],
    /// Shares of devices that are web browsers, iOS apps and Android apps; sums to 1.
    pub platforms: [f64; 3],
    /// How mobile apps are updated to the version that can speak to Stytch.
    pub updates: Updates,
    /// Share of a person's visits that come from another address than their home's.
    pub roaming: Share,
    /// People who share one network address, on average.
    pub people_per_address: f64,
    /// Geographic regions and their shares, for a flag keyed by geography.
    pub regions: Vec<(String, Share)>,
    /// Share of web devices that drop their cookies within seven days without a visit.
    pub cookies_expire: Share,
}

/// The curve of updates to the app version that can speak to Stytch:
/// `P(t) = ever × (1 − exp(−(t / tau)^shape))` after the release.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Updates {
    /// When the new version is released, after the start of the rehearsal; negative: before it.
    pub released: Span,
    /// The share that ever updates.
    pub ever: Share,
    /// Time scale of the curve.
    pub tau: Span,
    /// Shape of the curve; below 1: fast first, then slow.
    pub shape: f64,
}

const ROAMING: Setting<Percent> = setting(
    "roaming",
    Percent,
    "Share of a person's visits that come from another address than their \
     home's.",
    "20%",
    OWN,
);

const PEOPLE_PER_ADDRESS: Setting<Number> = setting(
    "people_per_address",
    number_from(1.0),
    "People who share one network address, on average.",
    "2",
    OWN,
);

const COOKIES_EXPIRE: Setting<Percent> = setting(
    "cookies_expire",
    Percent,
    "Share of web devices that drop their cookies within seven days without \
     a visit.",
    "0%",
    "WebKit spares cookies that a server sets",
);

const RELEASED: Setting<Length> = setting(
    "released",
    SIGNED_LENGTH,
    "When the new version is released, after the start of the rehearsal; \
     negative: before it.",
    "-14d",
    OWN,
);

const PER_USER: Setting<List<Percent>> = setting(
    "per_user",
    List {
        of: Percent,
        len: Some(4),
    },
    "Shares of people with 1, 2, 3 and 4 devices; they sum to 100%.",
    "[\"45%\", \"35%\", \"15%\", \"5%\"]",
    "an assumption, mean 1.8: six in ten adults use two or more (GfK, 2014)",
);

const REGIONS: Setting<Parts<String>> = setting(
    "regions",
    Parts {
        name: |name| Ok(name.to_owned()),
        named: "regions",
    },
    "Geographic regions and their shares, for a flag keyed by geography.",
    "{ americas = \"40%\", asia = \"20%\", europe = \"40%\" }",
    OWN,
);

const PLATFORMS: [(&str, &str, &str); 3] = [
    ("web", "Web browsers.", "60%"),
    ("ios", "iOS apps.", "20%"),
    ("android", "Android apps.", "20%"),
];

/// Reads `[population.devices]`.
pub(super) fn read(t: &mut Table<'_>) -> Devices {
    let doc = "Shares of devices by platform; they sum to 100%.";
    let platforms = t.table("platforms", doc, |t| read_parts(t, PLATFORMS));
    let doc = "How mobile apps are updated to the version that can speak to Stytch: \
     ever × (1 − exp(−(t / tau)^shape)) after the release.";
    let updates = t.table("updates", doc, read_updates);
    Devices {
        per_user: read_per_user(t),
        platforms,
        updates,
        roaming: t.get(&ROAMING).value,
        people_per_address: t.get(&PEOPLE_PER_ADDRESS).value,
        regions: t.get(&REGIONS).value,
        cookies_expire: t.get(&COOKIES_EXPIRE).value,
    }
}

/// Reads `per_user`, which sums to 100%.
fn read_per_user(t: &mut Table<'_>) -> [f64; 4] {
    let per_user = t.get(&PER_USER);
    let sum: f64 = per_user.value.iter().map(|(share, _)| share.get()).sum();
    if let Some(help) = kind::off_by(sum).filter(|_| per_user.sound) {
        let title = format!("the shares of `{}` do not sum to 100%", t.path("per_user"));
        let label = format!("they sum to {}", kind::percent(sum));
        t.problem(Problem::new(title).at(&per_user.place, label).help(help));
    }
    let mut shares = per_user.value.into_iter().map(|(share, _)| share.get());
    std::array::from_fn(|_| shares.next().unwrap_or_default())
}

fn read_updates(t: &mut Table<'_>) -> Updates {
    let source = "fitted to published update curves (neurons.dk 2015, Moeller 2012, IMC \
     2020): one in ten never updates";
    Updates {
        released: t.get(&RELEASED).value,
        ever: t
            .key("ever", Percent, "The share that ever updates.")
            .or("90%", source)
            .value,
        tau: t
            .key("tau", SOME_LENGTH, "Time scale of the curve.")
            .or("4d", source)
            .value,
        shape: t
            .key(
                "shape",
                POSITIVE,
                "Shape of the curve; below 1: fast first, then slow.",
            )
            .or("0.7", source)
            .value,
    }
}
