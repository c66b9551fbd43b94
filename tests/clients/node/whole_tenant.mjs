// What tools ask that go through a whole tenant: exports, backups, infrastructure as code.
import assert from "node:assert/strict";
import { Client, Skip } from "./checks.mjs";
import * as place from "./place.mjs";

const client = new Client("auth0", "auth0");
const m = place.management;

/** Lists and settings, by endpoint. */
const READS = {
  "GET /api/v2/actions/actions": () => m.actions.list(),
  "GET /api/v2/actions/modules": () => m.actions.modules.list(),
  "GET /api/v2/actions/triggers": () => m.actions.triggers.list(),
  "GET /api/v2/actions/triggers/{trigger_id}/bindings": () => m.actions.triggers.bindings.list("post-login"),
  "GET /api/v2/attack-protection/bot-detection": () => m.attackProtection.botDetection.get(),
  "GET /api/v2/attack-protection/breached-password-detection": () => m.attackProtection.breachedPasswordDetection.get(),
  "GET /api/v2/attack-protection/brute-force-protection": () => m.attackProtection.bruteForceProtection.get(),
  "GET /api/v2/attack-protection/captcha": () => m.attackProtection.captcha.get(),
  "GET /api/v2/attack-protection/suspicious-ip-throttling": () => m.attackProtection.suspiciousIpThrottling.get(),
  "GET /api/v2/branding": () => m.branding.get(),
  "GET /api/v2/branding/phone/providers": () => m.branding.phone.providers.list(),
  "GET /api/v2/branding/phone/templates": () => m.branding.phone.templates.list(),
  "GET /api/v2/client-grants": () => m.clientGrants.list(),
  "GET /api/v2/clients": () => m.clients.list(),
  "GET /api/v2/connection-profiles": () => m.connectionProfiles.list(),
  "GET /api/v2/connections": () => m.connections.list(),
  "GET /api/v2/connections/{id}/clients": async () => {
    const { data } = await m.connections.list({ name: place.CONNECTION });
    return m.connections.clients.get(data[0].id);
  },
  "GET /api/v2/connections-directory-provisionings": () => m.connections.directoryProvisioning.list(),
  "GET /api/v2/connections-scim-configurations": () => m.connections.scimConfiguration.list(),
  "GET /api/v2/custom-domains": () => m.customDomains.list(),
  "GET /api/v2/device-credentials": () => m.deviceCredentials.list(),
  "GET /api/v2/event-streams": () => m.eventStreams.list(),
  "GET /api/v2/flows": () => m.flows.list(),
  "GET /api/v2/flows/vault/connections": () => m.flows.vault.connections.list(),
  "GET /api/v2/forms": () => m.forms.list(),
  "GET /api/v2/groups": () => m.groups.list(),
  "GET /api/v2/guardian/factors": () => m.guardian.factors.list(),
  "GET /api/v2/guardian/factors/phone/message-types": () => m.guardian.factors.phone.getMessageTypes(),
  "GET /api/v2/guardian/factors/phone/selected-provider": () => m.guardian.factors.phone.getSelectedProvider(),
  "GET /api/v2/guardian/factors/push-notification/selected-provider": () => m.guardian.factors.pushNotification.getSelectedProvider(),
  "GET /api/v2/guardian/factors/sms/selected-provider": () => m.guardian.factors.sms.getSelectedProvider(),
  "GET /api/v2/guardian/policies": () => m.guardian.policies.list(),
  "GET /api/v2/hooks": () => m.hooks.list(),
  "GET /api/v2/keys/encryption": () => m.keys.encryption.list(),
  "GET /api/v2/log-streams": () => m.logStreams.list(),
  "GET /api/v2/network-acls": () => m.networkAcls.list(),
  "GET /api/v2/prompts": () => m.prompts.getSettings(),
  "GET /api/v2/prompts/rendering": () => m.prompts.rendering.list(),
  "GET /api/v2/prompts/{prompt}/custom-text/{language}": () => m.prompts.customText.get("login", "en"),
  "GET /api/v2/prompts/{prompt}/partials": () => m.prompts.partials.get("login"),
  "GET /api/v2/rate-limit-policies": () => m.rateLimitPolicies.list(),
  "GET /api/v2/resource-servers": () => m.resourceServers.list(),
  "GET /api/v2/risk-assessments/settings": () => m.riskAssessments.settings.get(),
  "GET /api/v2/risk-assessments/settings/new-device": () => m.riskAssessments.settings.newDevice.get(),
  "GET /api/v2/roles": () => m.roles.list(),
  "GET /api/v2/rules": () => m.rules.list(),
  "GET /api/v2/rules-configs": () => m.rulesConfigs.list(),
  "GET /api/v2/self-service-profiles": () => m.selfServiceProfiles.list(),
  "GET /api/v2/supplemental-signals": () => m.supplementalSignals.get(),
  "GET /api/v2/tenants/settings": () => m.tenants.settings.get(),
  "GET /api/v2/token-exchange-profiles": () => m.tokenExchangeProfiles.list(),
  "GET /api/v2/user-attribute-profiles": () => m.userAttributeProfiles.list(),
  "GET /api/v2/verifiable-credentials/verification/templates": () => m.verifiableCredentials.verification.templates.list(),
};

