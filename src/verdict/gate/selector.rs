//! For whom and when a gate asks: filters over the slices and phases that counts are kept by.

use std::fmt;

use crate::recorder::{AppVersion, Cohort, OrgSize, Platform, Record, Slice};

/// Filters; an absent one lets everything through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// Platform of the device.
    pub platform: Option<Platform>,
    /// Version of its app.
    pub app: Option<AppVersion>,
    /// What Stytch knew of the person.
    pub record: Option<Record>,
    /// Size of the person's organization.
    pub organization: Option<OrgSize>,
    /// Whether the cutover has reached the device.
    pub cohort: Option<Cohort>,
    /// Name of the phase.
    pub phase: Option<String>,
}

/// Keys of filters, in the order in which they are written.
pub(super) const KEYS: [&str; 6] = [
    "platform",
    "app",
    "record",
    "organization",
    "cohort",
    "phase",
];

impl Selector {
    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it lets this slice of this phase through.
    pub fn admits(&self, phase: &str, slice: Slice) -> bool {
        fn fits<T: Copy + PartialEq>(filter: Option<T>, value: T) -> bool {
            filter.is_none_or(|wanted| wanted == value)
        }
        fits(self.platform, slice.platform)
            && fits(self.app, slice.app)
            && fits(self.record, slice.record)
            && fits(self.organization, slice.organization)
            && fits(self.cohort, slice.cohort)
            && fits(self.phase.as_deref(), phase)
    }

    /// The filter of this key as text.
    fn value(&self, key: &str) -> Option<String> {
        match key {
            "platform" => self.platform.map(|value| word(PLATFORMS, value)),
            "app" => self.app.map(|value| word(APPS, value)),
            "record" => self.record.map(|value| word(RECORDS, value)),
            "organization" => self.organization.map(|value| word(ORGANIZATIONS, value)),
            "cohort" => self.cohort.map(|value| word(COHORTS, value)),
            _ => self.phase.as_ref().map(|name| format!("\"{name}\"")),
        }
    }
}

/// Words for the values of one key.
pub(super) type Words<T> = &'static [(&'static str, T)];

pub(super) const PLATFORMS: Words<Platform> = &[
    ("web", Platform::Web),
    ("ios", Platform::Ios),
    ("android", Platform::Android),
];
pub(super) const APPS: Words<AppVersion> =
    &[("current", AppVersion::Current), ("old", AppVersion::Old)];
pub(super) const RECORDS: Words<Record> = &[
    ("imported", Record::Imported),
    ("other_address", Record::OtherAddress),
    ("missing", Record::Missing),
    ("new", Record::New),
];
pub(super) const ORGANIZATIONS: Words<OrgSize> = &[
    ("none", OrgSize::None),
    ("small", OrgSize::Small),
    ("medium", OrgSize::Medium),
    ("large", OrgSize::Large),
];
pub(super) const COHORTS: Words<Cohort> = &[("waiting", Cohort::Waiting), ("moved", Cohort::Moved)];

fn word<T: Copy + PartialEq>(words: Words<T>, value: T) -> String {
    words
        .iter()
        .find(|(_, listed)| *listed == value)
        .map_or_else(String::new, |(word, _)| (*word).to_owned())
}

/// As written behind a quantity: nothing, or `{platform=ios, phase="step 25%"}`.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let filters: Vec<String> = KEYS
            .iter()
            .filter_map(|key| self.value(key).map(|value| format!("{key}={value}")))
            .collect();
        if filters.is_empty() {
            Ok(())
        } else {
            write!(f, "{{{}}}", filters.join(", "))
        }
    }
}
