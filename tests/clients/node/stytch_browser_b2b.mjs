// Stytch's SDK for browsers against a B2B project: members log in in a page, find their organizations,
// prove second factors, manage members, and take over sessions of Auth0 that a server migrated.
import assert from "node:assert/strict";
import stytch from "stytch";
import { Client, later, refused } from "./checks.mjs";
import * as place from "./place.mjs";
import { HASH, PASSWORD } from "./bcrypt_hash.mjs";
import { application, patiently } from "./stytch_pages.mjs";

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
        await check("POST /sdk/v1/b2b/organizations/members", "an admin adds, changes, finds and removes members", async () => {
          const { member } = await inside((client, email_address) => client.organization.members.create({ email_address }), address("added"));
          const changed = await inside((client, member_id) => client.organization.members.update({ member_id, name: "Added", roles: ["stytch_admin"] }), member.member_id);
          assert.equal(changed.member.name, "Added");
          assert.equal((await inside((client) => client.organization.members.search({}))).members.length, 2);
          await inside((client, id) => client.organization.members.delete(id), member.member_id);
        });
        await check("POST /sdk/v1/b2b/magic_links/email/invite", "an admin invites, and the invited follow the link", async () => {
          const invited = address("invited");
          await inside((client, email_address) => client.magicLinks.email.invite({ email_address }), invited);
          const { token } = await place.mail(invited);
          const got = await inside((client, magic_links_token) => client.session.revoke().then(() => client.magicLinks.authenticate({ magic_links_token, session_duration_minutes: 60 })), token);
          assert.equal(got.member.email_address, invited);
        });
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
        await check("POST /sdk/v1/b2b/magic_links/authenticate", "where a second factor is needed, the page keeps an intermediate session", async () => {
          await patiently(() => inside((client, whom) => client.magicLinks.email.loginOrSignup(whom), { organization_id, email_address }));
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
