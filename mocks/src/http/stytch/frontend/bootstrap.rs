//! What a browser is told of the project before anything else.

use serde_json::json;

use super::super::answering::{Done, Good};
use super::super::ask::Ask;
use super::super::{policy, strength};
use crate::stytch::{Errand, Vertical};

/// `GET /sdk/v1/projects/bootstrap/{public_token}`. Captchas and device fingerprints are off.
pub(super) async fn read(ask: Ask) -> Done {
    ask.face.check_public_token(ask.path("public_token"))?;
    let (_, took) = ask.errand(&Errand::read(None, None))?;
    let pkce = ask.face.config().frontend.requires_pkce;
    let vertical = match ask.face.0.vertical {
        Vertical::Consumer => "CONSUMER",
        Vertical::B2b => "B2B",
    };
    let body = json!({
        "project_name": "cutover mock",
        "vertical": vertical,
        "disable_sdk_watermark": true,
        "cname_domain": null,
        "email_domains": ["stytch.com"],
        "captcha_settings": { "enabled": false },
        "pkce_required_for_email_magic_links": pkce,
        "pkce_required_for_password_resets": pkce,
        "pkce_required_for_oauth": pkce,
        "pkce_required_for_sso": pkce,
        "slug_pattern": null,
        "create_organization_enabled": true,
        "password_config": {
            "luds_complexity": strength::KINDS,
            "luds_minimum_count": strength::SHORTEST,
        },
        "opaque_errors": false,
        "dfp_protected_auth_enabled": false,
        "dfp_protected_auth_mode": null,
        "rbac_policy": policy::policy(&ask.face),
        "siwe_required_for_crypto_wallets": false,
    });
    Ok(Good::new(took, body))
}
