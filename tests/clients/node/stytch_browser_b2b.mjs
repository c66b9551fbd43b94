// Stytch's SDK for browsers against a B2B project: members log in in a page, find their organizations,
// prove second factors, manage members, and take over sessions of Auth0 that a server migrated.
import assert from "node:assert/strict";
import stytch from "stytch";
import { Client, Skip, later, refused } from "./checks.mjs";
import * as place from "./place.mjs";
import { HASH, PASSWORD } from "./bcrypt_hash.mjs";
import { application, patiently, totp } from "./stytch_pages.mjs";

const api = new stytch.B2BClient({ project_id: place.PROJECT_ID, secret: place.SECRET, custom_base_url: place.STYTCH_URL });

const flows = (folder, name) => {
  const { check } = new Client(folder, "stytch", "Chromium");
  const major = folder.endsWith("v5") ? "five" : "six";
  const address = (name) => place.address(`${major}-${name}`);
  const app = (custom) => application(folder, "b2b/index.headless", name, custom);

  /** A test organization; deleted, with its members, when the script ends. */
  async function organizationFor(name, more) {
    const slug = `${place.MARK}-${major}-${name}`;
    const { organization } = await api.organizations.create({ organization_name: slug, organization_slug: slug, ...more });
    const { organization_id } = organization;
    later(`organization ${slug}`, () => api.organizations.delete({ organization_id }));
    return { organization_id, slug };
  }
  const join = async (organization_id, email_address, more) =>
    (await api.organizations.members.create({ organization_id, email_address, ...more })).member_id;

  return [
    async function aMemberLogsIn() {
      const { open, inside, cookies, close } = await app();
      const { organization_id, slug } = await organizationFor("home");
      const other = await organizationFor("away");
      const email_address = address("ada");
      const { member_id } = await api.passwords.migrate({ organization_id, email_address, hash: HASH, hash_type: "bcrypt" });
      const away = await join(other.organization_id, email_address);
      const minutes = { session_duration_minutes: 60 };
      const logIn = (password) => inside((client, one) => client.passwords.authenticate(one), { organization_id, email_address, password, ...minutes });
      try {
        await open();
        await check("GET /sdk/v1/projects/bootstrap/{public_token}", "a page is told of the project and its roles", async () => {
          const told = await inside((client) => client[Symbol.for("stytch__internal_b2b")].bootstrap.getAsync());
          assert.ok(told.rbacPolicy.roles.some(({ role_id }) => role_id === "stytch_admin"));
        });
        await check("POST /sdk/v1/b2b/organizations/search", "strangers find an organization by its slug, without its members' business", async () => {
          const found = await inside((client, organization_slug) => client.organization.getBySlug({ organization_slug }), slug);
          assert.deepEqual([found.organization.organization_id, found.organization.trusted_metadata], [organization_id, undefined]);
          assert.equal((await inside((client) => client.organization.getBySlug({ organization_slug: "nowhere-at-all" }))).organization, null);
        });
        await check("POST /sdk/v1/b2b/organizations/members/search", "a login page is told how to greet an address", async () => {
          const ask = (email) => inside((client, [email, org]) => client[Symbol.for("stytch__internal_b2b")].searchManager.searchMember(email, org), [email, organization_id]);
          assert.equal((await ask(email_address)).member.status, "active");
          assert.equal((await ask(address("nobody"))).member, null);
        });
        await check("POST /sdk/v1/b2b/passwords/authenticate", "a wrong password is refused as the SDK's own error", () =>
          refused({ name: "StytchAPIError", error_type: "unauthorized_credentials", status_code: 401 }, () => logIn("wrong")));
        await check("POST /sdk/v1/b2b/passwords/authenticate", "an imported password logs in, and the session is in the page's cookies", async () => {
          const got = await logIn(PASSWORD);
          assert.deepEqual([got.member.member_id, (await cookies()).stytch_session], [member_id, got.session_token]);
        });
        await check("POST /sdk/v1/b2b/sessions/authenticate", "a page that is loaded again is still logged in", async () => {
          await open();
          const got = await inside((client) => client.session.authenticate({ session_duration_minutes: 120 }));
          assert.equal(got.member_session.member_id, member_id);
        });
        await check("GET /sdk/v1/b2b/organizations/me", "the member's organization", async () =>
          assert.equal((await inside((client) => client.organization.get())).organization_slug, slug));
        await check("GET /sdk/v1/b2b/organizations/members/me", "the member themselves", async () =>
          assert.equal((await inside((client) => client.self.get())).email_address, email_address));
        await check("PUT /sdk/v1/b2b/organizations/members/update", "a member changes their own name, but not their roles", async () => {
          await inside((client) => client.self.update({ name: "Ada", roles: ["stytch_admin"] }));
          const { member } = await api.organizations.members.get({ organization_id, member_id });
          assert.equal(member.name, "Ada");
          assert.ok(!member.roles.some(({ role_id }) => role_id === "stytch_admin"));
        });
        await check("PUT /sdk/v1/b2b/organizations/me", "whoever has no role for it changes no organization", () =>
          refused({ name: "StytchAPIError", error_type: "session_authorization_error", status_code: 403 }, () =>
            inside((client) => client.organization.update({ organization_name: "Mine" }))));
        await check("POST /sdk/v1/b2b/discovery/organizations", "the organizations of the session's address", async () => {
          const told = await inside((client) => client.discovery.organizations.list());
          assert.equal(told.discovered_organizations.length, 2);
        });
        await check("POST /sdk/v1/b2b/sessions/exchange", "the session goes on in another organization of the same person", async () => {
          const got = await inside((client, org) => client.session.exchange({ organization_id: org, session_duration_minutes: 60 }), other.organization_id);
          assert.deepEqual([got.member_id, (await cookies()).stytch_session], [away, got.session_token]);
        });
        await check("POST /sdk/v1/b2b/sessions/revoke", "a logout clears the cookies", async () => {
          await inside((client) => client.session.revoke());
          assert.equal((await cookies()).stytch_session, undefined);
        });
        await check("POST /sdk/v1/b2b/sessions/authenticate", "nobody is logged in then", () =>
          refused({ error_type: "user_unauthenticated", status_code: 401 }, () => inside((client) => client.session.authenticate())));
        await check("POST /sdk/v1/b2b/passwords/email/reset", "a mailed reset sets a password and logs in", async () => {
          await patiently(() => inside((client, whom) => client.passwords.resetByEmailStart(whom), { organization_id, email_address }));
          const { token } = await place.mail(email_address);
          const got = await inside((client, one) => client.passwords.resetByEmail(one), { password_reset_token: token, password: place.password(), ...minutes });
          assert.equal(got.member_id, member_id);
        });
        await check("POST /sdk/v1/b2b/passwords/session/reset", "a fresh session sets a password", async () => {
          const password = place.password();
          await inside((client, password) => client.passwords.resetBySession({ password }), password);
          assert.equal((await logIn(password)).member_id, member_id);
        });
      } finally {
        await close();
      }
    },

    async function anAddressFindsItsOrganizations() {
      const { open, inside, cookies, close } = await app(true);
      const { organization_id } = await organizationFor("found", { email_invites: "ALL_ALLOWED" });
      const email_address = address("finder");
      const member_id = await join(organization_id, email_address);
      try {
        await open();
        await check("POST /sdk/v1/b2b/magic_links/email/discovery/send", "an address is mailed a link", () =>
          patiently(() => inside((client, email_address) => client.magicLinks.email.discovery.send({ email_address }), email_address)));
        await check("POST /sdk/v1/b2b/magic_links/discovery/authenticate", "the link proves the address: the page keeps an intermediate session", async () => {
          const { token } = await place.mail(email_address);
          const got = await inside((client, token) => client.magicLinks.discovery.authenticate({ discovery_magic_links_token: token }), token);
          assert.equal((await cookies()).stytch_intermediate_session_token, got.intermediate_session_token);
          assert.equal(got.discovered_organizations[0].organization.organization_id, organization_id);
        });
        await check("POST /sdk/v1/b2b/discovery/intermediate_sessions/exchange", "and goes on in the organization that is chosen", async () => {
          const got = await inside((client, org) => client.discovery.intermediateSessions.exchange({ organization_id: org, session_duration_minutes: 60 }), organization_id);
          const { stytch_session, stytch_intermediate_session_token } = await cookies();
          assert.deepEqual([got.member_id, stytch_session, stytch_intermediate_session_token], [member_id, got.session_token, undefined]);
        });
        await check("POST /sdk/v1/b2b/otps/email/discovery/authenticate", "a mailed code proves the address as well", async () => {
          await inside((client) => client.session.revoke());
          await patiently(() => inside((client, email_address) => client.otps.email.discovery.send({ email_address }), email_address));
          const { token: code } = await place.mail(email_address);
          const got = await inside((client, one) => client.otps.email.discovery.authenticate(one), { email_address, code });
          assert.equal(got.email_address, email_address);
        });
        await check("POST /sdk/v1/b2b/discovery/organizations/create", "whoever founds an organization is its admin", async () => {
          const got = await inside((client, name) => client.discovery.organizations.create({ organization_name: name, organization_slug: name, session_duration_minutes: 60 }), `${place.MARK}-${major}-new`);
          const founded = got.organization.organization_id;
          later(`organization ${founded}`, () => api.organizations.delete({ organization_id: founded }));
          assert.ok(await inside((client) => client.rbac.isAuthorized("stytch.organization", "update.info.name")));
        });
        await check("PUT /sdk/v1/b2b/organizations/me", "an admin changes the organization", async () => {
          const got = await inside((client) => client.organization.update({ organization_name: "Renamed" }));
          assert.equal(got.organization.organization_name, "Renamed");
        });
        const added = await check("POST /sdk/v1/b2b/organizations/members", "an admin adds a member", async () =>
          (await inside((client, email_address) => client.organization.members.create({ email_address, mfa_phone_number: "+14155550177" }), address("added"))).member_id);
        await check("PUT /sdk/v1/b2b/organizations/members/{member_id}", "changes them, and gives them roles", async () => {
          const { member } = await inside((client, member_id) => client.organization.members.update({ member_id, name: "Added", roles: ["stytch_admin"] }), added);
          assert.equal(member.name, "Added");
          assert.ok(member.roles.some(({ role_id }) => role_id === "stytch_admin"));
        });
        await check("POST /sdk/v1/b2b/organizations/me/members/search", "finds them", async () =>
          assert.equal((await inside((client) => client.organization.members.search({}))).members.length, 2));
        await check("DELETE /sdk/v1/b2b/organizations/members/mfa_phone_numbers/{member_id}", "takes their number away", async () =>
          assert.equal((await inside((client, id) => client.organization.members.deleteMFAPhoneNumber(id), added)).member.mfa_phone_number, ""));
        await check("POST /sdk/v1/b2b/sessions/revoke/{member_id}", "logs them out", () => inside((client, member_id) => client.session.revokeForMember({ member_id }), added));
        await check("DELETE /sdk/v1/b2b/organizations/members/{member_id}", "removes them", () => inside((client, id) => client.organization.members.delete(id), added));
        await check("PUT /sdk/v1/b2b/organizations/members/{member_id}/reactivate", "and brings them back", async () =>
          assert.equal((await inside((client, id) => client.organization.members.reactivate(id), added)).member.member_id, added));
        const oidc = await check("POST /sdk/v1/b2b/sso/oidc", "an admin makes a connection", async () =>
          (await inside((client) => client.sso.oidc.createConnection({ display_name: "Okta" }))).connection.connection_id);
        await check("PUT /sdk/v1/b2b/sso/oidc/{connection_id}", "and changes it", async () => {
          const { connection } = await inside((client, connection_id) => client.sso.oidc.updateConnection({ connection_id, client_id: "a", client_secret: "b", issuer: "https://idp.example" }), oidc);
          assert.equal(connection.status, "active");
        });
        await check("GET /sdk/v1/b2b/sso", "and sees it", async () =>
          assert.equal((await inside((client) => client.sso.getConnections())).oidc_connections[0].connection_id, oidc));
        await check("DELETE /sdk/v1/b2b/sso/{connection_id}", "and removes it", () => inside((client, id) => client.sso.deleteConnection(id), oidc));
        await check("POST /sdk/v1/b2b/magic_links/email/invite", "an admin invites, and the invited follow the link", async () => {
          const invited = address("invited");
          await inside((client, email_address) => client.magicLinks.email.invite({ email_address }), invited);
          const { token } = await place.mail(invited);
          const got = await inside((client, magic_links_token) => client.session.revoke().then(() => client.magicLinks.authenticate({ magic_links_token, session_duration_minutes: 60 })), token);
          assert.equal(got.member.email_address, invited);
        });
        await check("DELETE /sdk/v1/b2b/organizations/me", "the invited are no admins", () =>
          refused({ error_type: "session_authorization_error", status_code: 403 }, () => inside((client) => client.organization.delete())));
      } finally {
        await close();
      }
    },

    async function aSecondFactor() {
      const { open, inside, cookies, close } = await app();
      const { organization_id } = await organizationFor("strict", { mfa_policy: "REQUIRED_FOR_ALL" });
      const email_address = address("careful");
      const mfa_phone_number = major === "six" ? "+14155550166" : "+14155550155";
      const member_id = await join(organization_id, email_address, { mfa_phone_number });
      const whom = { organization_id, member_id };
      try {
        await open();
        await check("POST /sdk/v1/b2b/magic_links/email/login_or_signup", "a member is mailed a link, and nothing else is told", async () => {
          const told = await patiently(() => inside((client, whom) => client.magicLinks.email.loginOrSignup(whom), { organization_id, email_address }));
          assert.deepEqual(Object.keys(told).sort(), ["request_id", "status_code"]);
        });
        await check("POST /v1/b2b/magic_links/authenticate", "a link that a browser asked for under a code challenge is good there alone", async () => {
          const { token } = await place.mail(email_address);
          await refused({ error_type: "pkce_expected_code_verifier" }, () => api.magicLinks.authenticate({ magic_links_token: token }));
        });
        await check("POST /sdk/v1/b2b/magic_links/authenticate", "where a second factor is needed, the page keeps an intermediate session", async () => {
          const { token } = await place.mail(email_address);
          const got = await inside((client, magic_links_token) => client.magicLinks.authenticate({ magic_links_token, session_duration_minutes: 60 }), token);
          assert.deepEqual([got.member_authenticated, (await cookies()).stytch_session], [false, undefined]);
        });
        await check("POST /sdk/v1/b2b/otps/sms/authenticate", "a texted code completes the login", async () => {
          await inside((client, whom) => client.otps.sms.send(whom), whom);
          const { token: code } = await place.mail(mfa_phone_number);
          const got = await inside((client, one) => client.otps.sms.authenticate(one), { ...whom, code, session_duration_minutes: 60 });
          assert.deepEqual([got.member_id, (await cookies()).stytch_session], [member_id, got.session_token]);
        });
        await check("POST /sdk/v1/b2b/totp", "an authenticator app is added, for the member alone", async () => {
          const other = await join(organization_id, address("another"));
          const made = await inside((client, one) => client.totp.create(one), { organization_id, member_id: other });
          assert.equal(made.member_id, member_id);
          whom.secret = made.secret;
        });
        await check("POST /sdk/v1/b2b/totp/authenticate", "and proved", async () => {
          const { secret, ...rest } = whom;
          const got = await inside((client, one) => client.totp.authenticate(one), { ...rest, code: totp(secret), session_duration_minutes: 60 });
          assert.equal(got.member_id, member_id);
        });
        const codes = await check("GET /sdk/v1/b2b/recovery_codes", "the member reads their recovery codes", async () =>
          (await inside((client) => client.recoveryCodes.get())).recovery_codes);
        await check("POST /sdk/v1/b2b/recovery_codes/recover", "one of them stands in", async () => {
          const got = await inside((client, one) => client.recoveryCodes.recover(one), { organization_id, member_id, recovery_code: codes[0], session_duration_minutes: 60 });
          assert.equal(got.recovery_codes_remaining, codes.length - 1);
        });
        await check("POST /sdk/v1/b2b/recovery_codes/rotate", "new ones take their place", async () =>
          assert.notDeepEqual((await inside((client) => client.recoveryCodes.rotate())).recovery_codes, codes));
        await check("DELETE /sdk/v1/b2b/organizations/members/deleteTOTP", "the member takes their app away", async () =>
          assert.equal((await inside((client) => client.self.deleteMFATOTP())).member.totp_registration_id, ""));
        await check("DELETE /sdk/v1/b2b/organizations/members/deletePhoneNumber", "and their number", async () =>
          assert.equal((await inside((client) => client.self.deleteMFAPhoneNumber())).member.mfa_phone_number, ""));
      } finally {
        await close();
      }
    },

    async function otherWaysIn() {
      const { base, page, open, inside, close } = await app();
      const { organization_id } = await organizationFor("ways");
      const email_address = address("ways");
      const { member_id } = await api.passwords.migrate({ organization_id, email_address, hash: HASH, hash_type: "bcrypt" });
      const hour = { session_duration_minutes: 60 };
      const token = () => new URL(page.url()).searchParams.get("token");
      try {
        await open();
        await check("POST /sdk/v1/b2b/passwords/discovery/authenticate", "a password finds its organizations", async () => {
          const got = await inside((client, one) => client.passwords.discovery.authenticate(one), { email_address, password: PASSWORD });
          assert.equal(got.discovered_organizations[0].organization.organization_id, organization_id);
        });
        await check("POST /sdk/v1/b2b/passwords/discovery/reset", "a mailed reset does as well", async () => {
          await patiently(() => inside((client, email_address) => client.passwords.discovery.resetByEmailStart({ email_address }), email_address));
          const { token: password_reset_token } = await place.mail(email_address);
          const got = await inside((client, one) => client.passwords.discovery.resetByEmail(one), { password_reset_token, password: PASSWORD });
          assert.equal(got.email_address, email_address);
        });
        await check("POST /sdk/v1/b2b/passwords/strength_check", "a weak password is told by the project's rule", async () =>
          assert.equal((await inside((client) => client.passwords.strengthCheck({ password: "short" }))).valid_password, false));
        await check("POST /sdk/v1/b2b/passwords/existing_password/reset", "the old password replaces itself", async () => {
          const got = await inside((client, one) => client.passwords.resetByExistingPassword(one), { organization_id, email_address, existing_password: PASSWORD, new_password: place.password(), ...hour });
          assert.equal(got.member_id, member_id);
        });
        await inside((client) => client.session.revoke());
        await check("POST /sdk/v1/b2b/otps/email/login_or_signup", "a member is mailed a code, and nothing else is told", async () => {
          const told = await patiently(() => inside((client, whom) => client.otps.email.loginOrSignup(whom), { organization_id, email_address }));
          assert.deepEqual(Object.keys(told).sort(), ["request_id", "status_code"]);
        });
        await check("POST /sdk/v1/b2b/otps/email/authenticate", "the code logs in", async () => {
          const { token: code } = await place.mail(email_address);
          const got = await inside((client, one) => client.otps.email.authenticate(one), { organization_id, email_address, code, ...hour });
          assert.equal(got.member_id, member_id);
        });
        await inside((client) => client.session.revoke());
        await check("POST /sdk/v1/b2b/oauth/authenticate", "a social login leads back to the page and logs in", async () => {
          await inside(
            (client, [organization_id, login_redirect_url, login_hint]) => client.oauth.google.start({ organization_id, login_redirect_url, provider_params: { login_hint } }),
            [organization_id, `${base}/back`, email_address],
          );
          await page.waitForURL(`${base}/back**`);
          const oauth_token = token();
          await open();
          const got = await inside((client, one) => client.oauth.authenticate(one), { oauth_token, ...hour });
          assert.equal(got.member_id, member_id);
        });
        await check("POST /sdk/v1/b2b/oauth/discovery/authenticate", "or finds its organizations", async () => {
          await inside((client) => client.session.revoke());
          await inside(
            (client, [discovery_redirect_url, login_hint]) => client.oauth.google.discovery.start({ discovery_redirect_url, provider_params: { login_hint } }),
            [`${base}/back`, email_address],
          );
          await page.waitForURL(`${base}/back**`);
          const discovery_oauth_token = token();
          await open();
          const got = await inside((client, one) => client.oauth.discovery.authenticate(one), { discovery_oauth_token });
          assert.equal(got.discovered_organizations.length, 1);
        });
        await check("POST /sdk/v1/b2b/sessions/attest", "a token of a trusted issuer becomes a session in the page", async () => {
          if (!place.PROFILE_ID) throw new Skip("STYTCH_TRUSTED_TOKEN_PROFILE names no profile");
          const ada = await place.person(`${major}-b2b-attest`);
          const attested = await join(organization_id, ada.email);
          const { id_token: token } = await place.login(ada);
          const got = await inside((client, one) => client.session.attest(one), { profile_id: place.PROFILE_ID, token, organization_id, ...hour });
          assert.equal(got.member_id, attested);
        });
      } finally {
        await close();
      }
    },

    async function stytchsOwnForm() {
      const { base, page, open, form, cookies, close } = await application(folder, "b2b/index", "StytchB2BUIClient");
      const email_address = address("form");
      const config = { authFlowType: "Discovery", emailMagicLinksOptions: { discoveryRedirectURL: `${base}/found` }, sessionOptions: { sessionDurationMinutes: 60 } };
      try {
        await check("POST /sdk/v1/b2b/discovery/organizations/create", "Stytch's own form mails a link, reads it, and founds an organization", async () => {
          await open();
          await form(["emailMagicLinks"], config);
          await page.locator("input[type=email]").first().fill(email_address);
          const sent = page.waitForResponse(/discovery\/send$/);
          await page.keyboard.press("Enter");
          await sent;
          const { link } = await place.mail(email_address);
          await open(new URL(link).pathname + new URL(link).search);
          await form(["emailMagicLinks"], config);
          const made = page.waitForResponse(/organizations\/create$/);
          await page.getByText(/create an organization/i).last().click();
          const { data } = await (await made).json();
          later(`organization ${data.organization_id}`, () => api.organizations.delete({ organization_id: data.organization_id }));
          await page.waitForFunction((token) => document.cookie.includes(token), data.session_token);
          assert.equal(data.member.email_address, email_address);
          assert.equal((await cookies()).stytch_session, data.session_token);
        });
      } finally {
        await close();
      }
    },

    async function aMigratedSessionIsHandedOver() {
      const { open, inside, cookies, close } = await app();
      const { organization_id } = await organizationFor("moved");
      const ada = await place.person(`${major}-b2b-handover`);
      const { access_token } = await place.login(ada);
      const member_id = await join(organization_id, ada.email);
      try {
        await open();
        await check("POST /v1/b2b/sessions/migrate", "a session that a server migrated goes on in the page, by updateSession", async () => {
          const { session_token, session_jwt } = await api.sessions.migrate({ session_token: access_token, organization_id, session_duration_minutes: 60 });
          await inside((client, tokens) => client.session.updateSession(tokens), { session_token, session_jwt });
          const got = await inside((client) => client.session.authenticate({ session_duration_minutes: 60 }));
          assert.equal(got.member_session.authentication_factors[0].type, "imported");
          assert.deepEqual([got.member.member_id, (await cookies()).stytch_session], [member_id, session_token]);
        });
        await check("POST /sdk/v1/b2b/sessions/authenticate", "and is there when the page is loaded again", async () => {
          await open();
          assert.equal((await inside((client) => client.session.getSync())).member_id, member_id);
        });
      } finally {
        await close();
      }
    },
  ];
};

await new Client("@stytch/vanilla-js", "stytch", "Chromium").run(
  ...flows("@stytch/vanilla-js", "StytchB2BClient"),
  ...flows("@stytch/vanilla-js-v5", "StytchB2BHeadlessClient"),
);
