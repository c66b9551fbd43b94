// Stytch's Node SDK against a B2B project, sessions of Auth0 migrating in.
import assert from "node:assert/strict";
import stytch from "stytch";
import { Client, Skip, later, refused } from "./checks.mjs";
import * as place from "./place.mjs";
import { HASH, PASSWORD } from "./bcrypt_hash.mjs";

const client = new Client("stytch", "stytch");
const { check } = client;
const api = new stytch.B2BClient({ project_id: place.PROJECT_ID, secret: place.SECRET, custom_base_url: place.STYTCH_URL });
const refusedAs = (error_type, status_code, call) => refused({ kind: "StytchError", error_type, ...(status_code && { status_code }) }, call);

/** A test organization; deleted, with its members, when the script ends. */
async function organizationFor(name) {
  const slug = `${place.MARK}-${name}`;
  const { organization } = await api.organizations.create({ organization_name: slug, organization_slug: slug, email_invites: "ALL_ALLOWED" });
  const { organization_id } = organization;
  later(`organization ${slug}`, () => api.organizations.delete({ organization_id }));
  return { organization_id, slug };
}

const join = async (organization_id, email_address, more) =>
  (await api.organizations.members.create({ organization_id, email_address, ...more })).member_id;

async function migrateASession() {
  const ada = await place.person("member");
  const { organization_id, slug } = await organizationFor("one");
  const other = await organizationFor("two");
  const { access_token } = await place.login(ada);
  const migrate = (organization_id) => api.sessions.migrate({ session_token: access_token, organization_id, session_duration_minutes: 60 });
  await check("POST /v1/b2b/sessions/migrate", "a person who is no member of the organization is refused", () =>
    refusedAs("migrate_from_external_email_does_not_exist", undefined, () => migrate(organization_id)));
  const member_id = await join(organization_id, ada.email, { external_id: ada.userId });
  const { session_token, session_jwt } = await check("POST /v1/b2b/sessions/migrate", "an access token of Auth0 becomes a session of the member with that address", async () => {
    const got = await migrate(slug);
    assert.equal(got.member_id, member_id);
    const [factor] = got.member_session.authentication_factors;
    assert.deepEqual([factor.type, factor.delivery_method], ["imported", "imported_auth0"]);
    return got;
  });
  await check("POST /v1/b2b/sessions/authenticate", "by session_token", async () =>
    assert.equal((await api.sessions.authenticate({ session_token })).member.member_id, member_id));
  await check("POST /v1/b2b/sessions/authenticate", "by session_jwt", async () =>
    assert.equal((await api.sessions.authenticate({ session_jwt })).member.member_id, member_id));
  await check("GET /v1/b2b/sessions/jwks/{project_id}", "the SDK accepts a session JWT on its own, by the published keys", async () => {
    const session = await api.sessions.authenticateJwtLocal({ session_jwt });
    assert.deepEqual([session.member_id, session.organization_id], [member_id, organization_id]);
  });
  await check("POST /v1/b2b/sessions/exchange", "a session of one organization becomes one of another", async () => {
    const second = await join(other.organization_id, ada.email);
    const moved = await api.sessions.exchange({ organization_id: other.organization_id, session_token, session_duration_minutes: 60 });
    assert.deepEqual([moved.member_id, moved.member_authenticated], [second, true]);
  });
  await check("POST /v1/b2b/sessions/revoke", "all sessions of a member end at once", async () => {
    await api.sessions.revoke({ member_id });
    assert.deepEqual((await api.sessions.get({ organization_id, member_id })).member_sessions, []);
    await refusedAs("session_not_found", 404, () => api.sessions.authenticate({ session_token }));
  });
}

async function attestAToken() {
  const profile_id = place.PROFILE_ID;
  if (!profile_id) throw new Skip("STYTCH_TRUSTED_TOKEN_PROFILE names no profile");
  const ada = await place.person("attest");
  const { organization_id } = await organizationFor("attest");
  const member_id = await join(organization_id, ada.email);
  const { id_token: token } = await place.login(ada);
  await check("POST /v1/b2b/sessions/attest", "a token of Auth0 becomes a session by the trusted token profile", async () =>
    assert.equal((await api.sessions.attest({ profile_id, token, organization_id })).member_id, member_id));
}

async function records() {
  const { organization_id, slug } = await organizationFor("records");
  const email = place.address("record");
  const one = "/v1/b2b/organizations/{organization_id}";
  await check(`GET ${one}`, "an organization is read by id and by slug", async () => {
    assert.equal((await api.organizations.get({ organization_id: slug })).organization.organization_id, organization_id);
    assert.equal((await api.organizations.get({ organization_id })).organization.organization_slug, slug);
  });
  const member_id = await check(`POST ${one}/members`, "a member is created, and a second one with that address refused", async () => {
    const member_id = await join(organization_id, email, { name: "Ada L." });
    await refusedAs("duplicate_member_email", 400, () => join(organization_id, email));
    return member_id;
  });
  await check(`GET ${one}/member`, "a member is read by id and by address", async () => {
    assert.equal((await api.organizations.members.get({ organization_id, member_id })).member.name, "Ada L.");
    assert.equal((await api.organizations.members.get({ organization_id, email_address: email })).member_id, member_id);
  });
  await check("POST /v1/b2b/organizations/members/search", "members are found by address", async () => {
    const operands = [{ filter_name: "member_emails", filter_value: [email] }];
    const found = await api.organizations.members.search({ organization_ids: [organization_id], query: { operator: "AND", operands } });
    assert.deepEqual(found.members.map((member) => member.member_id), [member_id]);
  });
  await check(`DELETE ${one}/members/{member_id}`, "a deleted member is gone", async () => {
    await api.organizations.members.delete({ organization_id, member_id });
    await refusedAs("member_not_found", 404, () => api.organizations.members.get({ organization_id, member_id }));
  });
}

async function logins() {
  const { organization_id } = await organizationFor("logins");
  const email_address = place.address("login");
  const { member_id } = await check("POST /v1/b2b/passwords/migrate", "a bcrypt hash of Auth0 creates the member", () =>
    api.passwords.migrate({ email_address, organization_id, hash: HASH, hash_type: "bcrypt" }));
  await check("POST /v1/b2b/passwords/authenticate", "the old password opens a session", async () => {
    const got = await api.passwords.authenticate({ organization_id, email_address, password: PASSWORD });
    assert.equal(got.member_id, member_id);
  });
  await check("POST /v1/b2b/magic_links/authenticate", "the mailed token opens a session", async () => {
    await api.magicLinks.email.loginOrSignup({ organization_id, email_address });
    const { token } = await place.mail(email_address);
    const got = await api.magicLinks.authenticate({ magic_links_token: token });
    assert.equal(got.member_session.authentication_factors[0].type, "magic_link");
  });
  await check("POST /v1/b2b/discovery/intermediate_sessions/exchange", "a discovery login ends in an organization", async () => {
    await new Promise((resolve) => setTimeout(resolve, 1000)); // One mail a second is the limit.
    await api.magicLinks.email.discovery.send({ email_address });
    const { token } = await place.mail(email_address);
    const found = await api.magicLinks.discovery.authenticate({ discovery_magic_links_token: token });
    const { intermediate_session_token } = found;
    const got = await api.discovery.intermediateSessions.exchange({ intermediate_session_token, organization_id });
    assert.equal(got.member_id, member_id);
  });
}

await client.run(migrateASession, attestAToken, records, logins);
