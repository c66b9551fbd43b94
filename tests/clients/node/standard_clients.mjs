// Clients that know OAuth and OpenID Connect by their standards alone.
import assert from "node:assert/strict";
import { Auth0, OAuth2RequestError, decodeIdToken, generateCodeVerifier } from "arctic";
import * as oauth from "oauth4webapi";
import v5 from "openid-client-v5";
import { Client, Skip } from "./checks.mjs";
import * as place from "./place.mjs";
import { Browser } from "./browser.mjs";

const { AUDIENCE, CALLBACK, CLIENT_ID, CLIENT_SECRET, ISSUER, SCOPE } = place;

async function strict() {
  const { check } = new Client("oauth4webapi", "auth0");
  const ada = await place.person("oauth4webapi");
  const client = { client_id: CLIENT_ID };
  const secret = oauth.ClientSecretPost(CLIENT_SECRET);
  const server = await check("GET /.well-known/openid-configuration", "the document passes the strict checks", async () => {
    const url = new URL(ISSUER);
    return oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url));
  });
  const verifier = oauth.generateRandomCodeVerifier();
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  const asked = {
    ...client,
    redirect_uri: CALLBACK,
    response_type: "code",
    scope: SCOPE,
    audience: AUDIENCE,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
    max_age: "600",
  };
  const exchange = async (back) => {
    const answered = oauth.validateAuthResponse(server, client, back, state);
    const answer = await oauth.authorizationCodeGrantRequest(server, client, secret, answered, CALLBACK, verifier);
    return oauth.processAuthorizationCodeResponse(server, client, answer, { expectedNonce: nonce, requireIdToken: true, maxAge: 600 });
  };
  const tokens = await check("POST /oauth/token", "a login with PKCE, nonce, max_age and auth_time passes the strict checks", async () => {
    const url = `${server.authorization_endpoint}?${new URLSearchParams(asked)}`;
    return exchange(await new Browser().logIn(url, CALLBACK, ada));
  });
  await check("GET /userinfo", "claims for the subject of the ID token; a wrong token is told by WWW-Authenticate", async () => {
    const { sub } = oauth.getValidatedIdTokenClaims(tokens);
    const answer = await oauth.userInfoRequest(server, client, tokens.access_token);
    assert.equal((await oauth.processUserInfoResponse(server, client, sub, answer)).email, ada.email);
    const wrong = await oauth.userInfoRequest(server, client, "wrong");
    await assert.rejects(oauth.processUserInfoResponse(server, client, sub, wrong), ({ cause: [challenge] }) => challenge.parameters.error === "invalid_token");
  });
  await check("POST /oauth/par", "a pushed request is answered 201, and logs in", async () => {
    if (!place.MOCK) throw new Skip("pushed requests are a setting of the tenant");
    const answer = await oauth.pushedAuthorizationRequest(server, client, secret, new URLSearchParams(asked));
    const { request_uri } = await oauth.processPushedAuthorizationResponse(server, client, answer);
    const url = `${server.authorization_endpoint}?${new URLSearchParams({ ...client, request_uri })}`;
    await exchange(await new Browser().logIn(url, CALLBACK, ada));
  });
  await check("POST /oauth/token", "DPoP: tokens are bound to a key, at userinfo and at a refresh too", async () => {
    if (!place.MOCK) throw new Skip("DPoP is a setting of the tenant");
    const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
    const bound = { ...asked, dpop_jkt: await DPoP.calculateThumbprint() };
    const back = await new Browser().logIn(`${server.authorization_endpoint}?${new URLSearchParams(bound)}`, CALLBACK, ada);
    const answered = oauth.validateAuthResponse(server, client, back, state);
    const answer = await oauth.authorizationCodeGrantRequest(server, client, secret, answered, CALLBACK, verifier, { DPoP });
    const { access_token, refresh_token, token_type } = await oauth.processAuthorizationCodeResponse(server, client, answer, { expectedNonce: nonce });
    assert.equal(token_type, "dpop");
    assert.equal((await oauth.userInfoRequest(server, client, access_token, { DPoP })).status, 200);
    assert.equal((await oauth.userInfoRequest(server, client, access_token)).status, 401);
    const again = await oauth.refreshTokenGrantRequest(server, client, secret, refresh_token, { DPoP });
    assert.equal((await oauth.processRefreshTokenResponse(server, client, again)).token_type, "dpop");
  });
  await check("POST /oauth/revoke", "revocation, and the refresh token is dead", async () => {
    await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, secret, tokens.refresh_token));
    const answer = await oauth.refreshTokenGrantRequest(server, client, secret, tokens.refresh_token);
    await assert.rejects(oauth.processRefreshTokenResponse(server, client, answer), { error: "invalid_grant" });
  });
}

