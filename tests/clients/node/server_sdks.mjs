// Auth0's libraries for servers besides its newest SDK: auth0-auth-js, and auth0 before version 4.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { AuthClient } from "@auth0/auth0-auth-js";
import legacy from "auth0-v3";
import { Client, Skip, later } from "./checks.mjs";
import * as place from "./place.mjs";
import { Browser } from "./browser.mjs";

const { AUDIENCE, CALLBACK, CLIENT_ID, CLIENT_SECRET, CONNECTION, DOMAIN, SCOPE } = place;

async function authJs() {
  const { check } = new Client("@auth0/auth0-auth-js", "auth0");
  const ada = await place.person("auth-js");
  const settings = { domain: DOMAIN, clientId: CLIENT_ID, authorizationParams: { redirect_uri: CALLBACK, audience: AUDIENCE, scope: SCOPE } };
  const auth = new AuthClient({ ...settings, clientSecret: CLIENT_SECRET });
  const logIn = async (auth, more = {}) => {
    const { authorizationUrl, codeVerifier } = await auth.buildAuthorizationUrl(more);
    const back = await new Browser().logIn(authorizationUrl, CALLBACK, ada);
    return auth.getTokenByCode(back, { codeVerifier });
  };
  const tokens = await check("GET /authorize", "a login by code and PKCE, and the claims of its ID token", async () => {
    const tokens = await logIn(auth);
    assert.deepEqual([tokens.claims.sub, tokens.claims.email], [ada.userId, ada.email]);
    return tokens;
  });
  await check("GET /userinfo", "getUserInfo tells who it was", async () => {
    const told = await auth.getUserInfo({ accessToken: tokens.accessToken, expectedSubject: ada.userId });
    assert.equal(told.email ?? told.data.email, ada.email);
  });
  const fresh = await check("POST /oauth/token", "getTokenByRefreshToken, also naming the audience", async () => {
    const fresh = await auth.getTokenByRefreshToken({ refreshToken: tokens.refreshToken, audience: AUDIENCE });
    assert.ok(fresh.accessToken);
    return fresh;
  });
  await check("POST /oauth/revoke", "revokeToken, and the refresh token is dead", async () => {
    const refreshToken = fresh.refreshToken ?? tokens.refreshToken;
    await auth.revokeToken({ token: refreshToken });
    await assert.rejects(auth.getTokenByRefreshToken({ refreshToken }), ({ cause }) => cause.error === "invalid_grant");
  });
  await check("GET /oidc/logout", "buildLogoutUrl leads back to the application", async () => {
    const url = await auth.buildLogoutUrl({ returnTo: CALLBACK });
    assert.ok((await new Browser().visit(url, CALLBACK)) instanceof URL);
  });
  await check("POST /oauth/par", "a login whose request was pushed", async () => {
    // A tenant has it switched off until somebody switches it on.
    if (!place.MOCK) throw new Skip("pushed requests are a setting of the tenant");
    assert.equal((await logIn(auth, { pushedAuthorizationRequests: true })).claims.sub, ada.userId);
  });
  await check("POST /api/v2/clients", "an application that signs its assertions logs people in (private_key_jwt)", async () => {
    if (!place.MOCK) throw new Skip("applications of a tenant are not for a test to make");
    const { publicKey, privateKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    const credentials = [{ credential_type: "public_key", name: "key", pem: publicKey, alg: "RS256" }];
    const made = await place.management.clients.create({
      name: `${place.MARK}-signs`,
      app_type: "regular_web",
      callbacks: [CALLBACK],
      client_authentication_methods: { private_key_jwt: { credentials } },
    });
    later(`Auth0 application ${made.client_id}`, () => place.management.clients.delete(made.client_id));
    const authorizationParams = { redirect_uri: CALLBACK, scope: "openid email" };
    const signs = new AuthClient({ domain: DOMAIN, clientId: made.client_id, clientAssertionSigningKey: privateKey, authorizationParams });
    assert.equal((await logIn(signs)).claims.email, ada.email);
  });
}

async function versionThree() {
  const { check } = new Client("auth0-v3", "auth0");
  const ada = await place.person("v3");
  const settings = { domain: DOMAIN, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET };
  const auth = new legacy.AuthenticationClient(settings);
  const management = new legacy.ManagementClient({
    domain: DOMAIN,
    clientId: process.env.AUTH0_MGMT_CLIENT_ID || CLIENT_ID,
    clientSecret: process.env.AUTH0_MGMT_CLIENT_SECRET || CLIENT_SECRET,
  });
  const tokens = await check("POST /oauth/token", "passwordGrant and refreshToken", async () => {
    const tokens = await auth.passwordGrant({ username: ada.email, password: ada.password, realm: CONNECTION, audience: AUDIENCE, scope: SCOPE });
    assert.ok((await auth.refreshToken({ refresh_token: tokens.refresh_token })).access_token);
    return tokens;
  });
  await check("GET /userinfo", "getProfile tells who it was", async () => {
    const told = await auth.getProfile(tokens.access_token);
    assert.equal((typeof told === "string" ? JSON.parse(told) : told).email, ada.email);
  });
  const other = await place.person("v3-linked");
  const [provider, user_id] = other.userId.split("|");
  await check("POST /api/v2/users/{id}/identities", "linkUsers makes two identities one user, and both ways in lead there", async () => {
    assert.equal((await management.linkUsers(ada.userId, { provider, user_id })).length, 2);
    const { identities } = await management.getUser({ id: ada.userId });
    assert.equal(identities[1].profileData.email, other.email);
    const realm = { realm: CONNECTION, audience: AUDIENCE, scope: SCOPE };
    const { access_token } = await auth.passwordGrant({ username: other.email, password: other.password, ...realm });
    const told = await auth.getProfile(access_token);
    assert.equal((typeof told === "string" ? JSON.parse(told) : told).sub, ada.userId);
    await assert.rejects(management.getUser({ id: other.userId }), { statusCode: 404 });
  });
  await check("DELETE /api/v2/users/{id}/identities/{provider}/{user_id}", "unlinkUsers takes them apart", async () => {
    assert.equal((await management.unlinkUsers({ id: ada.userId, provider, user_id })).length, 1);
    assert.equal((await management.getUser({ id: other.userId })).email, other.email);
  });
}

await new Client("@auth0/auth0-auth-js", "auth0").run(authJs, versionThree);
