// Stytch's Node SDK against a consumer project, sessions of Auth0 migrating in.
import assert from "node:assert/strict";
import stytch from "stytch";
import { Client, Skip, later, refused } from "./checks.mjs";
import * as place from "./place.mjs";
import { HASH, PASSWORD } from "./bcrypt_hash.mjs";

const client = new Client("stytch", "stytch");
const { check } = client;
const settings = { project_id: place.PROJECT_ID, secret: place.SECRET, custom_base_url: place.STYTCH_URL };
const api = new stytch.Client(settings);
const refusedAs = (error_type, status_code, call) => refused({ kind: "StytchError", error_type, ...(status_code && { status_code }) }, call);

const forgetLater = ({ user_id }) => later(`Stytch user ${user_id}`, () => api.users.delete({ user_id }));

async function create(fields) {
  const made = await api.users.create(fields);
  forgetLater(made);
  return made;
}

async function migrateASession() {
  const ada = await place.person("migrate");
  const { access_token } = await place.login(ada);
  const migrate = (session_token) => api.sessions.migrate({ session_token, session_duration_minutes: 60 });
  await check("POST /v1/sessions/migrate", "a person who does not exist yet is refused", () =>
    refusedAs("migrate_from_external_email_does_not_exist", undefined, () => migrate(access_token)));
  const { user_id } = await create({ email: ada.email, external_id: ada.userId });
  const got = await check("POST /v1/sessions/migrate", "an access token of Auth0 becomes a session of the user with that address", async () => {
    const got = await migrate(access_token);
    assert.equal(got.user_id, user_id);
    const [factor] = got.session.authentication_factors;
    assert.deepEqual([factor.type, factor.delivery_method], ["imported", "imported_auth0"]);
    return got;
  });
  await check("POST /v1/sessions/migrate", "a token that Auth0 refuses is refused", () =>
    refusedAs("migrate_from_external_unexpected_response", undefined, () => migrate("no.such.token")));
  await sessions(got, user_id);
}

async function sessions({ session_token, session_jwt }, user_id) {
  await check("POST /v1/sessions/authenticate", "by session_token, with the session extended", async () => {
    const { session } = await api.sessions.authenticate({ session_token, session_duration_minutes: 120 });
    const minutes = (new Date(session.expires_at) - new Date(session.last_accessed_at)) / 60_000;
    assert.ok(minutes > 119 && minutes < 121, `${minutes} minutes`);
  });
  await check("POST /v1/sessions/authenticate", "by session_jwt", async () =>
    assert.equal((await api.sessions.authenticate({ session_jwt })).session.user_id, user_id));
  await check("GET /v1/sessions/jwks/{project_id}", "the SDK accepts a session JWT on its own, by the published keys", async () => {
    const session = await api.sessions.authenticateJwtLocal({ session_jwt });
    assert.equal(session.user_id, user_id);
  });
  await check("POST /v1/sessions/authenticate", "a JWT that is too old for the caller is asked about, and renewed", async () => {
    const { session } = await api.sessions.authenticateJwt({ session_jwt, max_token_age_seconds: 0 });
    assert.equal(session.user_id, user_id);
  });
  await check("GET /v1/sessions", "the user's live sessions are listed", async () =>
    assert.equal((await api.sessions.get({ user_id })).sessions.length, 1));
  await check("POST /v1/sessions/revoke", "a revoked session is not found any more", async () => {
    await api.sessions.revoke({ session_token });
    await refusedAs("session_not_found", 404, () => api.sessions.authenticate({ session_token }));
  });
  await check("POST /v1/sessions/authenticate", "a token of another form is refused with 400", () =>
    refusedAs("invalid_session_token", 400, () => api.sessions.authenticate({ session_token: "short" })));
  await check("POST /v1/sessions/authenticate", "a wrong secret is refused with 401", () => {
    const stranger = new stytch.Client({ ...settings, secret: "wrong" });
    return refusedAs("unauthorized_credentials", 401, () => stranger.sessions.authenticate({ session_token }));
  });
}

async function attestAToken() {
  const profile_id = place.PROFILE_ID;
  if (!profile_id) throw new Skip("STYTCH_TRUSTED_TOKEN_PROFILE names no profile");
  const ada = await place.person("attest");
  const { user_id } = await create({ email: ada.email });
  const { id_token: token } = await place.login(ada);
  await check("POST /v1/sessions/attest", "a token of Auth0 becomes a session by the trusted token profile", async () => {
    const got = await api.sessions.attest({ profile_id, token, session_duration_minutes: 60 });
    assert.equal(got.user_id, user_id);
    assert.equal(got.session.authentication_factors[0].type, "trusted_auth_token");
  });
}