/** What a page that posts itself to the application posts. */
function posted(page) {
  const fields = page.text.matchAll(/name="([^"]+)" value="([^"]*)"/g);
  return Object.fromEntries([...fields].map(([, name, value]) => [name, value.replaceAll("&amp;", "&")]));
}

async function versionFive() {
  const { check } = new Client("openid-client-v5", "auth0");
  const ada = await place.person("openid-client-v5");
  const { Issuer, generators } = v5;
  const issuer = await Issuer.discover(ISSUER);
  const settings = { client_id: CLIENT_ID, client_secret: CLIENT_SECRET, redirect_uris: [CALLBACK] };
  await check("GET /authorize", "all hybrid and implicit responses, posted by a form, with at_hash and c_hash", async () => {
    for (const response_type of ["id_token", "id_token token", "code id_token", "code token", "code id_token token"]) {
      const client = new issuer.Client({ ...settings, response_types: [response_type] });
      const [nonce, state] = [generators.nonce(), generators.state()];
      const url = client.authorizationUrl({ scope: "openid email", response_mode: "form_post", nonce, state });
      const page = await new Browser().logIn(url, undefined, ada);
      const tokens = await client.callback(CALLBACK, posted(page), { nonce, state, response_type });
      assert.equal(tokens.claims().sub, ada.userId, response_type);
    }
  });
  await check("POST /oidc/register", "an application registers itself and logs people in", async () => {
    if (!place.MOCK) throw new Skip("a tenant has registration switched off");
    const client = await issuer.Client.register({ client_name: "Registers itself", redirect_uris: [CALLBACK] });
    const state = generators.state();
    const back = await new Browser().logIn(client.authorizationUrl({ scope: "openid email", state }), CALLBACK, ada);
    const tokens = await client.callback(CALLBACK, client.callbackParams(back.href), { state });
    assert.equal(tokens.claims().sub, ada.userId);
  });
}

async function arctic() {
  const { check } = new Client("arctic", "auth0");
  const ada = await place.person("arctic");
  const auth0 = new Auth0(place.DOMAIN, CLIENT_ID, CLIENT_SECRET, CALLBACK);
  await check("POST /oauth/token", "a login, a refresh and a revocation, the secret in HTTP Basic authentication", async () => {
    const verifier = generateCodeVerifier();
    const back = await new Browser().logIn(auth0.createAuthorizationURL("state", verifier, SCOPE.split(" ")), CALLBACK, ada);
    const tokens = await auth0.validateAuthorizationCode(back.searchParams.get("code"), verifier);
    assert.equal(decodeIdToken(tokens.idToken()).email, ada.email);
    const fresh = await auth0.refreshAccessToken(tokens.refreshToken());
    await auth0.revokeToken(fresh.hasRefreshToken() ? fresh.refreshToken() : tokens.refreshToken());
  });
  await check("POST /oauth/token", "a wrong secret is an OAuth error", async () => {
    const wrong = new Auth0(place.DOMAIN, CLIENT_ID, "wrong", CALLBACK);
    await assert.rejects(wrong.refreshAccessToken("any"), (error) => error instanceof OAuth2RequestError && error.code === "access_denied");
  });
}

await new Client("oauth4webapi", "auth0").run(strict, versionFive, arctic);
