"""Auth0's Python SDK, as a tool that goes through a whole tenant: what a new tenant has none of, and how it is set up."""

from auth0.management.core.api_error import ApiError
from auth0.management.errors import NotFoundError

import place
from checks import Client, Skip, equal, refused
from place import CLIENT_ID, CONNECTION, Person

client = Client("auth0-python", "auth0")
check = client.check

EMPTY = {
    "/actions/actions": lambda api: api.actions.list(),
    "/actions/modules": lambda api: api.actions.modules.list(),
    "/actions/triggers": lambda api: api.actions.triggers.list().triggers,
    "/actions/triggers/{trigger_id}/bindings": lambda api: api.actions.triggers.bindings.list("post-login"),
    "/branding/phone/providers": lambda api: api.branding.phone.providers.list().providers,
    "/branding/phone/templates": lambda api: api.branding.phone.templates.list().templates,
    "/connection-profiles": lambda api: api.connection_profiles.list(),
    "/connections-directory-provisionings": lambda api: api.connections.directory_provisioning.list(),
    "/connections-scim-configurations": lambda api: api.connections.scim_configuration.list(),
    "/custom-domains": lambda api: api.custom_domains.list(),
    "/device-credentials": lambda api: api.device_credentials.list(user_id=Person("whole").user_id),
    "/event-streams": lambda api: api.event_streams.list(),
    "/flows": lambda api: api.flows.list(),
    "/flows/vault/connections": lambda api: api.flows.vault.connections.list(),
    "/forms": lambda api: api.forms.list(),
    "/groups": lambda api: api.groups.list(),
    "/guardian/factors/phone/message-types": lambda api: api.guardian.factors.phone.get_message_types().message_types,
    "/hooks": lambda api: api.hooks.list(),
    "/keys/encryption": lambda api: api.keys.encryption.list(),
    "/log-streams": lambda api: api.log_streams.list(),
    "/network-acls": lambda api: api.network_acls.list(),
    "/prompts/rendering": lambda api: api.prompts.rendering.list(),
    "/rules": lambda api: api.rules.list(),
    "/rules-configs": lambda api: api.rules_configs.list(),
    "/self-service-profiles": lambda api: api.self_service_profiles.list(),
    "/token-exchange-profiles": lambda api: api.token_exchange_profiles.list(),
    "/user-attribute-profiles": lambda api: api.user_attribute_profiles.list(),
    "/verifiable-credentials/verification/templates": lambda api: api.verifiable_credentials.verification.templates.list(),
}

ABSENT = {
    "/branding/templates/universal-login": lambda api: api.branding.templates.get_universal_login(),
    "/branding/themes/default": lambda api: api.branding.themes.get_default(),
    "/email-templates/{template_name}": lambda api: api.email_templates.get("verify_email"),
    "/emails/provider": lambda api: api.emails.provider.get(),
    "/hooks/{id}": lambda api: api.hooks.get("1"),
    "/rules/{id}": lambda api: api.rules.get("rul_0000000000000000"),
    "/guardian/factors/sms/templates": lambda api: api.guardian.factors.sms.get_templates(),
}

SETTINGS = {
    "/attack-protection/bot-detection": (lambda api: api.attack_protection.bot_detection.get().monitoring_mode_enabled, False),
    "/attack-protection/breached-password-detection": (lambda api: api.attack_protection.breached_password_detection.get().enabled, False),
    "/attack-protection/brute-force-protection": (lambda api: api.attack_protection.brute_force_protection.get().max_attempts, 10),
    "/attack-protection/captcha": (lambda api: api.attack_protection.captcha.get().active_provider_id, "auth_challenge"),
    "/attack-protection/suspicious-ip-throttling": (lambda api: api.attack_protection.suspicious_ip_throttling.get().stage.pre_login.max_attempts, 100),
    "/branding": (lambda api: api.branding.get().colors, None),
    "/guardian/factors/phone/selected-provider": (lambda api: api.guardian.factors.phone.get_selected_provider().provider, "auth0"),
    "/guardian/factors/push-notification/selected-provider": (lambda api: api.guardian.factors.push_notification.get_selected_provider().provider, "guardian"),
    "/guardian/factors/sms/selected-provider": (lambda api: api.guardian.factors.sms.get_selected_provider().provider, "auth0"),
    "/prompts": (lambda api: (lambda it: (it.universal_login_experience, it.identifier_first))(api.prompts.get_settings()), ("new", False)),
    "/prompts/{prompt}/custom-text/{language}": (lambda api: dict(api.prompts.custom_text.get("login", "en")), {}),
    "/prompts/{prompt}/partials": (lambda api: dict(api.prompts.partials.get("login")), {}),
    "/risk-assessments/settings": (lambda api: api.risk_assessments.settings.get().enabled, False),
    "/risk-assessments/settings/new-device": (lambda api: api.risk_assessments.settings.new_device.get().remember_for, 30),
    "/supplemental-signals": (lambda api: api.supplemental_signals.get().akamai_enabled, False),
}


def a_new_tenant():
    if not place.MOCK:
        raise Skip("a tenant may have any of these")
    api = place.management()
    for path, listed in EMPTY.items():
        with check(f"GET /api/v2{path}", "a list without anything"):
            equal(list(listed(api)), [])
    for path, read in ABSENT.items():
        with check(f"GET /api/v2{path}", "there is none: 404"):
            with refused(ApiError, status_code=404):
                read(api)
    for path, (read, expected) in SETTINGS.items():
        with check(f"GET /api/v2{path}", "as a new tenant has it"):
            equal(read(api), expected)


def parts_of_records():
    if not place.MOCK:
        raise Skip("a tenant may have any of these")
    api, name = place.management(), f"{place.MARK}-whole"[:50]
    org = api.organizations.create(name=name).id
    place.atexit.register(place.forget, name, lambda: api.organizations.delete(org))
    [database] = api.connections.list(name=CONNECTION)
    with check("GET /api/v2/organizations/{id}/client-grants", "an organization has none"):
        equal(list(api.organizations.client_grants.list(org)), [])
    with check("GET /api/v2/organizations/{id}/discovery-domains", "an organization has none"):
        equal(list(api.organizations.discovery_domains.list(org)), [])
    with check("GET /api/v2/connections/{id}/clients", "the database is there for every application"):
        assert CLIENT_ID in [one.client_id for one in api.connections.clients.get(database.id)]
    with check("GET /api/v2/connections/{id}/scim-configuration", "there is none: 404"):
        with refused(NotFoundError, status_code=404):
            api.connections.scim_configuration.get(database.id)
    audience = f"https://{name}.example"
    server = api.resource_servers.create(identifier=audience, name=name)
    place.atexit.register(place.forget, audience, lambda: api.resource_servers.delete(server.id))
    grant = api.client_grants.create(client_id="cutover-machine", audience=audience, scope=[])
    with check("GET /api/v2/client-grants/{id}/organizations", "no organization has the grant"):
        equal(list(api.client_grants.organizations.list(grant.id)), [])
    api.client_grants.delete(grant.id)


if __name__ == "__main__":
    client.run(a_new_tenant, parts_of_records)
