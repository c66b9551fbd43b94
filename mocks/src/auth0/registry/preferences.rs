//! What a tenant's settings say of how tokens are asked for.

/// Settings of a tenant, as a new one has them by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// `default_audience`: the API that is meant where a request names none. None (Management API schema).
    pub default_audience: Option<String>,
    /// `resource_parameter_profile` is `compatibility`: where there is no `audience`, `resource` (RFC
    /// 8707) names the API. Off: it is `audience` (Management API schema).
    pub reads_resource: bool,
    /// `authorization_response_iss_parameter_supported`: the way back to the application says `iss` (RFC
    /// 9207). Off (Management API schema).
    pub tells_issuer: bool,
}

impl Preferences {
    /// The API that is asked for by these two parameters, or meant without either.
    pub fn audience<'a>(
        &'a self,
        audience: Option<&'a str>,
        resource: Option<&'a str>,
    ) -> Option<&'a str> {
        self.named(audience, resource)
            .or(self.default_audience.as_deref())
    }

    /// The API that is asked for by these two parameters.
    pub fn named<'a>(
        &self,
        audience: Option<&'a str>,
        resource: Option<&'a str>,
    ) -> Option<&'a str> {
        audience.or(resource.filter(|_| self.reads_resource))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audience_goes_before_a_resource_and_that_before_the_default() {
        let mut preferences = Preferences::default();
        assert_eq!(preferences.audience(None, Some("r")), None);
        preferences.reads_resource = true;
        preferences.default_audience = Some("d".to_owned());
        assert_eq!(preferences.audience(Some("a"), Some("r")), Some("a"));
        assert_eq!(preferences.audience(None, Some("r")), Some("r"));
        assert_eq!(preferences.audience(None, None), Some("d"));
        assert_eq!(preferences.named(None, None), None);
    }
}
