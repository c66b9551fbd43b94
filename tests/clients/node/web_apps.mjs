// Middlewares of web applications and APIs: whole logins through a browser without a screen.
import assert from "node:assert/strict";
import express from "express";
import session from "express-session";
import passport from "passport";
import Auth0Strategy from "passport-auth0";
import oidc from "express-openid-connect";
import { Auth } from "@auth/core";
import AuthCoreAuth0 from "@auth/core/providers/auth0";
import { expressjwt } from "express-jwt";
import { auth } from "express-oauth2-jwt-bearer";
import jwksRsa from "jwks-rsa";
import OpenidConnectStrategy from "passport-openidconnect";
import { listen } from "./applications.mjs";
import { Client, Skip } from "./checks.mjs";
import * as place from "./place.mjs";
import { Browser } from "./browser.mjs";

const { CLIENT_ID, CLIENT_SECRET, DOMAIN, ISSUER, SCOPE } = place;

async function expressOpenidConnect() {
  const { check } = new Client("express-openid-connect", "auth0");
  const ada = await place.person("express");
  const app = express();
  const base = await listen(app);
  app.use(
    oidc.auth({
      issuerBaseURL: ISSUER,
      baseURL: base,
      clientID: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      secret: "a secret for the application's cookies",
      authorizationParams: { response_type: "code", scope: SCOPE, audience: place.AUDIENCE },
      authRequired: false,
      idpLogout: true,
    }),
  );
  app.get("/profile", oidc.requiresAuth(), async (request, answer) => answer.json(await request.oidc.fetchUserInfo()));
  app.get("/refresh", oidc.requiresAuth(), async (request, answer) => {
    const { token_type } = await request.oidc.accessToken.refresh();
    answer.json({ token_type });
  });
  const browser = new Browser();
  await check("GET /authorize", "a page that needs a login leads through the login form back to itself", async () => {
    const page = await browser.logIn(`${base}/profile`, undefined, ada);
    assert.equal(page.status, 200, page.text);
    assert.equal(JSON.parse(page.text).email, ada.email);
  });
  await check("POST /oauth/token", "the middleware refreshes its access token", async () => {
    const page = await browser.visit(`${base}/refresh`);
    assert.equal(JSON.parse(page.text).token_type, "Bearer", page.text);
  });
  await check("GET /oidc/logout", "the middleware's logout ends both sessions", async () => {
    const page = await browser.visit(`${base}/logout`, `${base}/`);
    assert.ok(page instanceof URL, `${page.status} ${page.text}`);
    const again = await browser.visit(`${base}/profile`);
    assert.match(again.text, /<form/i);
  });
}

/** How long a logout token may be under way, in milliseconds. */
const PATIENCE = 10_000;

/** What is promised, or an error if it does not come in time. */
function within(milliseconds, promised) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came within ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([promised, late]).finally(() => clearTimeout(timer));
}

/** The same with sessions on the server, which ends them when the tenant says so. */
async function backchannelLogout() {
  const { check } = new Client("express-openid-connect", "auth0");
  if (!place.MOCK) throw new Skip("a tenant does not reach this machine");
  const ada = await place.person("backchannel");
  const app = express();
  const base = await listen(app);
  const told = new Promise((resolve) => {
    app.use("/backchannel-logout", (request, answer, next) => {
      answer.on("finish", () => resolve(answer.statusCode));
      next();
    });
  });
  app.use(
    oidc.auth({
      issuerBaseURL: ISSUER,
      baseURL: base,
      clientID: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      secret: "a secret for the application's cookies",
      authorizationParams: { response_type: "code", scope: "openid profile email" },
      authRequired: false,
      session: { store: new session.MemoryStore() },
      backchannelLogout: true,
    }),
  );
  app.get("/profile", (request, answer) => answer.json({ in: request.oidc.isAuthenticated() }));
  app.get("/in", oidc.requiresAuth(), (request, answer) => answer.json({ in: true }));
  const api = place.management;
  const before = (await api.clients.get(CLIENT_ID)).oidc_logout ?? null;
  const tell = (urls) => api.clients.update(CLIENT_ID, { oidc_logout: { backchannel_logout_urls: urls } });
  try {
    await check("PATCH /api/v2/clients/{id}", "an application says where it is told of logouts", () => tell([`${base}/backchannel-logout`]));
    await check("GET /v2/logout", "its session on the server ends with the tenant's, by a logout token (back-channel)", async () => {
      const browser = new Browser();
      assert.deepEqual(JSON.parse((await browser.logIn(`${base}/in`, undefined, ada)).text), { in: true });
      await browser.visit(`${ISSUER}v2/logout`);
      assert.equal(await within(PATIENCE, told), 204);
      assert.deepEqual(JSON.parse((await browser.visit(`${base}/profile`)).text), { in: false });
    });
  } finally {
    await api.clients.update(CLIENT_ID, { oidc_logout: before });
  }
}

