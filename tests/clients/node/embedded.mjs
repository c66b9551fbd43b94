// Logins from an application's own page, in Chromium: auth0.js and Lock, the login widget.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { browse, bundle, fillIn, library, serve } from "./chromium.mjs";
import { Client, Skip } from "./checks.mjs";
import * as place from "./place.mjs";

const { CLIENT_ID, CONNECTION, DOMAIN, ISSUER } = place;

/** Lock as one script: it is published in parts, for bundlers. */
function lockBundle() {
  // Its auth0.js says that it is an ES module, and is none.
  const plain = {
    name: "plain",
    setup: (bundler) =>
      bundler.onLoad({ filter: /auth0-js[/\\]dist[/\\].*\.js$/ }, ({ path }) => ({
        contents: `const module = { exports: {} }, { exports } = module;\n${readFileSync(path, "utf8")}\nexport default module.exports;`,
      })),
  };
  const entry = 'import { Auth0Lock, Auth0LockPasswordless } from "auth0-lock"; Object.assign(globalThis, { Auth0Lock, Auth0LockPasswordless });';
  return bundle(entry, { mainFields: ["browser", "main"], plugins: [plain] });
}

/** A page of the application, with a browser that shows it. */
async function open(script) {
  const base = await serve({ "/script.js": script }, '<!DOCTYPE html><title>app</title><body><script src="/script.js"></script>');
  return { base, ...(await browse()) };
}

async function auth0Js() {
  const { check } = new Client("auth0-js", "auth0", "Chromium");
  const ada = await place.person("auth0-js");
  const { base, browser, page } = await open(library("auth0-js/dist/auth0.min.js"));
  const settings = { domain: DOMAIN, clientID: CLIENT_ID, redirectUri: `${base}/cb`, responseType: "token id_token", scope: "openid email profile" };
  const start = () =>
    page.evaluate((settings) => {
      globalThis.web = new auth0.WebAuth(settings);
      globalThis.ask = (call) => new Promise((resolve) => call((error, said) => resolve({ error, said })));
    }, settings);
  const fresh = async () => {
    await browser.clearCookies();
    await page.goto(base);
    await start();
  };
  const arrived = async () => {
    await page.waitForURL(`${base}/cb**`);
    await start();
    const { error, said } = await page.evaluate(() => ask((done) => web.parseHash(done)));
    assert.ok(said, JSON.stringify(error));
    return said.idTokenPayload.email;
  };
  try {
    await check("GET /authorize", "authorize and parseHash: tokens in the fragment, valid by nonce and state", async () => {
      await fresh();
      await page.evaluate(() => void web.authorize());
      await page.waitForURL(`${ISSUER}**`);
      await fillIn(page, ada);
      assert.equal(await arrived(), ada.email);
    });
    await check("GET /authorize", "checkSession: prompt=none by web_message, tokens in the message", async () => {
      const { said } = await page.evaluate(() => ask((done) => web.checkSession({}, done)));
      assert.equal(said.idTokenPayload.email, ada.email);
    });
    await check("GET /v2/logout", "after logout checkSession is told login_required", async () => {
      await page.evaluate((returnTo) => void web.logout({ returnTo }), `${base}/bye`);
      await page.waitForURL(`${base}/bye`);
      await start();
      const { error } = await page.evaluate(() => ask((done) => web.checkSession({}, done)));
      assert.equal(error.code, "login_required");
    });
    for (const [endpoint, of, name] of [
      ["POST /usernamepassword/challenge", "client", "getChallenge"],
      ["POST /dbconnections/signup/challenge", "dbConnection", "getSignupChallenge"],
      ["POST /dbconnections/change_password/challenge", "dbConnection", "getPasswordResetChallenge"],
      ["POST /passwordless/challenge", "passwordless", "getChallenge"],
    ]) {
      await check(endpoint, `${name}: whether a captcha is due`, async () => {
        if (!place.MOCK) throw new Skip("a tenant answers its own pages only");
        const { said } = await page.evaluate(
          ([settings, of, name]) => {
            const { client } = new auth0.WebAuth({ ...settings, state: "of a page" });
            return ask((done) => (client[of] ?? client)[name](done));
          },
          [settings, of, name],
        );
        assert.equal(typeof said.required, "boolean");
      });
    }
    const login = ({ email, password }) =>
      page.evaluate(([realm, username, password]) => ask((done) => web.login({ realm, username, password }, done)), [CONNECTION, email, password]);
    await check("POST /co/authenticate", "login: a password typed on the application's page gives a ticket, which /authorize takes", async () => {
      await fresh();
      // The page goes away while it logs in.
      void login(ada).catch(() => undefined);
      assert.equal(await arrived(), ada.email);
    });
    await check("POST /co/authenticate", "a wrong password is told there: access_denied", async () => {
      await fresh();
      const { error } = await login({ ...ada, password: "wrong" });
      assert.deepEqual([error.code, error.description], ["access_denied", "Wrong email or password."]);
    });
    await check("POST /co/authenticate", "popup.loginWithCredentials: by ticket in a hidden frame, without leaving the page", async () => {
      await fresh();
      const { said } = await page.evaluate(
        ([connection, username, password]) => ask((done) => web.popup.loginWithCredentials({ connection, username, password }, done)),
        [CONNECTION, ada.email, ada.password],
      );
      assert.equal(said.idTokenPayload.email, ada.email);
    });
    const eve = place.address("auth0-js-passwordless");
    await check("POST /passwordless/start", "passwordlessStart mails a code, with which passwordlessLogin logs in", async () => {
      await fresh();
      const { error } = await page.evaluate((email) => ask((done) => web.passwordlessStart({ connection: "email", send: "code", email }, done)), eve);
      assert.ok(!error, JSON.stringify(error));
      const { token } = await place.mail(eve);
      await page.evaluate(([email, verificationCode]) => void web.passwordlessLogin({ connection: "email", email, verificationCode }, () => undefined), [eve, token]);
      assert.equal(await arrived(), eve);
    });
    await check("POST /passwordless/verify", "passwordlessVerify looks at a code and follows its redirect", async () => {
      await fresh();
      await page.evaluate((email) => ask((done) => web.passwordlessStart({ connection: "email", send: "code", email }, done)), eve);
      const { token } = await place.mail(eve);
      await page.evaluate(([email, verificationCode]) => void web.passwordlessVerify({ connection: "email", email, verificationCode }, () => undefined), [eve, token]);
      assert.equal(await arrived(), eve);
    });
  } finally {
    await browser.close();
  }
}

