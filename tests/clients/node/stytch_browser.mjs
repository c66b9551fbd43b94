// Stytch's SDK for browsers against a consumer project: logins in a page, sessions in its cookies,
// and sessions of Auth0 that a server migrated and hands over.
import assert from "node:assert/strict";
import stytch from "stytch";
import { Client, Skip, later, refused } from "./checks.mjs";
import * as place from "./place.mjs";
import { application, patiently, totp } from "./stytch_pages.mjs";

const api = new stytch.Client({ project_id: place.PROJECT_ID, secret: place.SECRET, custom_base_url: place.STYTCH_URL });
const forget = (user_id) => later(`Stytch user ${user_id}`, () => api.users.delete({ user_id }));
const minutes = { session_duration_minutes: 60 };

const flows = (folder, name) => {
  const { check } = new Client(folder, "stytch", "Chromium");
  const major = folder.endsWith("v5") ? "five" : "six";
  const address = (name) => place.address(`${major}-${name}`);
  const app = (custom) => application(folder, "index.headless", name, custom);

  return [
    async function aPersonSignsUpAndStays() {
      const { base, open, page, inside, cookies, close } = await app();
      const ada = { email: address("ada"), password: place.password() };
      try {
        await open();
        await check("GET /sdk/v1/projects/bootstrap/{public_token}", "a page is told of the project", async () => {
          const told = await inside(async (client) => ({ ...(await client[Symbol.for("stytch__internal_b2c")].bootstrap.getAsync()) }));
          assert.deepEqual([told.vertical ?? "CONSUMER", told.captchaSettings.enabled, told.runDFPProtectedAuth], ["CONSUMER", false, false]);
        });
        await check("POST /sdk/v1/sessions/authenticate", "nobody is logged in at first", () =>
          refused({ error_type: "user_unauthenticated", status_code: 401 }, () => inside((client) => client.session.authenticate())));
        const made = await check("POST /sdk/v1/passwords", "a sign-up logs in, and its session is in the page's cookies", async () => {
          const made = await inside((client, ada) => client.passwords.create({ ...ada, session_duration_minutes: 60 }), ada);
          const { stytch_session, stytch_session_jwt } = await cookies();
          assert.deepEqual([stytch_session, stytch_session_jwt], [made.session_token, made.session_jwt]);
          assert.equal(made.__user, undefined);
          return made;
        });
        forget(made.user_id);
        await check("POST /v1/sessions/authenticate", "the page's cookie is a session for the server", async () => {
          const { stytch_session } = await cookies();
          assert.equal((await api.sessions.authenticate({ session_token: stytch_session })).user.user_id, made.user_id);
        });
        await check("POST /sdk/v1/sessions/authenticate", "a page that is loaded again is still logged in, and renews its session", async () => {
          await open();
          const before = await inside((client) => client.session.getSync());
          assert.equal(before.session_id, made.session.session_id);
          const { session } = await inside((client) => client.session.authenticate({ session_duration_minutes: 120 }));
          assert.ok(new Date(session.expires_at) > new Date(before.expires_at));
        });
        await check("GET /sdk/v1/users/me", "the person reads their own profile", async () =>
          assert.equal((await inside((client) => client.user.get())).emails[0].email, ada.email));
        await check("PUT /sdk/v1/users/me", "the person changes their own name and untrusted metadata", async () => {
          await inside((client) => client.user.update({ name: { first_name: "Ada" }, untrusted_metadata: { theme: "dark" } }));
          const user = await api.users.get({ user_id: made.user_id });
          assert.deepEqual([user.name.first_name, user.untrusted_metadata.theme], ["Ada", "dark"]);
        });
        await check("PUT /sdk/v1/users/me", "trusted metadata is not for browsers", () =>
          refused({ error_type: "cannot_update_trusted_metadata", status_code: 401 }, () =>
            inside((client) => client.user.update({ trusted_metadata: { plan: "pro" } }))));
        await check("POST /sdk/v1/sessions/revoke", "a logout ends the session everywhere and clears the cookies", async () => {
          const { stytch_session } = await cookies();
          await inside((client) => client.session.revoke());
          assert.deepEqual([(await cookies()).stytch_session, await inside((client) => client.session.getSync())], [undefined, null]);
          await refused({ error_type: "session_not_found" }, () => api.sessions.authenticate({ session_token: stytch_session }));
        });
        await check("POST /sdk/v1/passwords/authenticate", "a wrong password is refused as the SDK's own error", () =>
          refused({ name: "StytchAPIError", error_type: "unauthorized_credentials", status_code: 401 }, () =>
            inside((client, { email }) => client.passwords.authenticate({ email, password: "wrong", session_duration_minutes: 60 }), ada)));
        await check("POST /sdk/v1/passwords/authenticate", "the right one logs in", async () => {
          const got = await inside((client, ada) => client.passwords.authenticate({ ...ada, session_duration_minutes: 60 }), ada);
          assert.equal(got.user.user_id, made.user_id);
        });
        await check("POST /sdk/v1/sessions/authenticate", "a session that the server revoked is forgotten by the page", async () => {
          await api.sessions.revoke({ session_token: (await cookies()).stytch_session });
          await refused({ error_type: "session_not_found", status_code: 404 }, () => inside((client) => client.session.authenticate()));
          assert.equal((await cookies()).stytch_session, undefined);
        });
        await check("POST /sdk/v1/passwords/strength_check", "a weak password is told by the project's rule", async () => {
          const told = await inside((client) => client.passwords.strengthCheck({ password: "short" }));
          assert.equal(told.valid_password, false);
        });
        await check("POST /sdk/v1/passwords/email/reset", "a mailed reset sets a password and logs in", async () => {
          await inside((client, { email }) => client.passwords.resetByEmailStart({ email }), ada);
          const { token } = await place.mail(ada.email);
          ada.password = place.password();
          const got = await inside((client, [token, password]) => client.passwords.resetByEmail({ token, password, session_duration_minutes: 60 }), [token, ada.password]);
          assert.equal(got.user.user_id, made.user_id);
        });
        await check("POST /sdk/v1/passwords/existing_password/reset", "the old password replaces itself", async () => {
          const old = ada.password;
          ada.password = place.password();
          const got = await inside(
            (client, [email, existing_password, new_password]) =>
              client.passwords.resetByExistingPassword({ email, existing_password, new_password, session_duration_minutes: 60 }),
            [ada.email, old, ada.password],
          );
          assert.equal(got.user.user_id, made.user_id);
        });
        await check("POST /sdk/v1/passwords/session/reset", "a fresh session sets a password", async () => {
          ada.password = place.password();
          const got = await inside((client, password) => client.passwords.resetBySession({ password, session_duration_minutes: 60 }), ada.password);
          assert.equal(got.user.user_id, made.user_id);
        });
        await check("GET /v1/public/oauth/{provider}/start", "a social login leads back to the page, which authenticates by its address", async () => {
          await inside((client) => client.session.revoke());
          await inside(
            (client, [login_redirect_url, login_hint]) => client.oauth.google.start({ login_redirect_url, signup_redirect_url: login_redirect_url, provider_params: { login_hint } }),
            [`${base}/back`, ada.email],
          );
          await page.waitForURL(`${base}/back**`);
          const { searchParams } = new URL(page.url());
          assert.equal(searchParams.get("stytch_token_type"), "oauth");
          await open(`/back?${searchParams}`);
          const got = await inside((client, token) => client.oauth.authenticate(token, { session_duration_minutes: 60 }), searchParams.get("token"));
          assert.deepEqual([got.user.user_id, got.session.user_id], [made.user_id, made.user_id]);
        });
        await check("GET /v1/public/oauth/{provider}/start", "where the page does not know who comes, the provider asks them", async () => {
          await inside((client) => client.session.revoke());
          await inside((client, url) => client.oauth.google.start({ login_redirect_url: url, signup_redirect_url: url }), `${base}/back`);
          await page.locator("input[type=email]").fill(ada.email);
          await page.getByText("Continue").click();
          await page.waitForURL(`${base}/back**`);
        });
      } finally {
        await close();
      }
    },

    async function linksAndCodes() {
      const { open, inside, close, cookies } = await app(true);
      const bob = address("bob");
      try {
        await open();
        await check("POST /sdk/v1/magic_links/email/login_or_create", "a new address is mailed a link, and nothing else is told", async () => {
          const told = await patiently(() => inside((client, email) => client.magicLinks.email.loginOrCreate(email), bob));
          assert.deepEqual(Object.keys(told).sort(), ["request_id", "status_code"]);
        });
        const { token } = await place.mail(bob);
        const got = await check("POST /sdk/v1/magic_links/authenticate", "the link logs in", () =>
          inside((client, token) => client.magicLinks.authenticate(token, { session_duration_minutes: 60 }), token));
        forget(got.user_id);
        await check("POST /sdk/v1/magic_links/authenticate", "a link is good once", async () => {
          await refused({ name: "StytchAPIError", error_type: "unable_to_auth_magic_link", status_code: 401 }, () =>
            inside((client, token) => client.magicLinks.authenticate(token, { session_duration_minutes: 60 }), token));
        });
        await check("POST /sdk/v1/magic_links/email/send/secondary", "whoever is logged in adds an address", async () => {
          const second = address("second");
          await patiently(() => inside((client, email) => client.magicLinks.email.send(email), second));
          const { token } = await place.mail(second);
          const { user } = await inside((client, token) => client.magicLinks.authenticate(token, { session_duration_minutes: 60 }), token);
          assert.deepEqual([user.user_id, user.emails.length], [got.user_id, 2]);
        });
        await check("DELETE /sdk/v1/users/emails/{id}", "an address of one's own is taken away", async () => {
          const [first, second] = (await inside((client) => client.user.get())).emails;
          const extra = first.email === bob ? second : first;
          const { user } = await inside((client, id) => client.user.deleteEmail(id).then(() => ({ user: client.user.getSync() })), extra.email_id);
          assert.deepEqual(user.emails.map(({ email }) => email), [bob]);
        });
        await check("DELETE /sdk/v1/users/emails/{id}", "another person's is not found", async () => {
          const other = await api.users.create({ email: address("other") });
          forget(other.user_id);
          await refused({ name: "StytchAPIError", status_code: 404 }, () => inside((client, id) => client.user.deleteEmail(id), other.email_id));
          assert.equal((await api.users.get({ user_id: other.user_id })).emails.length, 1);
        });
        await check("POST /sdk/v1/totps/authenticate", "an authenticator app becomes a second factor", async () => {
          const { secret } = await inside((client) => client.totps.create({ expiration_minutes: 60 }));
          const got = await inside((client, totp_code) => client.totps.authenticate({ totp_code, session_duration_minutes: 60 }), totp(secret));
          assert.ok(got.session.authentication_factors.some(({ type }) => type === "totp"));
        });
        await check("POST /sdk/v1/totps/recover", "a recovery code stands in", async () => {
          const { totps } = await inside((client) => client.totps.recoveryCodes());
          const [recovery_code] = totps[0].recovery_codes;
          const got = await inside((client, recovery_code) => client.totps.recover({ recovery_code, session_duration_minutes: 60 }), recovery_code);
          assert.equal(got.user_id, (await api.users.get({ user_id: got.user_id })).user_id);
        });
        await check("POST /sdk/v1/otps/authenticate", "a mailed code logs in", async () => {
          await inside((client) => client.session.revoke());
          const { method_id, ...rest } = await patiently(() => inside((client, email) => client.otps.email.loginOrCreate(email), bob));
          assert.deepEqual(Object.keys(rest).sort(), ["request_id", "status_code"]);
          const { token: code } = await place.mail(bob);
          const again = await inside((client, [code, method]) => client.otps.authenticate(code, method, { session_duration_minutes: 60 }), [code, method_id]);
          assert.equal(again.user_id, got.user_id);
        });
        await check("POST /sdk/v1/otps/authenticate", "a wrong code is refused", async () => {
          const { method_id } = await patiently(() => inside((client, email) => client.otps.email.loginOrCreate(email), bob));
          const { token: code } = await place.mail(bob);
          const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, "0");
          await refused({ name: "StytchAPIError", error_type: "otp_code_not_found" }, () =>
            inside((client, [code, method]) => client.otps.authenticate(code, method, { session_duration_minutes: 60 }), [wrong, method_id]));
        });
        await check("POST /sdk/v1/otps/{medium}/send/secondary", "whoever is logged in proves a telephone number", async () => {
          const number = `+1${String(Date.now()).slice(-10).replace(/^0/, "2")}`;
          const { method_id } = await patiently(() => inside((client, number) => client.otps.sms.send(number), number));
          const { token: code } = await place.mail(number);
          const { user } = await inside((client, [code, method]) => client.otps.authenticate(code, method, { session_duration_minutes: 60 }), [code, method_id]);
          assert.deepEqual([user.user_id, user.phone_numbers.length], [got.user_id, 1]);
        });
        await check("POST /sdk/v1/users/search", "a login page is told how to greet an address", async () => {
          const kind = (email) => inside((client, email) => client[Symbol.for("stytch__internal_b2c")].searchManager.searchUser(email).then((told) => told.userType), email);
          assert.deepEqual([await kind(bob), await kind(address("nobody"))], ["passwordless", "new"]);
        });
        assert.ok((await cookies()).stytch_session);
      } finally {
        await close();
      }
    },

    async function stytchsOwnForm() {
      const { base, page, open, form, cookies, close } = await application(folder, "index", "StytchUIClient");
      const [eve, links] = [address("eve"), { loginRedirectURL: base, signupRedirectURL: base }];
      const config = { emailMagicLinksOptions: links, passwordOptions: { loginRedirectURL: base, resetPasswordRedirectURL: base }, sessionOptions: { sessionDurationMinutes: 60 } };
      try {
        await check("POST /sdk/v1/passwords", "Stytch's own login form signs a person up", async () => {
          await open();
          await form(["emailMagicLinks", "passwords"], config);
          await page.locator("input[type=email]").first().fill(eve);
          await page.keyboard.press("Enter");
          const judged = page.waitForResponse(/strength_check$/);
          await page.locator("input[type=password]").first().fill(place.password());
          await judged;
          const made = page.waitForResponse(/passwords$/);
          await page.getByText(/^(Continue|Create account)$/i).last().click();
          const { data } = await (await made).json();
          forget(data.user_id);
          await page.getByText(/success/i).first().waitFor();
          assert.equal((await cookies()).stytch_session, data.session_token);
        });
      } finally {
        await close();
      }
    },

    async function otherWaysIn() {
      const { base, page, open, inside, close } = await app();
      const cleo = address("cleo");
      const number = `+1415555${major === "six" ? "0111" : "0112"}`;
      const { user_id } = await api.users.create({ email: cleo });
      forget(user_id);
      const typed = async (to, method_id) => {
        const { token: code } = await place.mail(to);
        return inside((client, [code, method]) => client.otps.authenticate(code, method, { session_duration_minutes: 60 }), [code, method_id]);
      };
      try {
        await open();
        await check("POST /sdk/v1/magic_links/email/send/primary", "a known address is mailed a link, and the page reads it from its address", async () => {
          await patiently(() => inside((client, [email, url]) => client.magicLinks.email.send(email, { login_magic_link_url: url }), [cleo, `${base}/hello`]));
          const { link } = await place.mail(cleo);
          await open(new URL(link).pathname + new URL(link).search);
          const got = await inside((client) => {
            const query = new URLSearchParams(location.search);
            return client.magicLinks.authenticate(query.get("token"), { session_duration_minutes: 60 });
          });
          assert.equal(got.user_id, user_id);
        });
        await check("POST /sdk/v1/otps/email/send/secondary", "whoever is logged in proves their address again", async () => {
          const { method_id } = await patiently(() => inside((client, email) => client.otps.email.send(email), cleo));
          assert.equal((await typed(cleo, method_id)).user_id, user_id);
        });
        await check("POST /sdk/v1/oauth/attach", "whoever is logged in ties a social login to themselves", async () => {
          const { oauth_attach_token } = await inside((client) => client.oauth.attach("github"));
          await inside(
            (client, [login_redirect_url, login_hint, oauth_attach_token]) =>
              client.oauth.github.start({ login_redirect_url, signup_redirect_url: login_redirect_url, oauth_attach_token, provider_params: { login_hint } }),
            [`${base}/back`, address("elsewhere"), oauth_attach_token],
          );
          await page.waitForURL(`${base}/back**`);
          await open(new URL(page.url()).pathname + new URL(page.url()).search);
        });
        await check("POST /sdk/v1/oauth/authenticate", "and logs in by it", async () => {
          const got = await inside((client) => client.oauth.authenticate(new URLSearchParams(location.search).get("token"), { session_duration_minutes: 60 }));
          assert.deepEqual([got.user_id, got.session.user_id], [user_id, user_id]);
        });
        await check("DELETE /sdk/v1/users/oauth/{id}", "the tie is cut", async () => {
          const { providers } = await inside((client) => client.user.get());
          await inside((client, id) => client.user.deleteOAuthRegistration(id), providers[0].oauth_user_registration_id);
          assert.deepEqual((await inside((client) => client.user.getSync())).providers, []);
        });
        await check("POST /sdk/v1/sessions/attest", "a token of a trusted issuer becomes a session in the page", async () => {
          if (!place.PROFILE_ID) throw new Skip("STYTCH_TRUSTED_TOKEN_PROFILE names no profile");
          await inside((client) => client.session.revoke());
          const ada = await place.person(`${major}-attest`);
          forget((await api.users.create({ email: ada.email })).user_id);
          const { id_token } = await place.login(ada);
          const got = await inside((client, [profile_id, token]) => client.session.attest({ profile_id, token, session_duration_minutes: 60 }), [place.PROFILE_ID, id_token]);
          assert.equal(got.session.authentication_factors[0].type, "trusted_auth_token");
        });
        await check("GET /sdk/v1/users/connected_apps", "nobody has let an app in", async () =>
          assert.deepEqual((await inside((client) => client.user.getConnectedApps())).connected_apps, []));
        await inside((client) => client.session.revoke());
        await check("POST /sdk/v1/otps/email/send/primary", "a known address is mailed a code", async () => {
          const { method_id } = await patiently(() => inside((client, email) => client.otps.email.send(email), cleo));
          assert.equal((await typed(cleo, method_id)).user_id, user_id);
        });
        await check("POST /sdk/v1/otps/email/send/primary", "an unknown one is not", async () => {
          await inside((client) => client.session.revoke());
          await refused({ error_type: "email_not_found", status_code: 404 }, () => inside((client, email) => client.otps.email.send(email), address("nobody")));
        });
        await check("POST /sdk/v1/otps/{medium}/login_or_create", "a new number signs up by a texted code", async () => {
          const { method_id } = await inside((client, number) => client.otps.sms.loginOrCreate(number), number);
          const got = await typed(number, method_id);
          forget(got.user_id);
          assert.equal(got.user.phone_numbers[0].phone_number, number);
        });
        await check("DELETE /sdk/v1/users/phone_numbers/{id}", "the last way in is not taken away", async () => {
          const { phone_numbers } = await inside((client) => client.user.get());
          await refused({ name: "StytchAPIError", status_code: 400 }, () => inside((client, id) => client.user.deletePhoneNumber(id), phone_numbers[0].phone_id));
        });
        await check("POST /sdk/v1/otps/{medium}/send/primary", "a known number logs in by WhatsApp", async () => {
          await inside((client) => client.session.revoke());
          const { method_id } = await patiently(() => inside((client, number) => client.otps.whatsapp.send(number), number));
          const got = await typed(number, method_id);
          assert.equal(got.session.authentication_factors[0].delivery_method, "whatsapp");
        });
      } finally {
        await close();
      }
    },

    async function passkeys() {
      const { page, open, inside, close } = await app();
      const fay = { email: address("fay"), password: place.password() };
      const domain = "localhost";
      const { user_id } = await api.passwords.create(fay);
      forget(user_id);
      /** A ceremony that a server began, in the page. */
      const makeThere = (options) =>
        page.evaluate(async (publicKey) => {
          const made = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) });
          return JSON.stringify(made.toJSON());
        }, JSON.parse(options));
      const signThere = (options) =>
        page.evaluate(async (publicKey) => {
          const signed = await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey) });
          return JSON.stringify(signed.toJSON());
        }, JSON.parse(options));
      try {
        await open();
        const devices = await page.context().newCDPSession(page);
        await devices.send("WebAuthn.enable");
        const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
        await devices.send("WebAuthn.addVirtualAuthenticator", { options });
        await inside((client, fay) => client.passwords.authenticate({ ...fay, session_duration_minutes: 60 }), fay);
        const made = await check("POST /sdk/v1/webauthn/register", "whoever is logged in makes a passkey, which joins the session", async () => {
          const made = await inside((client) => client.webauthn.register({ is_passkey: true, session_duration_minutes: 60 }));
          assert.ok(made.session.authentication_factors.some(({ type }) => type === "webauthn"));
          assert.equal(made.user.webauthn_registrations[0].domain, domain);
          return made;
        });
        await check("POST /sdk/v1/webauthn/authenticate", "the passkey alone logs in", async () => {
          await inside((client) => client.session.revoke());
          const got = await inside((client) => client.webauthn.authenticate({ is_passkey: true, session_duration_minutes: 60 }));
          assert.deepEqual([got.user_id, got.session.authentication_factors.length], [user_id, 1]);
        });
        await check("PUT /sdk/v1/webauthn/update/{id}", "and gets a name", async () => {
          const { webauthn_registration } = await inside((client, id) => client.webauthn.update({ webauthn_registration_id: id, name: "laptop" }), made.webauthn_registration_id);
          assert.equal(webauthn_registration.name, "laptop");
        });
        await check("GET /v1/webauthn/credentials/{user_id}/{domain}", "the server lists it", async () => {
          const { credentials } = await api.webauthn.listCredentials({ user_id, domain });
          assert.equal(credentials[0].webauthn_registration_id, made.webauthn_registration_id);
        });
        await check("POST /v1/webauthn/authenticate", "a ceremony of the server's own logs in", async () => {
          const { public_key_credential_request_options } = await api.webauthn.authenticateStart({ user_id, domain });
          const public_key_credential = await signThere(public_key_credential_request_options);
          const got = await api.webauthn.authenticate({ public_key_credential, ...minutes });
          assert.equal(got.user_id, user_id);
          await refused({ error_type: "unable_to_auth_webauthn_registration" }, () => api.webauthn.authenticate({ public_key_credential }));
        });
        await check("DELETE /sdk/v1/users/webauthn_registrations/{id}", "the passkey is taken away, and opens nothing then", async () => {
          await inside((client, id) => client.user.deleteWebauthnRegistration(id), made.webauthn_registration_id);
          await inside((client) => client.session.revoke());
          await refused({ error_type: "unable_to_auth_webauthn_registration", status_code: 401 }, () =>
            inside((client) => client.webauthn.authenticate({ is_passkey: true, session_duration_minutes: 60 })));
        });
        await check("POST /v1/webauthn/register", "a server registers what the page made, for the user whom it asked for", async () => {
          const { public_key_credential_creation_options } = await api.webauthn.registerStart({ user_id, domain });
          const public_key_credential = await makeThere(public_key_credential_creation_options);
          const other = await api.users.create({ email: address("gus") });
          forget(other.user_id);
          await refused({ error_type: "no_pending_webauthn_registration" }, () => api.webauthn.register({ user_id: other.user_id, public_key_credential }));
          const again = await api.webauthn.registerStart({ user_id, domain });
          const got = await api.webauthn.register({ user_id, public_key_credential: await makeThere(again.public_key_credential_creation_options) });
          await api.webauthn.update({ webauthn_registration_id: got.webauthn_registration_id, name: "key" });
          assert.equal((await api.users.get({ user_id })).webauthn_registrations[0].name, "key");
        });
      } finally {
        await close();
      }
    },

    async function aMigratedSessionIsHandedOver() {
      const { open, inside, close, cookies } = await app();
      const ada = await place.person(`${major}-handover`);
      const { access_token } = await place.login(ada);
      const { user_id } = await api.users.create({ email: ada.email });
      forget(user_id);
      try {
        await open();
        await check("POST /v1/sessions/migrate", "a session that a server migrated goes on in the page, by updateSession", async () => {
          const { session_token, session_jwt } = await api.sessions.migrate({ session_token: access_token, ...minutes });
          await inside((client, tokens) => client.session.updateSession(tokens), { session_token, session_jwt });
          const got = await inside((client) => client.session.authenticate({ session_duration_minutes: 60 }));
          assert.equal(got.user.user_id, user_id);
          assert.equal(got.session.authentication_factors[0].type, "imported");
          assert.equal((await cookies()).stytch_session, session_token);
        });
        await check("POST /sdk/v1/sessions/authenticate", "and is there when the page is loaded again", async () => {
          await open();
          const session = await inside((client) => client.session.getSync());
          assert.equal(session.user_id, user_id);
        });
        await check("POST /sdk/v1/passwords/authenticate", "a login beside it joins it", async () => {
          const password = place.password();
          const before = await inside((client) => client.session.getSync());
          await inside((client, password) => client.passwords.resetBySession({ password, session_duration_minutes: 60 }), password);
          const got = await inside((client, one) => client.passwords.authenticate({ ...one, session_duration_minutes: 60 }), { email: ada.email, password });
          assert.equal(got.session.session_id, before.session_id);
        });
      } finally {
        await close();
      }
    },
  ];
};

await new Client("@stytch/vanilla-js", "stytch", "Chromium").run(
  ...flows("@stytch/vanilla-js", "StytchClient"),
  ...flows("@stytch/vanilla-js-v5", "StytchHeadlessClient"),
);