async function users() {
  const one = "/v1/users/{user_id}";
  const email = place.address("user");
  const made = await check("POST /v1/users", "a user is created with name, external id and metadata", async () => {
    const fields = { email, name: { first_name: "Ada" }, external_id: `${place.MARK}|2`, trusted_metadata: { plan: "pro" } };
    const made = await create(fields);
    assert.deepEqual([made.user.name.first_name, made.user.trusted_metadata], ["Ada", { plan: "pro" }]);
    return made;
  });
  const { user_id } = made;
  await check("POST /v1/users", "an address that is taken is refused", () =>
    refusedAs("duplicate_email", 400, () => api.users.create({ email })));
  await check(`GET ${one}`, "a user is read by id and by external id", async () => {
    assert.equal((await api.users.get({ user_id })).emails[0].email, email);
    assert.equal((await api.users.get({ user_id: `${place.MARK}|2` })).user_id, user_id);
  });
  await check(`PUT ${one}`, "metadata is merged at its top level, and null takes away", async () => {
    await api.users.update({ user_id, trusted_metadata: { seen: true } });
    const { user } = await api.users.update({ user_id, trusted_metadata: { plan: null } });
    assert.deepEqual(user.trusted_metadata, { seen: true });
  });
  await check("POST /v1/users/search", "users are found by address", async () => {
    const operands = [{ filter_name: "email_address", filter_value: [email] }];
    const pages = api.users.searchAll({ query: { operator: "AND", operands } });
    assert.deepEqual((await pages.next()).map((user) => user.user_id), [user_id]);
  });
  await check(`DELETE ${one}`, "a deleted user is gone", async () => {
    await api.users.delete({ user_id });
    await refusedAs("user_not_found", 404, () => api.users.get({ user_id }));
  });
}

async function passwords() {
  const email = place.address("hash");
  await check("POST /v1/passwords/migrate", "a bcrypt hash of Auth0 creates the user, who logs in with the old password", async () => {
    const made = await api.passwords.migrate({ email, hash: HASH, hash_type: "bcrypt" });
    forgetLater(made);
    assert.equal(made.user_created, true);
  });
  await check("POST /v1/passwords/authenticate", "the right password opens a session", async () => {
    const got = await api.passwords.authenticate({ email, password: PASSWORD, session_duration_minutes: 60 });
    assert.equal(got.session.authentication_factors[0].type, "password");
  });
  await check("POST /v1/passwords/authenticate", "a wrong password is refused with 401", () =>
    refusedAs("unauthorized_credentials", 401, () => api.passwords.authenticate({ email, password: "wrong" })));
}

async function linksAndCodes() {
  const email = place.address("link");
  await check("POST /v1/magic_links/email/login_or_create", "a link creates whoever is unknown", async () => {
    const made = await api.magicLinks.email.loginOrCreate({ email });
    forgetLater(made);
    assert.equal(made.user_created, true);
  });
  await check("POST /v1/magic_links/email/login_or_create", "a second mail within the second is refused with 429", async () => {
    for (let call = 0; call < 20; call += 1) {
      const error = await api.magicLinks.email.loginOrCreate({ email }).then(() => undefined, (error) => error);
      if (error) return assert.deepEqual([error.status_code, error.error_type], [429, "too_many_requests"]);
    }
    assert.fail("20 mails at once, and none was refused");
  });
  await check("POST /v1/magic_links/authenticate", "the mailed token opens a session, once", async () => {
    const { token } = await place.mail(email);
    const got = await api.magicLinks.authenticate({ token, session_duration_minutes: 60 });
    assert.equal(got.session.authentication_factors[0].type, "magic_link");
    await refusedAs("unable_to_auth_magic_link", 401, () => api.magicLinks.authenticate({ token }));
  });
  const codeEmail = place.address("code");
  const sent = await api.otps.email.loginOrCreate({ email: codeEmail });
  forgetLater(sent);
  await check("POST /v1/otps/authenticate", "the mailed code opens a session", async () => {
    const { token: code } = await place.mail(codeEmail);
    const got = await api.otps.authenticate({ method_id: sent.email_id, code, session_duration_minutes: 60 });
    assert.equal(got.session.authentication_factors[0].type, "otp");
  });
}

await client.run(migrateASession, attestAToken, users, passwords, linksAndCodes);
