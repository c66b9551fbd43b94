// Stytch's Node SDK against a B2B project whose organizations log in by SSO.
import assert from "node:assert/strict";
import stytch from "stytch";
import { Browser } from "./browser.mjs";
import { Client, Skip, later, refused } from "./checks.mjs";
import * as place from "./place.mjs";

const client = new Client("stytch", "stytch");
const { check } = client;
const api = new stytch.B2BClient({ project_id: place.PROJECT_ID, secret: place.SECRET, custom_base_url: place.STYTCH_URL });
const refusedAs = (error_type, status_code, call) => refused({ kind: "StytchError", error_type, status_code }, call);
const BACK = "https://app.example/sso";

/** A test organization; deleted, with its members, when the script ends. */
async function organizationFor(name, more) {
  const slug = `${place.MARK}-${name}`;
  const { organization } = await api.organizations.create({ organization_name: slug, organization_slug: slug, ...more });
  const { organization_id } = organization;
  later(`organization ${slug}`, () => api.organizations.delete({ organization_id }));
  return organization_id;
}

/** A browser's way through the provider: the token that it comes back with. */
async function through(connection_id, said) {
  if (!place.MOCK) throw new Skip("nobody can log in at a real provider here");
  const browser = new Browser();
  const query = new URLSearchParams({ connection_id, public_token: place.PUBLIC_TOKEN, login_redirect_url: BACK, signup_redirect_url: BACK });
  const page = await browser.visit(`${place.STYTCH_URL}/v1/public/sso/start?${query}`, BACK);
  const back = await browser.fill(page, BACK, said);
  assert.equal(back.searchParams.get("stytch_token_type"), "sso");
  return back.searchParams.get("token");
}

async function aConnectionOfOidc() {
  const organization_id = await organizationFor("sso");
  const { connection_id } = await check("POST /v1/b2b/sso/oidc/{organization_id}", "a connection is pending until it has what a login needs", async () => {
    const { connection } = await api.sso.oidc.createConnection({ organization_id, display_name: "Okta", identity_provider: "okta" });
    assert.equal(connection.status, "pending");
    return connection;
  });
  await check("PUT /v1/b2b/sso/oidc/{organization_id}/connections/{connection_id}", "an issuer stands for its addresses", async () => {
    const { connection } = await api.sso.oidc.updateConnection({ organization_id, connection_id, client_id: "a", client_secret: "b", issuer: "https://idp.example" });
    assert.deepEqual([connection.status, connection.jwks_url.startsWith("https://idp.example/")], ["active", true]);
  });
  const email = place.address("sso");
  const entered = await check("POST /v1/b2b/sso/authenticate", "a member who was never here is let in by the provider's word", async () => {
    const got = await api.sso.authenticate({ sso_token: await through(connection_id, { email, name: "Ada King", external_id: "00u1" }), session_duration_minutes: 60 });
    assert.deepEqual([got.member.name, got.member.email_address, got.member_session.authentication_factors[0].oidc_sso_factor.external_id], ["Ada King", email, "00u1"]);
    return got;
  });
  await check("POST /v1/b2b/sessions/authenticate", "the session of a login by SSO goes on", async () => {
    const got = await api.sessions.authenticate({ session_jwt: entered.session_jwt });
    assert.equal(got.member_session.authentication_factors[0].type, "sso");
  });
  await check("POST /v1/b2b/sso/authenticate", "a login joins the session that it brings along", async () => {
    const got = await api.sso.authenticate({ sso_token: await through(connection_id, { email, external_id: "00u1" }), session_token: entered.session_token });
    assert.equal(got.member_session.member_session_id, entered.member_session.member_session_id);
  });
  const renamed = await check("POST /v1/b2b/sso/authenticate", "an address that changes at the provider changes here", async () => {
    const address = place.address("sso-renamed");
    const got = await api.sso.authenticate({ sso_token: await through(connection_id, { email: address, external_id: "00u1" }), session_duration_minutes: 60 });
    assert.deepEqual([got.member_id, got.member.email_address, got.member.retired_email_addresses[0].email_address], [entered.member_id, address, email]);
    return got;
  });
  await check("POST /v1/b2b/sessions/exchange", "another organization does not take this one's provider at its word", async () => {
    const other = await organizationFor("sso-other");
    const { member } = await api.organizations.members.get({ organization_id, member_id: entered.member_id });
    await api.organizations.members.create({ organization_id: other, email_address: member.email_address });
    const got = await api.sessions.exchange({ organization_id: other, session_token: renamed.session_token });
    assert.deepEqual([got.member_authenticated, got.primary_required !== null], [false, true]);
  });
  await check("DELETE /v1/b2b/sso/{organization_id}/connections/{connection_id}", "a connection that is gone registers nobody and lets nobody in", async () => {
    const sso_token = await through(connection_id, { email, external_id: "00u1" });
    await api.sso.deleteConnection({ organization_id, connection_id });
    await refusedAs("sso_connection_not_found", 404, () => api.sso.authenticate({ sso_token }));
    const { member } = await api.organizations.members.get({ organization_id, member_id: entered.member_id });
    assert.deepEqual(member.sso_registrations, []);
  });
}

await client.run(aConnectionOfOidc);
