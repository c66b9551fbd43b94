// React's SDKs of both providers in one application, in Chromium: it moves its people while they are
// logged in.
import assert from "node:assert/strict";
import stytch from "stytch";
import { HASH, PASSWORD } from "./bcrypt_hash.mjs";
import { browse, bundle, fillIn, serve } from "./chromium.mjs";
import { Client, later } from "./checks.mjs";
import * as place from "./place.mjs";
import { atStytch } from "./stytch_pages.mjs";

const { AUDIENCE, CLIENT_ID, DOMAIN, ISSUER, PUBLIC_TOKEN } = place;
const api = new stytch.Client({ project_id: place.PROJECT_ID, secret: place.SECRET, custom_base_url: place.STYTCH_URL });

/** What the application shows at a place of the page, once it is this. */
const shows = (page, id, text) => page.locator(`#${id}`, { hasText: text }).waitFor();

async function moving() {
  const old = new Client("@auth0/auth0-react", "auth0", "Chromium");
  const its = new Client("@stytch/react", "stytch", "Chromium");
  const found = atStytch();
  const ada = await place.person("react");
  const { user_id } = await api.users.create({ email: ada.email });
  later(`Stytch user ${user_id}`, () => api.users.delete({ user_id }));
  const settings = { domain: DOMAIN, clientId: CLIENT_ID, audience: AUDIENCE, publicToken: PUBLIC_TOKEN };
  const script = await bundle('import "./react_app.mjs";');
  const begin = `<script>globalThis.settings = ${JSON.stringify(settings)}</script>`;
  const base = await serve({ "/app.js": script }, `<!DOCTYPE html><title>app</title><div id="root"></div>${begin}<script src="/app.js"></script>`);
  const { browser, page } = await browse(found);
  try {
    // What the application's server does.
    await page.exposeFunction("migrate", (session_token) => api.sessions.migrate({ session_token, session_duration_minutes: 60 }));
    await page.goto(base);
    await old.check("GET /authorize", "loginWithRedirect ends where the application was left", async () => {
      await shows(page, "auth0", "nobody");
      await page.click("#login");
      await page.waitForURL(`${ISSUER}**`);
      await fillIn(page, ada);
      await shows(page, "auth0", ada.email);
      await page.waitForURL(`${base}/account`);
    });
    await old.check("GET /authorize", "a page that is loaded again is still logged in, by a hidden frame", async () => {
      await page.reload();
      await shows(page, "auth0", ada.email);
    });
    await old.check("POST /oauth/token", "getAccessTokenSilently renews the access token", async () => {
      await page.click("#renew");
      await shows(page, "said", "3 parts");
    });
    await its.check("POST /v1/sessions/migrate", "the hooks know whom the server migrated, by whose login at Auth0", async () => {
      await page.click("#move");
      await shows(page, "stytch", `${ada.email} by imported`);
    });
    await old.check("GET /v2/logout", "logout ends the session there", async () => {
      await page.click("#logout");
      await page.waitForURL(base);
      await shows(page, "auth0", "nobody");
    });
    await its.check("POST /sdk/v1/sessions/authenticate", "the one that was migrated goes on in a page that is loaded again", async () => {
      await shows(page, "stytch", `${ada.email} by imported`);
    });
    await its.check("POST /sdk/v1/sessions/revoke", "revoke ends it, and the hooks say so", async () => {
      await page.click("#leave");
      await shows(page, "stytch", "nobody");
      const { sessions } = await api.sessions.get({ user_id });
      assert.equal(sessions.length, 0);
    });
    await its.check("POST /sdk/v1/passwords/authenticate", "its form takes the password whose hash Auth0 exported", async () => {
      await api.passwords.migrate({ email: ada.email, hash: HASH, hash_type: "bcrypt" });
      await page.reload();
      await page.fill('input[type="email"]', ada.email);
      await page.press('input[type="email"]', "Enter");
      await page.fill('input[type="password"]', PASSWORD);
      await page.press('input[type="password"]', "Enter");
      await shows(page, "stytch", `${ada.email} by password`);
    });
  } finally {
    await browser.close();
  }
}

await new Client("@auth0/auth0-react", "auth0", "Chromium").run(moving);
