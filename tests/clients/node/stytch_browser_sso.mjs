// Stytch's SDK for browsers against a B2B project whose organizations log in by SSO: members find their
// connection, go through its provider's page and come back, and admins manage connections.
import assert from "node:assert/strict";
import stytch from "stytch";
import { Client, later, refused } from "./checks.mjs";
import * as place from "./place.mjs";
import { HASH, PASSWORD } from "./bcrypt_hash.mjs";
import { application } from "./stytch_pages.mjs";

const api = new stytch.B2BClient({ project_id: place.PROJECT_ID, secret: place.SECRET, custom_base_url: place.STYTCH_URL });
const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n";
const KEY = CERTIFICATE.replaceAll("CERTIFICATE", "PRIVATE KEY");
const COMPLETE = {
  idp_entity_id: "https://idp.example",
  idp_sso_url: "https://idp.example/sso",
  attribute_mapping: { email: "NameID", full_name: "name", groups: "groups" },
  x509_certificate: CERTIFICATE,
};
const hour = { session_duration_minutes: 60 };

const flows = (folder, name) => {
  const { check } = new Client(folder, "stytch", "Chromium");
  const major = folder.endsWith("v5") ? "five" : "six";
  const address = (name) => place.address(`${major}-${name}`);

  /** A test organization; deleted, with its members, when the script ends. */
  async function organizationFor(name, more) {
    const slug = `${place.MARK}-${major}-${name}`;
    const { organization } = await api.organizations.create({ organization_name: slug, organization_slug: slug, ...more });
    const { organization_id } = organization;
    later(`organization ${slug}`, () => api.organizations.delete({ organization_id }));
    return { organization_id, slug };
  }
  async function samlFor(organization_id) {
    const { connection } = await api.sso.saml.createConnection({ organization_id, display_name: "Okta", identity_provider: "okta" });
    await api.sso.saml.updateConnection({ organization_id, connection_id: connection.connection_id, ...COMPLETE });
    return connection.connection_id;
  }
  /** Shows who one is at the provider. */
  async function show(page, email) {
    await page.waitForURL(/\/_cutover\/idp\//);
    await page.getByLabel("Email").fill(email);
    await page.getByLabel("Name").fill("Ada King");
    await page.getByRole("button", { name: "Continue" }).click();
  }

  return [
    async function aMemberComesByTheirProvider() {
      const { base, page, open, inside, cookies, close } = await application(folder, "b2b/index.headless", name);
      const { organization_id } = await organizationFor("sso");
      const connection_id = await samlFor(organization_id);
      const email_address = address("sso");
      const { member_id } = await api.organizations.members.create({ organization_id, email_address });
      const start = (more) => inside((client, one) => client.sso.start(one), { connection_id, login_redirect_url: `${base}/back`, signup_redirect_url: `${base}/new`, ...more });
      try {
        await open();
        await check("GET /sdk/v1/b2b/sso/discovery/connections", "an address finds the connection of its organization", async () => {
          const found = await inside((client, email) => client.sso.discoverConnections(email), email_address);
          assert.deepEqual(found.connections, [{ connection_id, display_name: "Okta", identity_provider: "okta" }]);
          assert.deepEqual((await inside((client, email) => client.sso.discoverConnections(email), address("nobody"))).connections, []);
        });
        await check("POST /sdk/v1/b2b/sso/authenticate", "a member is sent to the provider, comes back, and is logged in", async () => {
          await start();
          await show(page, email_address);
          await page.waitForURL(`${base}/back**`);
          const sso_token = new URL(page.url()).searchParams.get("token");
          await open();
          const got = await inside((client, one) => client.sso.authenticate(one), { sso_token, ...hour });
          assert.deepEqual([got.member.member_id, got.member.name, (await cookies()).stytch_session], [member_id, "Ada King", got.session_token]);
          assert.equal(got.member_session.authentication_factors[0].saml_sso_factor.provider_id, connection_id);
        });
        await check("POST /sdk/v1/b2b/sso/authenticate", "a token of another browser's login is refused", async () => {
          await inside((client) => client.session.revoke());
          await start();
          await show(page, email_address);
          await page.waitForURL(`${base}/back**`);
          const sso_token = new URL(page.url()).searchParams.get("token");
          await open();
          await page.evaluate(() => localStorage.clear());
          await refused({ error_type: "pkce_expected_code_verifier" }, () => inside((client, one) => client.sso.authenticate(one), { sso_token, ...hour }));
        });
        await check("POST /sdk/v1/b2b/sso/authenticate", "where a second factor is needed, the page keeps an intermediate session", async () => {
          await api.organizations.update({ organization_id, mfa_policy: "REQUIRED_FOR_ALL" });
          await start();
          await show(page, address("sso-new"));
          await page.waitForURL(`${base}/new**`);
          const sso_token = new URL(page.url()).searchParams.get("token");
          await open();
          const got = await inside((client, one) => client.sso.authenticate(one), { sso_token, ...hour });
          assert.deepEqual([got.member_authenticated, (await cookies()).stytch_session], [false, undefined]);
        });
      } finally {
        await close();
      }
    },

    async function anAdminManagesConnections() {
      const { open, inside, close } = await application(folder, "b2b/index.headless", name);
      const { organization_id } = await organizationFor("sso-admin");
      const other = await organizationFor("sso-lender");
      const external_connection_id = await samlFor(other.organization_id);
      const email_address = address("sso-admin");
      const { member_id } = await api.passwords.migrate({ organization_id, email_address, hash: HASH, hash_type: "bcrypt", roles: ["stytch_admin"] });
      await api.organizations.members.update({ organization_id, member_id, roles: ["stytch_admin"] });
      const sso = (act, one) => inside(act, one);
      try {
        await open();
        await inside((client, one) => client.passwords.authenticate(one), { organization_id, email_address, password: PASSWORD, ...hour });
        const saml = await check("POST /sdk/v1/b2b/sso/saml", "an admin makes a connection", async () =>
          (await sso((client) => client.sso.saml.createConnection({ display_name: "Okta", identity_provider: "okta" }))).connection.connection_id);
        await check("PUT /sdk/v1/b2b/sso/saml/{connection_id}", "and completes it", async () => {
          const { connection } = await sso((client, one) => client.sso.saml.updateConnection(one), { connection_id: saml, ...COMPLETE, saml_encryption_private_key: KEY });
          assert.deepEqual([connection.status, connection.signing_certificates[0].issuer], ["active", "Stytch"]);
        });
        const certificates = await check("PUT /sdk/v1/b2b/sso/saml/{connection_id}/url", "takes over what the provider publishes", async () => {
          const { connection } = await sso((client, one) => client.sso.saml.updateConnectionByURL(one), { connection_id: saml, metadata_url: "https://other.example/metadata" });
          return connection.verification_certificates.map(({ certificate_id }) => certificate_id);
        });
        await check("DELETE /sdk/v1/b2b/sso/saml/{connection_id}/verification_certificates/{certificate_id}", "removes a certificate, but not the last one", async () => {
          const remove = (certificate_id) => sso((client, one) => client.sso.saml.deleteVerificationCertificate(one), { connection_id: saml, certificate_id });
          assert.equal((await remove(certificates[0])).certificate_id, certificates[0]);
          await refused({ error_type: "cannot_delete_last_sso_verification_key", status_code: 400 }, () => remove(certificates[1]));
        });
        await check("DELETE /sdk/v1/b2b/sso/saml/{connection_id}/encryption_private_key/{private_key_id}", "and a key", async () => {
          const { saml_connections } = await api.sso.getConnections({ organization_id });
          const [{ private_key_id }] = saml_connections[0].encryption_private_keys;
          const remove = "deleteEncryptionPrivateKey";
          const gone = await sso((client, [remove, one]) => client.sso.saml[remove]?.(one), [remove, { connection_id: saml, private_key_id }]);
          assert.equal(gone.private_key_id, private_key_id);
        });
        const external = await check("POST /sdk/v1/b2b/sso/external", "borrows another organization's connection", async () =>
          (await sso((client, one) => client.sso.external.createConnection(one), { external_organization_id: other.organization_id, external_connection_id, display_name: "Parent" })).connection.connection_id);
        await check("PUT /sdk/v1/b2b/sso/external/{connection_id}", "and says which roles come with it", async () => {
          const roles = [{ role_id: "reader" }];
          const { connection } = await sso((client, one) => client.sso.external.updateConnection(one), { connection_id: external, external_connection_implicit_role_assignments: roles });
          assert.deepEqual(connection.external_connection_implicit_role_assignments, roles);
        });
        await check("PUT /sdk/v1/b2b/organizations/me", "names the default connection, which then stays", async () => {
          const { organization } = await inside((client, one) => client.organization.update(one), { sso_default_connection_id: external });
          assert.equal(organization.sso_default_connection_id, external);
          await refused({ error_type: "cannot_delete_default_sso_connection", status_code: 400 }, () => sso((client, id) => client.sso.deleteConnection(id), external));
        });
      } finally {
        await close();
      }
    },

    async function stytchsOwnFormLeadsToTheProvider() {
      const { base, page, open, form, close } = await application(folder, "b2b/index", "StytchB2BUIClient");
      const { organization_id, slug } = await organizationFor("sso-form");
      const connection_id = await samlFor(organization_id);
      const email_address = address("sso-form");
      const config = { authFlowType: "Organization", organizationSlug: slug, sessionOptions: { sessionDurationMinutes: 60 }, ssoOptions: { loginRedirectURL: `${base}/in`, signupRedirectURL: `${base}/in` } };
      try {
        await check("POST /sdk/v1/b2b/sso/authenticate", "Stytch's own form shows the connection, and logs in whoever comes back", async () => {
          await open();
          await form(["sso"], config);
          await page.getByRole("button", { name: /okta/i }).click();
          await show(page, email_address);
          await page.waitForURL(`${base}/in**`);
          await open(new URL(page.url()).pathname + new URL(page.url()).search);
          const entered = page.waitForResponse(/sso\/authenticate$/);
          await form(["sso"], config);
          const { data } = await (await entered).json();
          assert.deepEqual([data.member.email_address, data.member.sso_registrations[0].connection_id], [email_address, connection_id]);
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
