//! Rate limits and service times of both providers, replaced while they run.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Admin;
use super::problem::Problem;
use super::words::{Bucket, Nothing, Object, Target, Times, Window};
use crate::auth0;
use crate::stytch;

/// Rate limits; a part that is absent in a request stays as it is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AllLimits {
    /// The tenant's.
    #[serde(skip_serializing_if = "Option::is_none")]
    auth0: Option<Object<TenantLimits>>,
    /// The project's.
    #[serde(skip_serializing_if = "Option::is_none")]
    stytch: Option<Object<ProjectLimits>>,
}

/// Limits of the tenant: all are replaced at once, and all buckets are full again.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TenantLimits {
    /// Over all endpoints; absent or null: none.
    tenant: Option<Bucket>,
    /// Of single endpoints, on top.
    #[serde(default)]
    endpoints: Endpoints<Auth0Endpoint, Bucket>,
    /// Of `UserInfo` for each user; absent or null: none.
    userinfo_per_user: Option<Bucket>,
}

/// Limits of the project: all are replaced at once, and all windows are empty again.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProjectLimits {
    /// Over all calls; absent or null: none.
    project: Option<Window>,
    /// Of single endpoints, on top.
    #[serde(default)]
    endpoints: Endpoints<StytchEndpoint, Window>,
    /// Of mails to one person; absent or null: none.
    mails_per_person: Option<Window>,
}

/// Service times; a part that is absent in a request stays as it is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AllTimes {
    /// The tenant's.
    #[serde(skip_serializing_if = "Option::is_none")]
    auth0: Option<Object<ProviderTimes<Auth0Endpoint>>>,
    /// The project's; Migrate Session's is without the `UserInfo` call inside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    stytch: Option<Object<ProviderTimes<StytchEndpoint>>>,
}

/// Service times of a provider: all are replaced at once.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(bound = "E: JsonSchema + Ord")]
#[serde(bound(
    deserialize = "E: Ord + Deserialize<'de>",
    serialize = "E: Ord + Serialize"
))]
pub(super) struct ProviderTimes<E> {
    /// Of endpoints that are not listed.
    default: Times,
    /// Of single endpoints.
    endpoints: Option<Endpoints<E, Times>>,
}

type Endpoints<E, T> = BTreeMap<E, T>;

/// Endpoints of one provider as keys of an object.
macro_rules! endpoint_key {
    ($name:ident, $endpoint:ty, $target:path) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) struct $name($endpoint);

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.0.name())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                match Target::deserialize(deserializer)? {
                    $target(Some(endpoint)) => Ok(Self(endpoint)),
                    other => Err(serde::de::Error::custom(format!(
                        "`{}` is no endpoint of this provider",
                        other.name()
                    ))),
                }
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let names = <$endpoint>::ALL.map(<$endpoint>::name).to_vec();
                schemars::json_schema!({"type": "string", "enum": names})
            }
        }
    };
}

endpoint_key!(Auth0Endpoint, auth0::Endpoint, Target::Auth0);
endpoint_key!(StytchEndpoint, stytch::Endpoint, Target::Stytch);

pub(super) fn limits(admin: &Admin, _: Nothing) -> Result<AllLimits, Problem> {
    Ok(shown_limits(admin))
}

pub(super) fn set_limits(admin: &Admin, limits: AllLimits) -> Result<AllLimits, Problem> {
    // All of it is read before any of it is set.
    let tenant = limits.auth0.map(|Object(limits)| {
        let endpoints = limits.endpoints.iter();
        let endpoints = endpoints.map(|(at, bucket)| Ok((at.0, bucket.read()?)));
        Ok::<_, Problem>((
            limits.tenant.map(Bucket::read).transpose()?,
            endpoints.collect::<Result<Vec<_>, Problem>>()?,
            limits.userinfo_per_user.map(Bucket::read).transpose()?,
        ))
    });
    let tenant = tenant.transpose()?;
    let project = limits.stytch.map(|Object(limits)| {
        let endpoints = limits.endpoints.iter();
        let endpoints = endpoints.map(|(at, window)| Ok((at.0, window.read()?)));
        Ok::<_, Problem>((
            limits.project.map(Window::read).transpose()?,
            endpoints.collect::<Result<Vec<_>, Problem>>()?,
            limits.mails_per_person.map(Window::read).transpose()?,
        ))
    });
    let project = project.transpose()?;
    let now = admin.now();
    if let Some((all, endpoints, per_user)) = tenant {
        admin
            .auth0
            .with_tenant(|machine| machine.set_limits(all, endpoints, per_user, now));
    }
    if let Some((all, endpoints, mails)) = project {
        let mut machine = admin.stytch.project();
        machine.set_limits(all, endpoints);
        machine.set_mails_per_person(mails);
    }
    Ok(shown_limits(admin))
}

