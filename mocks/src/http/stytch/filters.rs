//! Operands of a search for people: which there are, what they take, and whom they let through.

use jiff::Timestamp as Instant;
use serde_json::{Map, Value};

use super::Face;
use super::names::Kind;
use super::objects::status;
use super::problem::Problem;
use super::providers;
use crate::stytch::{OrgId, Project, Provider, UserId, UserView, Vertical};
use crate::time::Timestamp;

/// Fuzzy filters need this many letters (error names: `…_too_short`).
const SHORTEST: usize = 3;

/// One operand of a query.
#[derive(Debug)]
pub(super) enum Filter {
    People(Vec<UserId>),
    Mailboxes(Vec<u32>),
    AddressHas(String),
    NameHas(String),
    Statuses(Vec<String>),
    Roles(Vec<String>),
    HasPassword(bool),
    EmailVerified(bool),
    PhoneVerified(bool),
    TotpVerified(bool),
    HasPasskey(bool),
    HasTotp(bool),
    Breakglass(bool),
    Phones(Vec<String>),
    PhoneHas(String),
    MeansIds(Vec<u32>),
    Providers(Vec<Provider>),
    Slugs(Vec<String>),
    SlugHas(String),
    Created {
        after: Option<Timestamp>,
        before: Option<Timestamp>,
    },
    /// Things that nobody has here.
    Nobody,
}

/// Reads operands in the words of one product.
struct Reader<'a> {
    face: &'a Face,
    name: &'a str,
    value: &'a Value,
}

