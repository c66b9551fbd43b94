// Stytch's SDK for browsers against a consumer project: the halves of what it does in one, and what people
// have that is not a login.
import assert from "node:assert/strict";
import stytch from "stytch";
import { Client, later, refused } from "./checks.mjs";
import * as place from "./place.mjs";
import { application, patiently, totp } from "./stytch_pages.mjs";

const api = new stytch.Client({ project_id: place.PROJECT_ID, secret: place.SECRET, custom_base_url: place.STYTCH_URL });
const hour = { session_duration_minutes: 60 };

const flows = (folder, name) => {
  const { check } = new Client(folder, "stytch", "Chromium");
  const major = folder.endsWith("v5") ? "five" : "six";

  async function personFor(name) {
    const person = { email: place.address(`${major}-${name}`), password: place.password() };
    const { user_id } = await api.passwords.create(person);
    later(`Stytch user ${user_id}`, () => api.users.delete({ user_id }));
    return { ...person, user_id };
  }

  return [
    async function whatPeopleHave() {
      const { page, open, inside, close } = await application(folder, "index.headless", name);
      const { email, user_id } = await personFor("things");
      const sent = (path) => page.waitForResponse((answer) => answer.url().endsWith(path) && answer.request().method() === "POST");
      try {
        const told = sent("/sdk/v1/events");
        await open();
        await check("POST /sdk/v1/passwords/email/reset/start", "a mail to set a new password tells the page nothing else", async () => {
          const told = await inside((client, email) => client.passwords.resetByEmailStart({ email }), email);
          assert.deepEqual(Object.keys(told).sort(), ["request_id", "status_code"]);
        });
        await check("POST /sdk/v1/otps/email/login_or_create", "an address is mailed a code, and the page keeps its id", async () => {
          const { method_id } = await patiently(() => inside((client, email) => client.otps.email.loginOrCreate(email), email));
          const { token } = await place.mail(email);
          const got = await inside((client, [code, id]) => client.otps.authenticate(code, id, { session_duration_minutes: 60 }), [token, method_id]);
          assert.equal(got.user_id, user_id);
        });
        await check("POST /sdk/v1/events", "what the SDK tells of itself is taken", async () => assert.equal((await told).status(), 200));
        const made = await check("POST /sdk/v1/totps", "an authenticator app is added", async () => {
          const made = await inside((client) => client.totps.create({ expiration_minutes: 60 }));
          await inside((client, totp_code) => client.totps.authenticate({ totp_code, session_duration_minutes: 60 }), totp(made.secret));
          return made;
        });
        await check("POST /sdk/v1/totps/recovery_codes", "its recovery codes are read", async () => {
          const { totps } = await inside((client) => client.totps.recoveryCodes());
          assert.deepEqual([totps[0].totp_id, totps[0].recovery_codes], [made.totp_id, made.recovery_codes]);
        });
        await check("DELETE /sdk/v1/users/totps/{id}", "and it is taken away", async () => {
          await inside((client, id) => client.user.deleteTOTP(id), made.totp_id);
          assert.deepEqual((await api.users.get({ user_id })).totps, []);
        });
        await check("DELETE /sdk/v1/users/biometric_registrations/{id}", "nobody has a biometric registration: 404", () =>
          refused({ status_code: 404, error_type: "biometric_registration_not_found" }, () => inside((client, id) => client.user.deleteBiometricRegistration(id), "biometric-registration-test-81bf03a8-86e1-4d95-bd44-bb3495224953")));
        await check("DELETE /sdk/v1/users/crypto_wallets/{id}", "nor a wallet: 404", () =>
          refused({ status_code: 404, error_type: "crypto_wallet_not_found" }, () => inside((client, id) => client.user.deleteCryptoWallet(id), "crypto-wallet-test-81bf03a8-86e1-4d95-bd44-bb3495224953")));
        await check("POST /sdk/v1/sessions/exchange_access_token", "an access token that no Connected App has is refused with 404", () =>
          refused({ error_type: "idp_access_token_not_found", status_code: 404 }, () => inside((client, one) => client.session.exchangeAccessToken(one), { access_token: "no.such.token", ...hour })));
        await inside((client) => client.session.revoke());
        await check("POST /sdk/v1/impersonation/authenticate", "a token of the dashboard logs in as somebody else", async () => {
          const impersonation_token = await place.impersonation(user_id);
          const got = await inside((client, one) => client.impersonation.authenticate(one), { impersonation_token });
          assert.deepEqual([got.user_id, got.session.authentication_factors[0].type], [user_id, "impersonated"]);
        });
      } finally {
        await close();
      }
    },

    async function halvesOfAPasskey() {
      const { page, open, inside, close } = await application(folder, "index.headless", name);
      const { email, password, user_id } = await personFor("halves");
      const sent = async (path, act) => {
        const answered = page.waitForResponse((answer) => answer.url().endsWith(path) && answer.request().method() === "POST");
        await inside(act);
        const { data } = await (await answered).json();
        return data;
      };
      try {
        await open();
        const devices = await page.context().newCDPSession(page);
        await devices.send("WebAuthn.enable");
        const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
        await devices.send("WebAuthn.addVirtualAuthenticator", { options });
        const logIn = () => inside((client, one) => client.passwords.authenticate(one), { email, password, ...hour });
        await logIn();
        await check("POST /sdk/v1/webauthn/register/start", "a page is told what to make a passkey of", async () => {
          const told = await sent("/webauthn/register/start", (client) => client.webauthn.register({ is_passkey: true, session_duration_minutes: 60 }));
          assert.equal(told.user_id, user_id);
          assert.equal(typeof JSON.parse(told.public_key_credential_creation_options).challenge, "string");
        });
        await check("POST /sdk/v1/webauthn/authenticate/start/secondary", "whoever is logged in proves their passkey beside the password", async () => {
          await inside((client) => client.session.revoke());
          await logIn();
          const told = await sent("/webauthn/authenticate/start/secondary", (client) => client.webauthn.authenticate({ session_duration_minutes: 60 }));
          assert.equal(JSON.parse(told.public_key_credential_request_options).allowCredentials.length, 1);
        });
        await check("POST /sdk/v1/webauthn/authenticate/start/primary", "whoever is not is asked for any passkey", async () => {
          await inside((client) => client.session.revoke());
          const told = await sent("/webauthn/authenticate/start/primary", (client) => client.webauthn.authenticate({ session_duration_minutes: 60, is_passkey: true }));
          assert.equal(typeof JSON.parse(told.public_key_credential_request_options).challenge, "string");
        });
        const domain = await page.evaluate(() => location.hostname);
        await check("POST /v1/webauthn/register/start", "a server begins a passkey for its user", async () => {
          const told = await api.webauthn.registerStart({ user_id, domain, return_passkey_credential_options: true });
          assert.equal(JSON.parse(told.public_key_credential_creation_options).rp.id, domain);
        });
        await check("POST /v1/webauthn/authenticate/start", "and asks for one", async () => {
          const told = await api.webauthn.authenticateStart({ user_id, domain });
          assert.equal(JSON.parse(told.public_key_credential_request_options).allowCredentials.length, 1);
        });
        await check("PUT /v1/webauthn/{webauthn_registration_id}", "which has a name of the server's choice", async () => {
          const { webauthn_registrations } = await api.users.get({ user_id });
          const [{ webauthn_registration_id }] = webauthn_registrations;
          await api.webauthn.update({ webauthn_registration_id, name: "key" });
          assert.equal((await api.users.get({ user_id })).webauthn_registrations[0].name, "key");
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