async function lock() {
  const { check } = new Client("auth0-lock", "auth0", "Chromium");
  const ada = await place.person("lock");
  const { base, browser, page } = await open(await lockBundle());
  const show = (options = {}, kind = "Auth0Lock") =>
    page.evaluate(
      ([kind, clientId, domain, options]) => {
        globalThis.told = {};
        const lock = new globalThis[kind](clientId, domain, options);
        for (const event of ["authenticated", "authorization_error"]) lock.on(event, (what) => (told[event] = what.idTokenPayload ?? what));
        lock.show();
      },
      [kind, CLIENT_ID, DOMAIN, { auth: { redirectUrl: `${base}/cb`, responseType: "token id_token", params: { scope: "openid email" } }, rememberLastLogin: false, ...options }],
    );
  const fresh = async (...more) => {
    await browser.clearCookies();
    await page.goto(base);
    await show(...more);
    await page.waitForSelector("input[name=email]");
  };
  const told = async (event) => {
    await page.waitForFunction((event) => told[event], event);
    return page.evaluate((event) => told[event], event);
  };
  const type = async ({ email, password }) => {
    await page.fill("input[name=email]", email);
    await page.fill("input[name=password]", password);
    await page.click("button[type=submit]");
  };
  const arrived = async () => {
    await page.waitForURL(`${base}/cb**`);
    await show();
    return (await told("authenticated")).email;
  };
  try {
    await check("GET /client/{name}", "the widget finds the application's connections and logs in with a password", async () => {
      await fresh();
      await type(ada);
      assert.equal(await arrived(), ada.email);
    });
    await check("POST /co/authenticate", "the widget says that a password is wrong", async () => {
      await fresh();
      await type({ ...ada, password: "wrong" });
      assert.equal((await told("authorization_error")).code, "invalid_user_password");
    });
    await check("POST /dbconnections/signup", "whoever signs up in the widget is logged in", async () => {
      const eve = { email: place.address("lock-signup"), password: place.password() };
      await fresh({ initialScreen: "signUp" });
      await type(eve);
      assert.equal(await arrived(), eve.email);
    });
    await check("POST /passwordless/start", "Lock Passwordless logs in with a mailed code", async () => {
      const eve = place.address("lock-passwordless");
      await fresh({ passwordlessMethod: "code", allowedConnections: ["email"] }, "Auth0LockPasswordless");
      await page.fill("input[name=email]", eve);
      await page.click("button[type=submit]");
      await page.waitForSelector("input[name=vcode]");
      const { token } = await place.mail(eve);
      await page.fill("input[name=vcode]", token);
      await page.click("button[type=submit]");
      assert.equal(await arrived(), eve);
    });
  } finally {
    await browser.close();
  }
}

await new Client("auth0-js", "auth0", "Chromium").run(auth0Js, lock);
