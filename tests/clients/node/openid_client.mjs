// openid-client: a certified OIDC client that knows nothing of Auth0, by discovery alone.
import assert from "node:assert/strict";
import * as oidc from "openid-client";
import { Client, refused } from "./checks.mjs";
import * as place from "./place.mjs";
import { Browser } from "./browser.mjs";

const client = new Client("openid-client", "auth0");
const { check } = client;
const { CALLBACK } = place;

async function wholeLogin() {
  const ada = await place.person("openid-client");
  const browser = new Browser();
  const config = await check("GET /.well-known/openid-configuration", "the configuration is found, and names the issuer that was asked", async () => {
    const config = await oidc.discovery(new URL(place.ISSUER), place.CLIENT_ID, place.CLIENT_SECRET);
    // Signatures too, not the TLS connection alone.
    oidc.enableNonRepudiationChecks(config);
    return config;
  });
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const asked = {
    redirect_uri: CALLBACK,
    scope: place.SCOPE,
    audience: place.AUDIENCE,
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    state: oidc.randomState(),
    nonce: oidc.randomNonce(),
  };
  const back = await check("GET /authorize", "code with PKCE (S256): from the login page back with code and state", () =>
    browser.logIn(oidc.buildAuthorizationUrl(config, asked), CALLBACK, ada));
  const tokens = await check("POST /oauth/token", "the code is exchanged, and the ID token valid by signature, nonce and all claims", async () => {
    const expected = { pkceCodeVerifier, expectedState: asked.state, expectedNonce: asked.nonce, idTokenExpected: true };
    return oidc.authorizationCodeGrant(config, back, expected);
  });
  const { sub } = tokens.claims();
  assert.equal(sub, ada.userId);
  await check("GET /userinfo", "the subject is that of the ID token", () => oidc.fetchUserInfo(config, tokens.access_token, sub));
  const fresh = await check("POST /oauth/token", "the refresh token gives new tokens", () => oidc.refreshTokenGrant(config, tokens.refresh_token));
  await check("GET /authorize", "prompt=none in a browser with a session gives a code at once", async () => {
    const back = await browser.visit(oidc.buildAuthorizationUrl(config, { ...asked, prompt: "none" }), CALLBACK);
    const expected = { pkceCodeVerifier, expectedState: asked.state, expectedNonce: asked.nonce };
    assert.equal((await oidc.authorizationCodeGrant(config, back, expected)).claims().sub, sub);
  });
  await check("POST /oauth/revoke", "revocation by RFC 7009, and the token is dead", async () => {
    const refresh = fresh.refresh_token ?? tokens.refresh_token;
    await oidc.tokenRevocation(config, refresh);
    await refused({ kind: "ResponseBodyError", error: "invalid_grant", status: 403 }, () => oidc.refreshTokenGrant(config, refresh));
  });
  await check("GET /oidc/logout", "RP-initiated logout by the published address, and the browser's session is over", async () => {
    const url = oidc.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: CALLBACK });
    await browser.visit(url, CALLBACK);
    const back = await browser.visit(oidc.buildAuthorizationUrl(config, { ...asked, prompt: "none" }), CALLBACK);
    await refused({ kind: "AuthorizationResponseError", error: "login_required" }, () =>
      oidc.authorizationCodeGrant(config, back, { pkceCodeVerifier, expectedState: asked.state, expectedNonce: asked.nonce }));
  });
}

async function machineToMachine() {
  const config = await oidc.discovery(new URL(place.ISSUER), place.CLIENT_ID, undefined, oidc.ClientSecretBasic(place.CLIENT_SECRET));
  await check("POST /oauth/token", "client credentials for the Management API, the secret in HTTP Basic authentication", async () => {
    const got = await oidc.clientCredentialsGrant(config, { audience: `${place.ISSUER}api/v2/` });
    assert.ok(got.access_token);
  });
}

await client.run(wholeLogin, machineToMachine);