/** Settings that a tool writes back as it read them, by endpoint. */
const WRITES = {
  "PATCH /api/v2/attack-protection/bot-detection": writeBack(m.attackProtection.botDetection),
  "PATCH /api/v2/attack-protection/breached-password-detection": writeBack(m.attackProtection.breachedPasswordDetection),
  "PATCH /api/v2/attack-protection/brute-force-protection": writeBack(m.attackProtection.bruteForceProtection),
  "PATCH /api/v2/attack-protection/captcha": writeBack(m.attackProtection.captcha, ["active_provider_id"]),
  "PATCH /api/v2/attack-protection/suspicious-ip-throttling": writeBack(m.attackProtection.suspiciousIpThrottling),
  "PATCH /api/v2/branding": writeBack(m.branding),
  "PATCH /api/v2/connections/{id}": async () => {
    const { data } = await m.connections.list({ name: place.CONNECTION });
    const { is_domain_connection, options } = data[0];
    await m.connections.update(data[0].id, { is_domain_connection, options });
  },
  "PATCH /api/v2/connections/{id}/clients": async () => {
    const { data } = await m.connections.list({ name: place.CONNECTION });
    const { data: clients } = await m.connections.clients.get(data[0].id);
    await m.connections.clients.update(data[0].id, [{ client_id: clients[0].client_id, status: true }]);
  },
  "PATCH /api/v2/prompts": async () => m.prompts.updateSettings(await m.prompts.getSettings()),
  "PATCH /api/v2/risk-assessments/settings": writeBack(m.riskAssessments.settings),
  "PATCH /api/v2/risk-assessments/settings/new-device": writeBack(m.riskAssessments.settings.newDevice),
  "PATCH /api/v2/supplemental-signals": async () =>
    m.supplementalSignals.patch({ akamai_enabled: (await m.supplementalSignals.get()).akamai_enabled }),
  "PATCH /api/v2/tenants/settings": writeBack(m.tenants.settings, ["friendly_name", "session_lifetime", "flags"]),
  "PUT /api/v2/guardian/factors/{name}": async () => {
    const factors = await m.guardian.factors.list();
    const { name, enabled } = factors.find(({ name }) => name === "otp");
    await m.guardian.factors.set(name, { enabled });
  },
  "PUT /api/v2/guardian/factors/phone/message-types": async () => {
    const { message_types } = await m.guardian.factors.phone.getMessageTypes();
    await m.guardian.factors.phone.setMessageTypes({ message_types });
  },
  "PUT /api/v2/guardian/factors/phone/selected-provider": async () => {
    const { provider } = await m.guardian.factors.phone.getSelectedProvider();
    await m.guardian.factors.phone.setProvider({ provider });
  },
  "PUT /api/v2/guardian/factors/push-notification/selected-provider": async () => {
    const { provider } = await m.guardian.factors.pushNotification.getSelectedProvider();
    await m.guardian.factors.pushNotification.setProvider({ provider });
  },
  "PUT /api/v2/guardian/factors/sms/selected-provider": async () => {
    const { provider } = await m.guardian.factors.sms.getSelectedProvider();
    await m.guardian.factors.sms.setProvider({ provider });
  },
  "PUT /api/v2/prompts/{prompt}/custom-text/{language}": async () =>
    m.prompts.customText.set("login", "en", await m.prompts.customText.get("login", "en")),
  "PUT /api/v2/prompts/{prompt}/partials": async () => m.prompts.partials.set("login", await m.prompts.partials.get("login")),
};

function writeBack(resource, names) {
  return async () => {
    const told = await resource.get();
    const kept = Object.entries(told).filter(([name]) => !names || names.includes(name));
    await resource.update(Object.fromEntries(kept));
  };
}

/** Records that a new tenant has none of. */
const RECORDS = {
  "GET /api/v2/branding/templates/universal-login": () => m.branding.templates.getUniversalLogin(),
  "GET /api/v2/branding/themes/default": () => m.branding.themes.getDefault(),
  "GET /api/v2/email-templates/{template_name}": () => m.emailTemplates.get("welcome_email"),
  "GET /api/v2/emails/provider": () => m.emails.provider.get(),
  "GET /api/v2/guardian/factors/sms/templates": () => m.guardian.factors.sms.getTemplates(),
};

/** What the token of a tenant does not allow, and what its plan does not have, is no difference. */
async function read(call) {
  try {
    return await call();
  } catch (error) {
    if (!place.MOCK && [402, 403].includes(error.statusCode)) throw new Skip(error.message);
    throw error;
  }
}

const flows = [];
for (const [endpoint, call] of Object.entries(READS)) {
  flows.push(() =>
    client.check(endpoint, "a tool that goes through a whole tenant reads it", async () => {
      const told = await read(call);
      // Pages count what is on them.
      assert.equal(typeof told, "object");
    }));
}
for (const [endpoint, call] of Object.entries(WRITES)) {
  flows.push(() =>
    client.check(endpoint, "a tool writes back what it has read", () => {
      // Somebody else may change them in between, or the tenant may not give back all that it has.
      if (!place.MOCK) throw new Skip("the settings of a tenant are not for a test to write");
      return read(call);
    }));
}
for (const [endpoint, call] of Object.entries(RECORDS)) {
  flows.push(() =>
    client.check(endpoint, "what there is none of is not found, and a tool goes on", async () => {
      await read(call).catch((error) => assert.equal(error.statusCode, 404, error.message));
    }));
}

async function organizations() {
  const organization = await m.organizations.create({ name: place.MARK.toLowerCase() });
  try {
    for (const [endpoint, list] of [
      ["GET /api/v2/organizations/{id}/client-grants", m.organizations.clientGrants],
      ["GET /api/v2/organizations/{id}/discovery-domains", m.organizations.discoveryDomains],
    ]) {
      await client.check(endpoint, "a tool that goes through a whole tenant reads it", () => read(() => list.list(organization.id)));
    }
  } finally {
    await m.organizations.delete(organization.id);
  }
}

async function people() {
  const ada = await place.person("whole-tenant");
  await client.check("GET /api/v2/users/{id}/authentication-methods", "a person without second factors has none", async () => {
    await read(() => m.users.authenticationMethods.list(ada.userId));
  });
}

await client.run(...flows, organizations, people);
