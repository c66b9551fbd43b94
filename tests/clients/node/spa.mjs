// Clients of single-page applications, in Chromium: logins, silent logins in a frame, refreshing.
import assert from "node:assert/strict";
import { browse, fillIn, library, serve as servePage } from "./chromium.mjs";
import { Client, Skip } from "./checks.mjs";
import * as place from "./place.mjs";

const { AUDIENCE, CLIENT_ID, ISSUER, DOMAIN } = place;

const SCRIPTS = {
  "/auth0.js": library("@auth0/auth0-spa-js/dist/auth0-spa-js.production.js"),
  "/oidc.js": library("oidc-client-ts/dist/browser/oidc-client-ts.min.js"),
};
const serve = () => servePage(SCRIPTS, '<title>app</title><script src="/auth0.js"></script><script src="/oidc.js"></script>');

async function auth0Spa() {
  const { check } = new Client("@auth0/auth0-spa-js", "auth0", "Chromium");
  const ada = await place.person("spa");
  const base = await serve();
  const { browser, page } = await browse();
  const settings = { domain: DOMAIN, clientId: CLIENT_ID, authorizationParams: { redirect_uri: base, audience: AUDIENCE } };
  const start = (more) => page.evaluate((settings) => (globalThis.client = new auth0.Auth0Client(settings)) && true, { ...settings, ...more });
  try {
    await check("GET /authorize", "loginWithRedirect and handleRedirectCallback log a person in", async () => {
      await page.goto(base);
      await start({});
      await page.evaluate(() => void client.loginWithRedirect());
      await page.waitForURL(`${ISSUER}**`);
      await fillIn(page, ada);
      await page.waitForURL(`${base}/**`);
      await start({});
      const user = await page.evaluate(() => client.handleRedirectCallback().then(() => client.getUser()));
      assert.equal(user.email, ada.email);
    });
    await check("GET /authorize", "getTokenSilently in a hidden frame: prompt=none by web_message", async () => {
      await page.goto(base);
      await start({});
      const token = await page.evaluate(() => client.getTokenSilently({ cacheMode: "off" }));
      assert.equal(token.split(".").length, 3);
    });
    await check("POST /oauth/token", "getTokenSilently with refresh tokens, across origins", async () => {
      await page.goto(base);
      await start({ useRefreshTokens: true, cacheLocation: "localstorage", useRefreshTokensFallback: true });
      const [first, second] = await page.evaluate(async () => {
        const first = await client.getTokenSilently({ cacheMode: "off" });
        return [first, await client.getTokenSilently({ cacheMode: "off" })];
      });
      assert.ok(first && second);
    });
    await check("POST /oauth/token", "loginWithPopup: the answer by web_message to the window that opened it", async () => {
      await page.context().clearCookies();
      await page.goto(base);
      await start({});
      const popup = page.waitForEvent("popup");
      const user = page.evaluate(() => client.loginWithPopup().then(() => client.getUser()));
      const opened = await popup;
      // It closes itself as soon as it has the answer, maybe before the key is known to be released.
      await fillIn(opened, ada).catch((error) => {
        if (!opened.isClosed()) throw error;
      });
      assert.equal((await user).email, ada.email);
    });
    await check("POST /oauth/token", "useDpop: tokens are bound to a key, by a nonce", async () => {
      if (!place.MOCK) throw new Skip("DPoP is a setting of the tenant");
      await page.goto(base);
      // An application without a secret.
      await start({ clientId: "cutover-spa", useDpop: true });
      const got = await page.evaluate(() => client.getTokenSilently({ cacheMode: "off", detailedResponse: true }));
      assert.ok(got.access_token);
      const told = await page.evaluate((url) => client.createFetcher({ dpopNonceId: "userinfo" }).fetchWithAuth(url).then((answer) => answer.json()), `${ISSUER}userinfo`);
      assert.equal(told.email, ada.email);
    });
    await check("GET /v2/logout", "after logout the hidden frame is told login_required", async () => {
      await page.evaluate((returnTo) => void client.logout({ logoutParams: { returnTo } }), `${base}/bye`);
      await page.waitForURL(`${base}/bye`);
      await start({});
      const error = await page.evaluate(() => client.getTokenSilently().catch((error) => error.error));
      assert.equal(error, "login_required");
    });
  } finally {
    await browser.close();
  }
}

async function oidcClientTs() {
  const { check } = new Client("oidc-client-ts", "auth0", "Chromium");
  const ada = await place.person("oidc");
  const base = await serve();
  const { browser, page } = await browse();
  const settings = {
    authority: ISSUER,
    client_id: CLIENT_ID,
    redirect_uri: base,
    silent_redirect_uri: `${base}/silent`,
    post_logout_redirect_uri: `${base}/bye`,
    scope: "openid profile email offline_access",
    loadUserInfo: true,
  };
  const start = () => page.evaluate((settings) => (globalThis.manager = new oidc.UserManager(settings)) && true, settings);
  try {
    await check("GET /authorize", "a login by discovery, code and PKCE, with claims from userinfo", async () => {
      await page.goto(base);
      await start();
      await page.evaluate(() => void manager.signinRedirect());
      await page.waitForURL(`${ISSUER}**`);
      await fillIn(page, ada);
      await page.waitForURL(`${base}/**`);
      await start();
      const profile = await page.evaluate(() => manager.signinRedirectCallback().then((user) => user.profile));
      assert.deepEqual([profile.sub, profile.email], [ada.userId, ada.email]);
    });
    await check("POST /oauth/token", "signinSilent by the refresh token, across origins", async () => {
      const profile = await page.evaluate(() => manager.signinSilent().then((user) => user.profile));
      assert.equal(profile.sub, ada.userId);
    });
    await check("GET /oidc/logout", "signoutRedirect by the published address leads back", async () => {
      await page.evaluate(() => void manager.signoutRedirect());
      await page.waitForURL(`${base}/bye**`);
    });
  } finally {
    await browser.close();
  }
}

await new Client("@auth0/auth0-spa-js", "auth0", "Chromium").run(auth0Spa, oidcClientTs);
