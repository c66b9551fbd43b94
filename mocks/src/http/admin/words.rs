//! Words that several operations use: providers, endpoints, moments, quantities.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use super::problem::Problem;
use crate::auth0;
use crate::http::journal;
use crate::latency::Latency;
use crate::limit::Rate;
use crate::stytch;
use crate::time::{Span, Timestamp};

/// One of the two providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Provider {
    Auth0,
    Stytch,
}

impl From<journal::Provider> for Provider {
    fn from(provider: journal::Provider) -> Self {
        match provider {
            journal::Provider::Auth0 => Self::Auth0,
            journal::Provider::Stytch => Self::Stytch,
        }
    }
}

/// A provider, or one of its endpoints by the name that scenarios use: `auth0`, `stytch.migrate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Auth0(Option<auth0::Endpoint>),
    Stytch(Option<stytch::Endpoint>),
}

impl Target {
    fn all() -> impl Iterator<Item = Self> {
        let tenant = [Self::Auth0(None)].into_iter();
        let tenant = tenant.chain(auth0::Endpoint::ALL.map(|at| Self::Auth0(Some(at))));
        let project = [Self::Stytch(None)].into_iter();
        tenant.chain(project.chain(stytch::Endpoint::ALL.map(|at| Self::Stytch(Some(at)))))
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Auth0(None) => "auth0",
            Self::Stytch(None) => "stytch",
            Self::Auth0(Some(at)) => at.name(),
            Self::Stytch(Some(at)) => at.name(),
        }
    }

    /// The endpoint, and no whole provider, of this name; its misspelling would never be called.
    pub(super) fn check_endpoint(name: &str) -> Result<(), Problem> {
        let names = Self::endpoint_names();
        if names.contains(&name) {
            return Ok(());
        }
        let shown: String = name.chars().take(100).collect();
        Err(Problem::bad(format!(
            "`endpoint` is `{shown}`, which is none; expected one of {}",
            names.join(", ")
        )))
    }

    /// The names of all endpoints.
    pub(super) fn endpoint_names() -> Vec<&'static str> {
        let endpoints = Self::all().filter(|target| target.is_endpoint());
        endpoints.map(Self::name).collect()
    }

    const fn is_endpoint(self) -> bool {
        matches!(self, Self::Auth0(Some(_)) | Self::Stytch(Some(_)))
    }

    fn read(text: &str) -> Option<Self> {
        Self::all().find(|target| target.name() == text)
    }
}

impl Serialize for Target {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| {
            let names: Vec<&str> = Self::all().map(Self::name).collect();
            let expected = names.join(", ");
            serde::de::Error::custom(format!(
                "`{text}` is no endpoint; expected one of {expected}"
            ))
        })
    }
}

impl JsonSchema for Target {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Target".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = Self::all().map(Self::name).collect();
        json_schema!({
            "type": "string", "enum": names,
            "description": "A provider, or one of its endpoints",
        })
    }
}

/// A token bucket: Auth0's limits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Bucket {
    /// Calls per second in the long run.
    #[schemars(range(min = 0.000_001, max = 1_000_000.0))]
    pub(super) per_second: f64,
    /// Calls that may come at once.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(super) burst: u32,
}

impl Bucket {
    pub(super) fn read(self) -> Result<Rate, Problem> {
        let Self { per_second, burst } = self;
        within("per_second", per_second, 0.000_001, 1_000_000.0)?;
        within("burst", burst, 1, 1_000_000)?;
        Ok(Rate { per_second, burst })
    }

    pub(super) const fn of(rate: Rate) -> Self {
        Self {
            per_second: rate.per_second,
            burst: rate.burst,
        }
    }
}

/// A window aligned to the clock: Stytch's limits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Window {
    /// Calls in a window.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(super) calls: u32,
    /// Its length in seconds.
    #[schemars(range(min = 1, max = 86_400))]
    pub(super) window_s: u32,
}

impl Window {
    pub(super) fn read(self) -> Result<stytch::settings::WindowLimit, Problem> {
        let Self { calls, window_s } = self;
        within("calls", calls, 1, 1_000_000)?;
        within("window_s", window_s, 1, 86_400)?;
        Ok(stytch::settings::WindowLimit {
            calls,
            window: Span::from_secs(window_s.into()),
        })
    }

    pub(super) const fn of(limit: stytch::settings::WindowLimit) -> Self {
        Self {
            calls: limit.calls,
            window_s: limit.window.as_secs() as u32,
        }
    }
}

/// Service times, told by two percentiles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Times {
    /// Half of all calls take at most this long, in milliseconds.
    #[schemars(range(min = 0.0, max = 600_000.0))]
    pub(super) p50_ms: f64,
    /// 99 of 100 calls take at most this long, in milliseconds; `p50_ms` if that is longer.
    #[schemars(range(min = 0.0, max = 600_000.0))]
    pub(super) p99_ms: f64,
}

impl Times {
    pub(super) fn read(self) -> Result<Latency, Problem> {
        within("p50_ms", self.p50_ms, 0.0, 600_000.0)?;
        within("p99_ms", self.p99_ms, 0.0, 600_000.0)?;
        let span = |ms: f64| Span::from_secs_f64(ms / 1000.0);
        let (p50, p99) = (span(self.p50_ms), span(self.p99_ms.max(self.p50_ms)));
        // A log-normal time is never zero unless it always is.
        let least = if p99 > p50 {
            Span::from_micros(1)
        } else {
            Span::ZERO
        };
        Ok(Latency {
            p50: p50.max(least),
            p99,
        })
    }

    pub(super) fn of(latency: Latency) -> Self {
        Self {
            p50_ms: latency.p50.as_secs_f64() * 1000.0,
            p99_ms: latency.p99.as_secs_f64() * 1000.0,
        }
    }
}

/// Whether a number is in range.
pub(super) fn within<N: PartialOrd + std::fmt::Display>(
    name: &str,
    value: N,
    least: N,
    most: N,
) -> Result<(), Problem> {
    if value >= least && value <= most {
        return Ok(());
    }
    Err(Problem::bad(format!(
        "`{name}` is {value}; expected {least} to {most}"
    )))
}

/// A moment in RFC 3339, as far as that goes.
pub(super) fn moment(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.as_micros())
        .map_or_else(|_| at.as_secs().to_string(), |at| at.to_string())
}

/// Nothing, in or out.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// What is written as an object: serde's structs would take an array of their fields as well, which
/// no schema says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> serde::de::Visitor<'de> for Fields<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                map: A,
            ) -> Result<Self::Value, A::Error> {
                T::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(Fields(std::marker::PhantomData))
    }
}
