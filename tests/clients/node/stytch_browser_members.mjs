// Stytch's SDK for browsers against a B2B project: what an admin does to single things that members have,
// and what pages send that is not a login.
import assert from "node:assert/strict";
import stytch from "stytch";
import { Client, later, refused } from "./checks.mjs";
import * as place from "./place.mjs";
import { HASH, PASSWORD } from "./bcrypt_hash.mjs";
import { application, patiently, totp } from "./stytch_pages.mjs";

const api = new stytch.B2BClient({ project_id: place.PROJECT_ID, secret: place.SECRET, custom_base_url: place.STYTCH_URL });
const hour = { session_duration_minutes: 60 };

const flows = (folder, name) => {
  const { check } = new Client(folder, "stytch", "Chromium");
  const major = folder.endsWith("v5") ? "five" : "six";
  const address = (name) => place.address(`${major}-${name}`);

  /** A test organization with an admin; deleted, with its members, when the script ends. */
  async function organizationFor(name) {
    const slug = `${place.MARK}-${major}-${name}`;
    const { organization } = await api.organizations.create({ organization_name: slug, organization_slug: slug });
    const { organization_id } = organization;
    later(`organization ${slug}`, () => api.organizations.delete({ organization_id }));
    const email_address = address(`${name}-admin`);
    const { member_id } = await api.passwords.migrate({ organization_id, email_address, hash: HASH, hash_type: "bcrypt" });
    await api.organizations.members.update({ organization_id, member_id, roles: ["stytch_admin"] });
    return { organization_id, email_address, member_id };
  }

  return [
    async function whatMembersHave() {
      const { open, inside, close } = await application(folder, "b2b/index.headless", name);
      const { organization_id, email_address } = await organizationFor("things");
      const theirs = address("things-other");
      const { member_id, member } = await api.passwords.migrate({ organization_id, email_address: theirs, hash: HASH, hash_type: "bcrypt" });
      const { secret } = await api.totps.create({ organization_id, member_id });
      const members = (method, argument) => inside((client, [method, argument]) => client.organization.members[method](argument), [method, argument]);
      await api.totps.authenticate({ organization_id, member_id, code: totp(secret), session_token: (await api.passwords.authenticate({ organization_id, email_address: theirs, password: PASSWORD })).session_token });
      try {
        await open();
        await inside((client, one) => client.passwords.authenticate(one), { organization_id, email_address, password: PASSWORD, ...hour });
        await check("DELETE /sdk/v1/b2b/organizations/members/totp/{member_id}", "an admin takes a member's authenticator app away", async () =>
          assert.equal((await members("deleteMFATOTP", member_id)).member.totp_registration_id, ""));
        await check("DELETE /sdk/v1/b2b/organizations/members/passwords/{member_password_id}", "and their password", async () => {
          assert.equal((await members("deletePassword", member.member_password_id)).member.member_password_id, "");
          await refused({ error_type: "member_password_not_found" }, () => api.passwords.authenticate({ organization_id, email_address: theirs, password: PASSWORD }));
        });
        const renamed = address("things-renamed");
        await check("POST /sdk/v1/b2b/organizations/members/{member_id}/start_email_update", "an address changes when the link that goes to the new one is followed", async () => {
          await members("startEmailUpdate", { member_id, email_address: renamed });
          const { token } = await place.mail(renamed);
          const got = await api.magicLinks.authenticate({ magic_links_token: token });
          assert.deepEqual([got.member_id, got.member.retired_email_addresses.length], [member_id, 1]);
        });
        await check("POST /sdk/v1/b2b/organizations/members/{member_id}/unlink_retired_email", "and the old one is free for another then", async () => {
          const got = await members("unlinkRetiredEmail", { member_id, email_address: theirs });
          assert.deepEqual(got.member.retired_email_addresses, []);
        });
        await check("GET /sdk/v1/b2b/organizations/connected_apps", "nobody has connected an application", async () =>
          assert.deepEqual((await inside((client) => client.organization.getConnectedApps())).connected_apps, []));
        await check("GET /sdk/v1/b2b/organizations/members/connected_apps", "the admin neither", async () =>
          assert.deepEqual((await inside((client) => client.self.getConnectedApps())).connected_apps, []));
      } finally {
        await close();
      }
    },

    async function whatIsNoLogin() {
      const { page, open, inside, cookies, close } = await application(folder, "b2b/index.headless", name);
      const { organization_id, email_address, member_id } = await organizationFor("sends");
      const sent = (path) => page.waitForResponse((answer) => answer.url().endsWith(path) && answer.request().method() === "POST");
      /** A send tells whoever asks nothing of the member. */
      const silently = (act, argument) => async () => {
        const told = await patiently(() => inside(act, argument));
        assert.deepEqual(Object.keys(told).sort(), ["request_id", "status_code"]);
      };
      try {
        const told = sent("/sdk/v1/events");
        await open();
        await check("POST /sdk/v1/b2b/otps/email/discovery/send", "an address is mailed a code", silently((client, email_address) => client.otps.email.discovery.send({ email_address }), email_address));
        await check("POST /sdk/v1/b2b/passwords/discovery/reset/start", "a mail to set a new password everywhere", silently((client, email_address) => client.passwords.discovery.resetByEmailStart({ email_address }), email_address));
        await check("POST /sdk/v1/b2b/passwords/email/reset/start", "or in one organization", silently((client, whom) => client.passwords.resetByEmailStart(whom), { organization_id, email_address }));
        await check("POST /sdk/v1/events", "what the SDK tells of itself is taken", async () => assert.equal((await told).status(), 200));
        await check("POST /sdk/v1/b2b/sessions/exchange_access_token", "an access token that no Connected App has is refused with 404", () =>
          refused({ error_type: "idp_access_token_not_found", status_code: 404 }, () => inside((client, one) => client.session.exchangeAccessToken(one), { access_token: "no.such.token", ...hour })));
        await check("POST /sdk/v1/b2b/impersonation/authenticate", "a token of the dashboard logs in as somebody else", async () => {
          const impersonation_token = await place.impersonation(member_id);
          const got = await inside((client, one) => client.impersonation.authenticate(one), { impersonation_token });
          assert.deepEqual([got.member_id, got.member_session.authentication_factors[0].type, (await cookies()).stytch_session], [member_id, "impersonated", got.session_token]);
        });
        await check("POST /sdk/v1/b2b/otps/sms/send", "a member's number is texted a code", silently((client, whom) => client.otps.sms.send(whom), { organization_id, member_id, mfa_phone_number: major === "six" ? "+14155550163" : "+14155550153" }));
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