/** As `expressOpenidConnect`, by the implicit flow that the middleware has as its default. */
async function implicitFormPost() {
  const { check } = new Client("express-openid-connect", "auth0");
  const ada = await place.person("implicit");
  const app = express();
  const base = await listen(app);
  app.use(oidc.auth({ issuerBaseURL: ISSUER, baseURL: base, clientID: CLIENT_ID, secret: "a secret for the application's cookies" }));
  app.get("/", (request, answer) => answer.json(request.oidc.user));
  await check("GET /authorize", "response_type=id_token with response_mode=form_post: an ID token alone", async () => {
    const browser = new Browser();
    const posting = await browser.logIn(base, undefined, ada);
    const page = await browser.fill(posting, undefined, {});
    assert.equal(JSON.parse(page.text).email, ada.email);
  });
}

async function passportAuth0() {
  const { check } = new Client("passport-auth0", "auth0");
  const ada = await place.person("passport");
  const app = express();
  const base = await listen(app);
  const settings = { domain: DOMAIN, clientID: CLIENT_ID, clientSecret: CLIENT_SECRET, callbackURL: `${base}/callback` };
  passport.use(new Auth0Strategy(settings, (access, refresh, extra, profile, done) => done(null, profile)));
  passport.serializeUser((user, done) => done(null, user));
  passport.deserializeUser((user, done) => done(null, user));
  app.use(session({ secret: "a secret", resave: false, saveUninitialized: false }), passport.initialize(), passport.session());
  app.get("/login", passport.authenticate("auth0", { scope: "openid profile email" }));
  app.get("/callback", passport.authenticate("auth0"), (request, answer) => answer.json(request.user));
  app.use((error, request, answer, next) => (answer.headersSent ? next(error) : answer.status(500).send(error.stack)));
  await check("GET /authorize", "a login with state and nonce ends with the person's profile", async () => {
    const page = await new Browser().logIn(`${base}/login`, undefined, ada);
    assert.equal(page.status, 200, page.text);
    const profile = JSON.parse(page.text);
    assert.deepEqual([profile.id, profile.emails[0].value], [ada.userId, ada.email]);
  });
}

async function passportOpenidConnect() {
  const { check } = new Client("passport-openidconnect", "auth0");
  const ada = await place.person("passport-oidc");
  const app = express();
  const base = await listen(app);
  const settings = {
    issuer: ISSUER,
    authorizationURL: `${ISSUER}authorize`,
    tokenURL: `${ISSUER}oauth/token`,
    userInfoURL: `${ISSUER}userinfo`,
    clientID: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    callbackURL: `${base}/callback`,
    scope: ["profile", "email"],
  };
  const own = new passport.Passport();
  own.use(new OpenidConnectStrategy(settings, (issuer, profile, done) => done(null, profile)));
  own.serializeUser((user, done) => done(null, user));
  own.deserializeUser((user, done) => done(null, user));
  app.use(session({ secret: "a secret", resave: false, saveUninitialized: false }), own.initialize(), own.session());
  app.get("/login", own.authenticate("openidconnect"));
  app.get("/callback", own.authenticate("openidconnect"), (request, answer) => answer.json(request.user));
  app.use((error, request, answer, next) => (answer.headersSent ? next(error) : answer.status(500).send(error.stack)));
  await check("GET /userinfo", "a login ends with the person's profile", async () => {
    const page = await new Browser().logIn(`${base}/login`, undefined, ada);
    const profile = JSON.parse(page.text);
    assert.deepEqual([profile.id, profile.emails[0].value], [ada.userId, ada.email]);
  });
}