impl Reader<'_> {
    fn problem(&self, consumer: &'static str, b2b: &'static str, expected: &str) -> Problem {
        let error_type = match self.face.0.vertical {
            Vertical::Consumer => consumer,
            Vertical::B2b => b2b,
        };
        let name = self.name;
        Problem::bad(error_type, format!("The filter `{name}` {expected}."))
    }

    fn texts(&self) -> Result<Vec<String>, Problem> {
        serde_json::from_value(self.value.clone()).map_err(|_| {
            let (consumer, b2b) = (
                "user_search_expected_array_of_string",
                "member_search_expected_array_of_strings",
            );
            self.problem(consumer, b2b, "takes an array of strings")
        })
    }

    fn text(&self) -> Result<String, Problem> {
        let text = self.value.as_str().map(str::to_owned);
        text.ok_or_else(|| {
            let (consumer, b2b) = (
                "user_search_expected_string",
                "member_search_expected_string",
            );
            self.problem(consumer, b2b, "takes a string")
        })
    }

    fn fuzzy(&self, consumer: &'static str, b2b: &'static str) -> Result<String, Problem> {
        let text = self.text()?.to_lowercase();
        if text.chars().count() < SHORTEST {
            return Err(self.problem(consumer, b2b, "takes at least 3 letters"));
        }
        Ok(text)
    }

    fn flag(&self) -> Result<bool, Problem> {
        self.value.as_bool().ok_or_else(|| {
            let (consumer, b2b) = (
                "user_search_expected_bool",
                "member_search_expected_boolean",
            );
            self.problem(consumer, b2b, "takes a boolean")
        })
    }

    fn time(&self, value: &Value) -> Result<Timestamp, Problem> {
        let parsed = value.as_str().and_then(|text| text.parse::<Instant>().ok());
        let time = parsed.map(|instant| Timestamp::from_micros(instant.as_microsecond()));
        time.ok_or_else(|| {
            let name = "user_search_expected_timestamp";
            self.problem(name, "bad_request", "takes an RFC 3339 time")
        })
    }

    fn ids(&self, kind: Kind) -> Result<Vec<u32>, Problem> {
        let read = |text: &String| self.face.0.names.read_id(kind, text);
        Ok(self.texts()?.iter().filter_map(read).collect())
    }

    fn people(&self, kind: Kind) -> Result<Filter, Problem> {
        let texts = self.texts()?;
        let scopes: Vec<Option<OrgId>> = match self.face.0.vertical {
            Vertical::Consumer => vec![None],
            Vertical::B2b => {
                let project = self.face.project();
                let orgs = project.orgs_from(OrgId(0));
                orgs.map(|org| Some(org.id)).collect()
            }
        };
        let book = self.face.book();
        let external = |text: &String| {
            let known = &book.external_people;
            let mut found = scopes
                .iter()
                .filter_map(|org| known.get(&(*org, text.clone())));
            found.next().copied()
        };
        let read = |text: &String| {
            let by_id = self.face.0.names.read_id(kind, text).map(UserId);
            by_id.or_else(|| external(text))
        };
        Ok(Filter::People(texts.iter().filter_map(read).collect()))
    }

    fn mailboxes(&self) -> Result<Filter, Problem> {
        let mailbox = |text: &String| self.face.email(text).mailbox;
        Ok(Filter::Mailboxes(
            self.texts()?.iter().map(mailbox).collect(),
        ))
    }

    fn user_filter(&self) -> Result<Filter, Problem> {
        let fuzzy = |name| self.fuzzy(name, "bad_request");
        Ok(match self.name {
            "user_id" | "user_ids" => self.people(Kind::User)?,
            "email_id" => Filter::MeansIds(self.ids(Kind::Email)?),
            "email_address" => self.mailboxes()?,
            "email_address_fuzzy" | "email_fuzzy" => {
                Filter::AddressHas(fuzzy("user_search_email_address_fuzzy_too_short")?)
            }
            "email_verified" => Filter::EmailVerified(self.flag()?),
            "full_name_fuzzy" => Filter::NameHas(fuzzy("user_search_full_name_fuzzy_too_short")?),
            "phone_number" => Filter::Phones(self.texts()?),
            "phone_id" => Filter::MeansIds(self.ids(Kind::Phone)?),
            "phone_verified" => Filter::PhoneVerified(self.flag()?),
            "phone_number_fuzzy" => {
                Filter::PhoneHas(fuzzy("user_search_phone_number_fuzzy_too_short")?)
            }
            "password_exists" => Filter::HasPassword(self.flag()?),
            "totp_id" => Filter::MeansIds(self.ids(Kind::Totp)?),
            "totp_verified" => Filter::TotpVerified(self.flag()?),
            "oauth_provider" => self.providers()?,
            "status" => self.user_status()?,
            "created_at_greater_than" => Filter::Created {
                after: Some(self.time(self.value)?),
                before: None,
            },
            "created_at_less_than" => Filter::Created {
                after: None,
                before: Some(self.time(self.value)?),
            },
            "created_at_between" => Filter::Created {
                after: Some(self.time(&self.value["greater_than"])?),
                before: Some(self.time(&self.value["less_than"])?),
            },
            "roles" => Filter::Roles(self.texts()?),
            "webauthn_registration_id" => Filter::MeansIds(self.ids(Kind::Webauthn)?),
            "webauthn_registration_verified" => Filter::HasPasskey(self.flag()?),
            "biometric_registration_id" | "crypto_wallet_id" | "crypto_wallet_address" => {
                self.texts()?;
                Filter::Nobody
            }
            "biometric_registration_verified" | "crypto_wallet_verified" => {
                self.flag()?;
                Filter::Nobody
            }
            _ => return Err(self.unknown()),
        })
    }

    fn providers(&self) -> Result<Filter, Problem> {
        let named = |text: &String| providers::named(&text.to_lowercase());
        let found: Option<Vec<Provider>> = self.texts()?.iter().map(named).collect();
        found.map(Filter::Providers).ok_or_else(|| {
            let name = "user_search_invalid_oauth_provider_filter";
            self.problem(name, "bad_request", "takes names of OAuth providers")
        })
    }

    fn user_status(&self) -> Result<Filter, Problem> {
        let wanted = self.text()?;
        if ["active", "pending"].contains(&wanted.as_str()) {
            return Ok(Filter::Statuses(vec![wanted]));
        }
        let name = "user_search_invalid_status_filter";
        Err(self.problem(name, "bad_request", "takes active or pending"))
    }

    fn member_filter(&self) -> Result<Filter, Problem> {
        let fuzzy = |name| self.fuzzy("bad_request", name);
        Ok(match self.name {
            "member_ids" => self.people(Kind::Member)?,
            "member_emails" => self.mailboxes()?,
            "member_email_fuzzy" => {
                Filter::AddressHas(fuzzy("member_search_member_email_fuzzy_too_short")?)
            }
            "member_is_breakglass" => Filter::Breakglass(self.flag()?),
            "statuses" => self.member_statuses(self.texts()?)?,
            "status" => self.member_statuses(vec![self.text()?])?,
            "member_mfa_phone_numbers" => Filter::Phones(self.texts()?),
            "member_mfa_phone_number_fuzzy" => Filter::PhoneHas(fuzzy(
                "member_search_member_mfa_phone_number_fuzzy_too_short",
            )?),
            "member_password_exists" => Filter::HasPassword(self.flag()?),
            "member_totp_exists" => Filter::HasTotp(self.flag()?),
            "member_roles" => Filter::Roles(self.texts()?),
            "member_oauth_providers" | "oauth_providers" => self.providers()?,
            "organization_slug" => Filter::Slugs(vec![self.text()?]),
            "organization_slugs" => Filter::Slugs(self.texts()?),
            "organization_slug_fuzzy" => {
                Filter::SlugHas(fuzzy("member_search_organization_slug_fuzzy_too_short")?)
            }
            "organization_id" => self.in_organization(&[self.text()?]),
            "organization_ids" => self.in_organization(&self.texts()?),
            _ => return Err(self.unknown()),
        })
    }

    fn in_organization(&self, texts: &[String]) -> Filter {
        let slug = |text: &String| self.face.slug(self.face.org_named(text));
        Filter::Slugs(texts.iter().map(slug).collect())
    }

    fn member_statuses(&self, wanted: Vec<String>) -> Result<Filter, Problem> {
        const KNOWN: [&str; 4] = ["active", "pending", "invited", "deleted"];
        if wanted.iter().all(|it| KNOWN.contains(&it.as_str())) {
            return Ok(Filter::Statuses(wanted));
        }
        let expected = "takes active, pending, invited and deleted";
        Err(self.problem("bad_request", "search_invalid_status_filter", expected))
    }

    fn unknown(&self) -> Problem {
        let (consumer, b2b) = (
            "user_search_filter_name_not_recognized",
            "member_search_filter_name_not_recognized",
        );
        self.problem(consumer, b2b, "is not recognized")
    }
}

