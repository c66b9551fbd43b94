// Frameworks and the OAuth clients that come with them: whole logins, through a browser without a screen.
import assert from "node:assert/strict";
import fastifyOauth2 from "@fastify/oauth2";
import { getRequestListener } from "@hono/node-server";
import { getAuth, oidcAuthMiddleware, processOAuthCallback, revokeSession } from "@hono/oidc-auth";
import { betterAuth } from "better-auth";
import { toNodeHandler } from "better-auth/node";
import { auth0, genericOAuth } from "better-auth/plugins";
import fastify from "fastify";
import auth0Verify from "fastify-auth0-verify";
import { Hono } from "hono";
import { AuthorizationCode } from "simple-oauth2";
import { listen } from "./applications.mjs";
import { Browser } from "./browser.mjs";
import { Client, refused } from "./checks.mjs";
import * as place from "./place.mjs";

const { AUDIENCE, CALLBACK, CLIENT_ID, CLIENT_SECRET, DOMAIN, ISSUER, SCOPE } = place;
const DEAD = { error: "invalid_grant", error_description: "Unknown or invalid refresh token." };

/** Words of an answer that must have come. */
function said(page) {
  assert.equal(page.status, 200, page.text);
  return JSON.parse(page.text);
}

/** Refused for good. */
const dead = (refresh_token) =>
  refused({ statusCode: 403, ...DEAD }, () => place.authentication.oauth.refreshTokenGrant({ refresh_token }));

async function simpleOauth2() {
  const { check } = new Client("simple-oauth2", "auth0");
  const ada = await place.person("simple-oauth2");
  const paths = { tokenPath: "/oauth/token", authorizePath: "/authorize", revokePath: "/oauth/revoke" };
  const client = new AuthorizationCode({ client: { id: CLIENT_ID, secret: CLIENT_SECRET }, auth: { tokenHost: `https://${DOMAIN}`, ...paths } });
  const begun = client.authorizeURL({ redirect_uri: CALLBACK, scope: SCOPE, state: "a state" });
  const back = await new Browser().logIn(begun, CALLBACK, ada);
  const code = { code: back.searchParams.get("code"), redirect_uri: CALLBACK };
  const first = await check("POST /oauth/token", "a code becomes tokens, with the secret as Basic", async () => {
    const { token } = await client.getToken(code);
    assert.ok(token.access_token && token.refresh_token && token.id_token);
    return client.createToken(token);
  });
  await check("POST /oauth/token", "a code that is used twice is its own error, with the reason", async () => {
    const error = await refused({}, () => client.getToken(code));
    assert.deepEqual([error.output.statusCode, error.data.payload.error], [403, "invalid_grant"]);
  });
  await check("POST /oauth/revoke", "revoke takes the empty answer, and the token is dead", async () => {
    const next = await first.refresh();
    await next.revoke("refresh_token");
    const error = await refused({}, () => next.refresh());
    assert.deepEqual(error.data.payload, DEAD);
  });
}

async function fastifyLogin() {
  const { check } = new Client("@fastify/oauth2", "auth0");
  const ada = await place.person("fastify");
  const app = fastify();
  const base = await listen((request, answer) => app.routing(request, answer));
  await check("GET /.well-known/openid-configuration", "the plugin finds the tenant by discovery", () =>
    app.register(fastifyOauth2, {
      name: "auth0",
      scope: SCOPE.split(" "),
      credentials: { client: { id: CLIENT_ID, secret: CLIENT_SECRET } },
      startRedirectPath: "/login",
      callbackUri: `${base}/callback`,
      pkce: "S256",
      discovery: { issuer: ISSUER },
      cookie: { secure: false },
    }));
  app.get("/callback", async (request) => {
    const { token } = await app.auth0.getAccessTokenFromAuthorizationCodeFlow(request);
    const { email } = await app.auth0.userinfo(token.access_token);
    const { token: next } = await app.auth0.getNewAccessTokenUsingRefreshToken(token, {});
    await app.auth0.revokeToken(next, "refresh_token");
    return { email, refresh_token: next.refresh_token ?? token.refresh_token };
  });
  await app.ready();
  await check("GET /authorize", "a login with PKCE ends with UserInfo; its tokens are refreshed and revoked", async () => {
    const { email, refresh_token } = said(await new Browser().logIn(`${base}/login`, undefined, ada));
    assert.equal(email, ada.email);
    await dead(refresh_token);
  });
}

