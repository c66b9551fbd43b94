//! What the doctor looks at in a Stytch project before anybody migrates.

use super::{Examination, Finding, clock, fail, failed, ok, signing_keys};
use crate::tenant::client::Heard;
use crate::tenant::refused::ApiError;
use crate::tenant::stytch::{Product, Stytch};
use crate::tenant::tenants::Tenants;

pub(super) async fn look(tenants: &Tenants, examination: &mut Examination) {
    let stytch = &tenants.stytch;
    let knocked = stytch.knock().await;
    let ahead = knocked.as_ref().ok().and_then(|heard| heard.ahead);
    examination.add("stytch project", project(stytch, &knocked));
    examination.add("stytch keys", keys(stytch).await);
    examination.add("stytch clock", clock(ahead, None, "Stytch"));
}

fn project(stytch: &Stytch, knocked: &Result<Heard, ApiError>) -> Finding {
    let product = match stytch.product() {
        Product::Consumer => "consumer",
        Product::B2b => "B2B",
    };
    let Err(error) = knocked else {
        let id = &stytch.credentials().project_id;
        return ok(format!(
            "{id} is a {product} project, and the secret is right"
        ));
    };
    let wrong_product = fail(
        format!("{error}: this is no {product} project"),
        "use a project of the scenario's product, or a scenario (or --product) of the project's",
        "STYTCH_PROJECT_ID; Stytch dashboard > Project settings",
    );
    match error.refusal() {
        Some((401 | 403, _)) => fail(
            error.to_string(),
            "use the id and secret of one project and one environment",
            "STYTCH_PROJECT_ID and STYTCH_SECRET; Stytch dashboard > Project settings > API keys",
        ),
        Some((_, "invalid_consumer_endpoint" | "invalid_b2b_endpoint") | (404, _)) => wrong_product,
        _ => failed(error, "STYTCH_API_URL"),
    }
}

async fn keys(stytch: &Stytch) -> Finding {
    match stytch.keys().await {
        Ok(set) if signing_keys(&set) > 0 => ok(format!("{} RSA keys", signing_keys(&set))),
        Ok(_) => fail(
            "its key set holds no RSA key with an id",
            "ask Stytch's support",
            "STYTCH_PROJECT_ID",
        ),
        Err(error) => failed(&error, "STYTCH_API_URL and STYTCH_PROJECT_ID"),
    }
}