impl Filter {
    pub(super) fn read(face: &Face, operand: &Map<String, Value>) -> Result<Self, Problem> {
        let vertical = face.0.vertical;
        let missing = |consumer, b2b, message: &str| {
            let error_type = match vertical {
                Vertical::Consumer => consumer,
                Vertical::B2b => b2b,
            };
            Problem::bad(error_type, message)
        };
        let name = match operand.get("filter_name") {
            Some(Value::String(name)) => name.as_str(),
            None | Some(Value::Null) => {
                return Err(missing(
                    "user_search_missing_filter_name",
                    "member_search_missing_filter_name",
                    "Every operand needs a filter_name.",
                ));
            }
            Some(_) => {
                return Err(missing(
                    "user_search_filter_name_must_be_string",
                    "member_search_filter_name_must_be_string",
                    "A filter_name is a string.",
                ));
            }
        };
        let value = operand.get("filter_value").filter(|it| !it.is_null());
        let value = value.ok_or_else(|| {
            missing(
                "user_search_missing_filter_value",
                "member_search_missing_filter_value",
                "Every operand needs a filter_value.",
            )
        })?;
        let reader = Reader { face, name, value };
        match vertical {
            Vertical::Consumer => reader.user_filter(),
            Vertical::B2b => reader.member_filter(),
        }
    }

    pub(super) fn holds(&self, face: &Face, project: &Project, view: &UserView) -> bool {
        let means = || project.means(view.id);
        let text = |number: u32| face.book().phones.text(number).to_owned();
        match self {
            Self::People(people) => people.contains(&view.id),
            Self::Mailboxes(mailboxes) => {
                let others = means().emails.into_iter().map(|owned| owned.what);
                let mut all = view.email.into_iter().chain(others);
                all.any(|email| mailboxes.contains(&email.mailbox))
            }
            Self::AddressHas(part) => {
                let others = means().emails.into_iter().map(|owned| owned.what);
                let mut all = view.email.into_iter().chain(others);
                all.any(|email| face.0.directory.text(email).to_lowercase().contains(part))
            }
            Self::NameHas(part) => {
                let name = face.profile(view.id).name.unwrap_or_default();
                let parts = ["first_name", "middle_name", "last_name"];
                let parts = parts.iter().filter_map(|part| name[*part].as_str());
                let full: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
                full.join(" ").to_lowercase().contains(part)
            }
            Self::Statuses(statuses) => statuses.iter().any(|it| it == status(view.status)),
            Self::Roles(roles) => {
                let held = face.profile(view.id).roles;
                let everybody = ["stytch_user", "stytch_member"];
                roles
                    .iter()
                    .any(|role| everybody.contains(&role.as_str()) || held.contains(role))
            }
            Self::HasPassword(has) => view.has_password == *has,
            Self::EmailVerified(verified) => {
                let others = means().emails.into_iter().map(|owned| owned.verified);
                let first = view.email.map(|_| view.verified);
                first.into_iter().chain(others).any(|it| it == *verified)
            }
            Self::PhoneVerified(verified) => means()
                .phones
                .iter()
                .any(|owned| owned.verified == *verified),
            Self::TotpVerified(verified) => {
                means().totps.iter().any(|totp| totp.verified == *verified)
            }
            Self::HasPasskey(has) => *has != means().passkeys.is_empty(),
            Self::HasTotp(has) => means().totps.iter().any(|totp| totp.verified) == *has,
            Self::Breakglass(is) => view.breakglass == *is,
            Self::Phones(numbers) => {
                let mut phones = means().phones.into_iter();
                phones.any(|owned| numbers.contains(&text(owned.what.0)))
            }
            Self::PhoneHas(part) => {
                let mut phones = means().phones.into_iter();
                phones.any(|owned| text(owned.what.0).contains(part))
            }
            Self::MeansIds(ids) => {
                let means = means();
                let emails = means.emails.iter().map(|owned| owned.id.0);
                let phones = means.phones.iter().map(|owned| owned.id.0);
                let totps = means.totps.iter().map(|totp| totp.id.0);
                let passkeys = means.passkeys.iter().map(|id| id.0);
                let first = view.email.map(|_| view.id.0);
                let mut all = first
                    .into_iter()
                    .chain(emails)
                    .chain(phones)
                    .chain(totps)
                    .chain(passkeys);
                all.any(|id| ids.contains(&id))
            }
            Self::Providers(wanted) => means().ties.iter().any(|it| wanted.contains(&it.provider)),
            Self::Slugs(slugs) => view.org.is_some_and(|org| slugs.contains(&face.slug(org))),
            Self::SlugHas(part) => view.org.is_some_and(|org| face.slug(org).contains(part)),
            Self::Created { after, before } => {
                after.is_none_or(|after| view.created > after)
                    && before.is_none_or(|before| view.created < before)
            }
            Self::Nobody => false,
        }
    }
}