async function fastifyApi() {
  const { check } = new Client("fastify-auth0-verify", "auth0");
  const ada = await place.person("fastify-api");
  const app = fastify();
  await app.register(auth0Verify, { domain: DOMAIN, audience: AUDIENCE });
  app.get("/", { preValidation: app.authenticate }, (request) => request.user);
  const call = (token) => app.inject({ url: "/", headers: { authorization: `Bearer ${token}` } });
  await check("GET /.well-known/jwks.json", "an API accepts access tokens by their key, and no ID tokens", async () => {
    const { access_token, id_token } = await place.login(ada);
    const answer = await call(access_token);
    assert.deepEqual([answer.statusCode, answer.json().sub], [200, ada.userId]);
    assert.equal((await call(id_token)).statusCode, 401);
  });
}

async function honoLogin() {
  const { check } = new Client("@hono/oidc-auth", "auth0");
  const ada = await place.person("hono");
  const app = new Hono();
  const base = await listen(getRequestListener((request) => app.fetch(request)));
  Object.assign(process.env, {
    OIDC_AUTH_SECRET: "a secret of at least thirty-two characters",
    OIDC_AUTH_REFRESH_INTERVAL: "-1",
    OIDC_ISSUER: ISSUER,
    OIDC_CLIENT_ID: CLIENT_ID,
    OIDC_CLIENT_SECRET: CLIENT_SECRET,
    OIDC_REDIRECT_URI: `${base}/callback`,
    OIDC_SCOPES: SCOPE,
  });
  app.get("/callback", processOAuthCallback);
  app.get("/logout", async (context) => {
    await revokeSession(context);
    return context.json({});
  });
  app.use("*", oidcAuthMiddleware());
  app.get("/", async (context) => context.json(await getAuth(context)));
  const browser = new Browser();
  const first = await check("GET /authorize", "a page that needs a login leads through the login form back to itself", async () => {
    const session = said(await browser.logIn(`${base}/`, undefined, ada));
    assert.deepEqual([session.sub, session.email], [ada.userId, ada.email]);
    return session;
  });
  await check("POST /oauth/token", "the middleware refreshes its session", async () => {
    const { email, rtk } = said(await browser.visit(`${base}/`));
    assert.equal(email, ada.email);
    assert.notEqual(rtk, first.rtk);
    first.rtk = rtk;
  });
  await check("POST /oauth/revoke", "its logout ends the refresh token", async () => {
    said(await browser.visit(`${base}/logout`));
    await dead(first.rtk);
  });
}

async function betterAuthLogin() {
  const { check } = new Client("better-auth", "auth0");
  const ada = await place.person("better-auth");
  let handler;
  const base = await listen((request, answer) => handler(request, answer));
  const provider = auth0({ domain: DOMAIN, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, scopes: SCOPE.split(" ") });
  const settings = { baseURL: base, secret: "aVeryRandom-Secret_0123456789_qwertz", logger: { disabled: true }, telemetry: { enabled: false } };
  handler = toNodeHandler(betterAuth({ ...settings, plugins: [genericOAuth({ config: [provider] })] }));
  const browser = new Browser();
  const post = async (path, body) => {
    const headers = { "content-type": "application/json", origin: base };
    return said(await browser.go(`${base}/api/auth${path}`, { method: "POST", headers, body: JSON.stringify(body) }));
  };
  await check("GET /authorize", "its Auth0 provider logs in, and the application has a session", async () => {
    const { url } = await post("/sign-in/social", { provider: "auth0", callbackURL: `${base}/done` });
    assert.ok((await browser.logIn(url, `${base}/done`, ada)) instanceof URL);
    assert.equal(said(await browser.go(`${base}/api/auth/get-session`)).user.email, ada.email);
  });
  await check("POST /oauth/token", "refresh-token gives another access token", async () => {
    const [{ id: accountId }] = said(await browser.go(`${base}/api/auth/list-accounts`));
    const { accessToken } = await post("/get-access-token", { accountId });
    assert.notEqual((await post("/refresh-token", { accountId })).accessToken, accessToken);
  });
  await check("GET /oidc/logout", "sign-out leads through the logout of the tenant, where nobody is logged in then", async () => {
    const { url } = await post("/sign-out", { callbackURL: `${base}/bye` });
    assert.ok((await browser.visit(url, base)) instanceof URL, url);
    const again = await post("/sign-in/social", { provider: "auth0" });
    assert.match((await browser.visit(again.url)).text, /<form/i);
  });
}

await new Client("simple-oauth2", "auth0").run(simpleOauth2, fastifyLogin, fastifyApi, honoLogin, betterAuthLogin);