async function authCore() {
  const { check } = new Client("@auth/core", "auth0");
  const ada = await place.person("auth-core");
  const provider = AuthCoreAuth0({ clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, issuer: ISSUER });
  const settings = { secret: "a secret of at least thirty-two characters", trustHost: true, basePath: "/auth", providers: [provider] };
  const app = express();
  const base = await listen(app);
  app.use(express.text({ type: "*/*" }), async (request, answer) => {
    const { method, headers } = request;
    const body = method === "POST" ? request.body : undefined;
    const given = await Auth(new Request(`${base}${request.url}`, { method, headers, body }), settings);
    for (const cookie of given.headers.getSetCookie()) answer.append("set-cookie", cookie);
    given.headers.forEach((value, name) => name !== "set-cookie" && answer.set(name, value));
    answer.status(given.status).send(Buffer.from(await given.arrayBuffer()));
  });
  await check("GET /authorize", "signing in with its Auth0 provider gives the application a session", async () => {
    const browser = new Browser();
    const { csrfToken } = JSON.parse((await browser.visit(`${base}/auth/csrf`)).text);
    const body = new URLSearchParams({ csrfToken, callbackUrl: `${base}/auth/session` });
    const begun = await browser.go(`${base}/auth/signin/auth0`, { method: "POST", body });
    const page = await browser.logIn(begun.headers.get("location"), undefined, ada);
    assert.equal(JSON.parse(page.text).user.email, ada.email, page.text);
  });
}

/** An API behind a middleware, which one of these tokens opens. */
async function guarded(middleware) {
  const app = express();
  const base = await listen(app);
  app.use(middleware);
  app.get("/", (request, answer) => answer.json(request.auth));
  app.use((error, request, answer, next) => (answer.headersSent ? next(error) : answer.status(error.status ?? 500).send(error.message)));
  return (token) => fetch(base, { headers: { authorization: `Bearer ${token}` } });
}

async function expressJwt() {
  const { check } = new Client("jwks-rsa", "auth0");
  const ada = await place.person("jwks-rsa");
  const secret = jwksRsa.expressJwtSecret({ cache: true, rateLimit: true, jwksUri: `${ISSUER}.well-known/jwks.json` });
  const call = await guarded(expressjwt({ secret, audience: place.AUDIENCE, issuer: ISSUER, algorithms: ["RS256"] }));
  await check("GET /.well-known/jwks.json", "with express-jwt: an API accepts access tokens by their key, and none that was changed", async () => {
    const { access_token } = await place.login(ada);
    const answer = await call(access_token);
    assert.equal(answer.status, 200, await answer.clone().text());
    assert.equal((await answer.json()).sub, ada.userId);
    const [head, claims] = access_token.split(".");
    assert.equal((await call(`${head}.${claims}.${"A".repeat(342)}`)).status, 401);
  });
}

async function apiThatChecksTokens() {
  const { check } = new Client("express-oauth2-jwt-bearer", "auth0");
  const ada = await place.person("api");
  const call = await guarded(auth({ issuerBaseURL: ISSUER, audience: place.AUDIENCE }));
  await check("GET /.well-known/jwks.json", "an API accepts access tokens for its audience by discovery and keys, and no others", async () => {
    const { access_token, id_token } = await place.login(ada);
    const answer = await call(access_token);
    assert.equal(answer.status, 200, await answer.clone().text());
    assert.equal((await answer.json()).payload.sub, ada.userId);
    assert.equal((await call(id_token)).status, 401);
  });
}

await new Client("express-openid-connect", "auth0").run(
  expressOpenidConnect,
  backchannelLogout,
  implicitFormPost,
  passportAuth0,
  passportOpenidConnect,
  authCore,
  apiThatChecksTokens,
  expressJwt,
);