fn shown_limits(admin: &Admin) -> AllLimits {
    let auth0 = admin.auth0.with_tenant(|machine| {
        let settings = machine.settings();
        let endpoints = settings.endpoint_limits.iter();
        TenantLimits {
            tenant: settings.tenant_limit.map(Bucket::of),
            endpoints: endpoints
                .map(|(at, rate)| (Auth0Endpoint(*at), Bucket::of(*rate)))
                .collect(),
            userinfo_per_user: settings.userinfo_per_user.map(Bucket::of),
        }
    });
    let machine = admin.stytch.project();
    let settings = machine.settings();
    let endpoints = settings.endpoint_limits.iter();
    let stytch = ProjectLimits {
        project: settings.project_limit.map(Window::of),
        endpoints: endpoints
            .map(|(at, limit)| (StytchEndpoint(*at), Window::of(*limit)))
            .collect(),
        mails_per_person: settings.mails_per_person.map(Window::of),
    };
    AllLimits {
        auth0: Some(Object(auth0)),
        stytch: Some(Object(stytch)),
    }
}

pub(super) fn times(admin: &Admin, _: Nothing) -> Result<AllTimes, Problem> {
    Ok(shown_times(admin))
}

pub(super) fn set_times(admin: &Admin, times: AllTimes) -> Result<AllTimes, Problem> {
    let tenant = times.auth0.map(|times| read_times(&times.0, |at| at.0));
    let tenant = tenant.transpose()?;
    let project = times.stytch.map(|times| read_times(&times.0, |at| at.0));
    let project = project.transpose()?;
    if let Some((default, listed)) = tenant {
        admin
            .auth0
            .with_tenant(|machine| machine.set_latency(default, listed));
    }
    if let Some((default, listed)) = project {
        admin.stytch.project().set_latency(default, listed);
    }
    Ok(shown_times(admin))
}

type ReadTimes<E> = (crate::latency::Latency, Vec<(E, crate::latency::Latency)>);

fn read_times<K: Copy, E>(
    times: &ProviderTimes<K>,
    endpoint: fn(K) -> E,
) -> Result<ReadTimes<E>, Problem> {
    let listed = times.endpoints.iter().flatten();
    let listed = listed.map(|(at, times)| Ok((endpoint(*at), times.read()?)));
    Ok((
        times.default.read()?,
        listed.collect::<Result<_, Problem>>()?,
    ))
}

fn shown_times(admin: &Admin) -> AllTimes {
    let auth0 = admin.auth0.with_tenant(|machine| {
        let settings = machine.settings();
        let listed = settings.latency.iter();
        ProviderTimes {
            default: Times::of(settings.latency_default),
            endpoints: Some(
                listed
                    .map(|(at, times)| (Auth0Endpoint(*at), Times::of(*times)))
                    .collect(),
            ),
        }
    });
    let machine = admin.stytch.project();
    let settings = machine.settings();
    let listed = settings.latency.iter();
    let stytch = ProviderTimes {
        default: Times::of(settings.latency_default),
        endpoints: Some(
            listed
                .map(|(at, times)| (StytchEndpoint(*at), Times::of(*times)))
                .collect(),
        ),
    };
    AllTimes {
        auth0: Some(Object(auth0)),
        stytch: Some(Object(stytch)),
    }
}
