// Auth0's Node SDK: the Management API by its current version, and the clients for logins by the
// last one that has them.
import assert from "node:assert/strict";
import { UserInfoClient } from "auth0-v6";
import { Client, Skip, eventually, refused } from "./checks.mjs";
import * as place from "./place.mjs";
import { Browser } from "./browser.mjs";
import { createHash, randomBytes } from "node:crypto";

const { authentication: auth, management: api, CALLBACK, CONNECTION, DOMAIN } = place;
const logins = new Client("auth0-v6", "auth0");
const records = new Client("auth0", "auth0");
const people = new UserInfoClient({ domain: DOMAIN, retry: { enabled: false } });
const TOKEN = "POST /oauth/token";
const USERINFO = "GET /userinfo";

function authorizeUrl(more) {
  const url = new URL(`https://${DOMAIN}/authorize`);
  const query = {
    response_type: "code",
    client_id: place.CLIENT_ID,
    redirect_uri: CALLBACK,
    scope: place.SCOPE,
    audience: place.AUDIENCE,
    ...more,
  };
  url.search = new URLSearchParams(query);
  return url;
}

const verifierOf = () => randomBytes(32).toString("base64url");
const challengeOf = (verifier) => ({
  code_challenge: createHash("sha256").update(verifier).digest("base64url"),
  code_challenge_method: "S256",
});

async function loginByPassword() {
  const { check } = logins;
  const ada = await place.person("grant");
  const got = await check(TOKEN, "the password-realm grant gives access, ID and refresh token", async () => {
    const got = await place.login(ada);
    assert.ok(got.access_token && got.id_token && got.refresh_token);
    return got;
  });
  await check(USERINFO, "an access token with openid, profile and email gives the person's claims", async () => {
    const { data } = await people.getUserInfo(got.access_token);
    assert.equal(data.email, ada.email);
    assert.equal(data.sub, ada.userId);
  });
  await check(USERINFO, "a token that is none is refused with 401", () =>
    refused({ statusCode: 401 }, () => people.getUserInfo("no.such.token")));
  await check(TOKEN, "a wrong password is refused with 403 invalid_grant", () =>
    refused(
      { kind: "AuthApiError", statusCode: 403, error: "invalid_grant", error_description: "Wrong email or password." },
      () => place.login({ ...ada, password: "wrong" }),
    ));
  await check(TOKEN, "a refresh token gives new tokens, whose ID token the SDK accepts by the published keys", async () => {
    const { data } = await auth.oauth.refreshTokenGrant({ refresh_token: got.refresh_token });
    assert.equal((await people.getUserInfo(data.access_token)).data.email, ada.email);
    if (!data.refresh_token || data.refresh_token === got.refresh_token) return;
    await check(TOKEN, "a rotated refresh token that comes back is refused, and its whole family with it", async () => {
      for (const refresh_token of [got.refresh_token, data.refresh_token]) {
        await refused({ statusCode: 403, error: "invalid_grant" }, () => auth.oauth.refreshTokenGrant({ refresh_token }));
      }
    });
  });
  await check("POST /oauth/revoke", "a revoked refresh token is refused with 403 invalid_grant", async () => {
    const { refresh_token } = await place.login(ada);
    await auth.oauth.revokeRefreshToken({ token: refresh_token });
    await refused({ statusCode: 403, error: "invalid_grant" }, () => auth.oauth.refreshTokenGrant({ refresh_token }));
  });
}

async function loginByCode() {
  const { check } = logins;
  const ada = await place.person("code");
  const verifier = verifierOf();
  const browser = new Browser();
  const back = await check("POST /u/login", "the login form leads back to the application with a code and its state", async () => {
    const url = authorizeUrl({ ...challengeOf(verifier), nonce: "n3", state: "a state" });
    const back = await browser.logIn(url, CALLBACK, ada);
    assert.equal(back.searchParams.get("state"), "a state");
    return back;
  });
  const code = back.searchParams.get("code");
  const exchange = () =>
    auth.oauth.authorizationCodeGrantWithPKCE(
      { code, code_verifier: verifier, redirect_uri: CALLBACK },
      { idTokenValidateOptions: { nonce: "n3" } },
    );
  await check(TOKEN, "a code with its PKCE verifier gives tokens, the nonce in the ID token", exchange);
  await check(TOKEN, "a code is good once", () => refused({ statusCode: 403, error: "invalid_grant" }, exchange));
}

async function signUp() {
  const { check } = logins;
  const email = place.address("signup");
  const made = { email, password: place.password(), connection: CONNECTION };
  await check("POST /dbconnections/signup", "a person signs up and can log in", async () => {
    const { data } = await auth.database.signUp(made);
    assert.equal(data.email, email);
    await place.login(made);
  });
  await check("POST /dbconnections/signup", "an address that is taken is refused with 400", () =>
    refused({ statusCode: 400 }, () => auth.database.signUp(made)));
  await check("POST /dbconnections/change_password", "a reset is mailed, and said so in plain text", async () => {
    const { data } = await auth.database.changePassword({ email, connection: CONNECTION });
    assert.match(data, /sent you an email/);
  });
  for (const user of await api.users.listUsersByEmail({ email })) await api.users.delete(user.user_id);
}

async function userinfoLimit() {
  const ada = await place.person("limit");
  const { access_token } = await place.login(ada);
  await logins.check(USERINFO, "more calls for one person than the limit are refused with 429, which the SDK knows", async () => {
    for (let call = 0; call < 30; call += 1) {
      const error = await people.getUserInfo(access_token).then(() => undefined, (error) => error);
      if (error) return assert.equal(error.statusCode, 429, error.stack);
    }
    assert.fail("30 calls at once, and none was refused");
  });
}

async function users() {
  const { check } = records;
  const one = "/api/v2/users/{id}";
  const email = place.address("record");
  const wanted = { connection: CONNECTION, email, password: place.password(), email_verified: true };
  const made = await check("POST /api/v2/users", "a user is created with metadata", async () => {
    const made = await api.users.create({ ...wanted, name: "Ada L.", user_metadata: { plan: "pro" } });
    assert.deepEqual([made.email, made.name, made.user_metadata], [email, "Ada L.", { plan: "pro" }]);
    return made;
  });
  await check("POST /api/v2/users", "an address that is taken is refused as a conflict", () =>
    refused({ kind: "ConflictError", statusCode: 409 }, () => api.users.create(wanted)));
  await check(`GET ${one}`, "a user is read by id", async () =>
    assert.equal((await api.users.get(made.user_id)).email, email));
  await check(`GET ${one}`, "an unknown user is refused with 404", () =>
    refused({ kind: "NotFoundError", statusCode: 404 }, () => api.users.get("auth0|000000000000000000000000")));
  await check("GET /api/v2/users-by-email", "users are found by their address", async () =>
    assert.deepEqual((await api.users.listUsersByEmail({ email })).map((user) => user.user_id), [made.user_id]));
  await check(`PATCH ${one}`, "metadata is merged at its top level", async () => {
    const changed = await api.users.update(made.user_id, { user_metadata: { seen: "yes" } });
    assert.deepEqual(changed.user_metadata, { plan: "pro", seen: "yes" });
  });
  await check(`PATCH ${one}`, "a blocked user cannot log in", async () => {
    const ada = await place.person("blocked");
    await api.users.update(ada.userId, { blocked: true });
    await refused({ error_description: "user is blocked" }, () => place.login(ada));
  });
  await check("GET /api/v2/users", "users are searched by a query, with totals and pages", async () => {
    const search = async () => (await api.users.list({ q: `email:"${email}"`, search_engine: "v3" })).data;
    const found = await eventually(search, (found) => found.length > 0);
    assert.deepEqual(found.map((user) => user.user_id), [made.user_id]);
  });
  await check(`DELETE ${one}`, "a deleted user is gone", async () => {
    await api.users.delete(made.user_id);
    await refused({ kind: "NotFoundError" }, () => api.users.get(made.user_id));
  });
}

async function devices() {
  const { check } = records;
  const ada = await place.person("devices");
  const browser = new Browser();
  const back = await browser.logIn(authorizeUrl({}), CALLBACK, ada);
  await auth.oauth.authorizationCodeGrant({ code: back.searchParams.get("code"), redirect_uri: CALLBACK });
  await check("GET /api/v2/users/{id}/sessions", "a browser's login is a session of the user", async () =>
    assert.equal((await api.users.sessions.list(ada.userId)).data.length, 1));
  await check("DELETE /api/v2/users/{id}/sessions", "a browser whose session is deleted must log in again", async () => {
    await api.users.sessions.delete(ada.userId);
    await eventually(async () => {
      const back = await browser.visit(authorizeUrl({ prompt: "none" }), CALLBACK);
      return back.searchParams.get("error") === "login_required";
    });
  });
  await check("GET /api/v2/users/{id}/refresh-tokens", "refresh tokens are listed", async () =>
    assert.equal((await api.users.refreshToken.list(ada.userId)).data.length, 1));
}

async function jobs() {
  const { check } = records;
  const connection = await check("GET /api/v2/connections", "the database connection is found by its name", async () => {
    const { data } = await api.connections.list({ name: CONNECTION });
    assert.deepEqual(data.map((found) => found.name), [CONNECTION]);
    return data[0];
  });
  const email = place.address("import");
  const done = (job) => eventually(() => api.jobs.get(job.id), (job) => job.status === "completed");
  await check("POST /api/v2/jobs/users-imports", "a file of users becomes users, by a job", async () => {
    const users = new Blob([JSON.stringify([{ email, email_verified: true }])], { type: "application/json" });
    await done(await api.jobs.usersImports.create({ users, connection_id: connection.id }));
    const [user] = await api.users.listUsersByEmail({ email });
    await api.users.delete(user.user_id);
  });
  await check("POST /api/v2/jobs/users-exports", "an export ends with a link to its file", async () => {
    const job = await api.jobs.usersExports.create({ connection_id: connection.id, format: "json", limit: 5 });
    assert.ok((await done(job)).location);
  });
}

async function rotation() {
  if (!place.MOCK) throw new Skip("rotating a tenant's signing keys is not for a test");
  const ada = await place.person("keys");
  await records.check("POST /api/v2/keys/signing/rotate", "tokens of before and after a rotation are accepted by a verifier that was there before", async () => {
    const before = await place.login(ada);
    await api.keys.signing.rotate();
    const after = await place.login(ada);
    assert.notEqual(before.id_token.split(".")[0], after.id_token.split(".")[0], "the same key signs still");
  });
}

await logins.run(loginByPassword, loginByCode, signUp, userinfoLimit, users, devices, jobs, rotation);
