// Where the providers are, and test people there. The variables are those of `cutover doctor`.
import { randomBytes } from "node:crypto";
import { ManagementClient } from "auth0";
import { AuthenticationClient } from "auth0-v6";
import { Skip, later } from "./checks.mjs";
import { keep } from "./pace.mjs";

const { env } = process;
const must = (name) => env[name] ?? fail(name);
const fail = (name) => {
  throw new Error(`${name} is not set`);
};

export const DOMAIN = must("AUTH0_DOMAIN");
export const CLIENT_ID = must("AUTH0_CLIENT_ID");
export const CLIENT_SECRET = must("AUTH0_CLIENT_SECRET");
export const AUDIENCE = must("AUTH0_AUDIENCE");
export const CONNECTION = env.AUTH0_CONNECTION || "Username-Password-Authentication";
export const SCOPE = env.AUTH0_SCOPE || "openid profile email offline_access";
export const CALLBACK = env.AUTH0_CALLBACK_URL || "https://app.example/callback";
export const ISSUER = `https://${DOMAIN}/`;

export const PROJECT_ID = must("STYTCH_PROJECT_ID");
export const SECRET = must("STYTCH_SECRET");
export const STYTCH_URL = env.STYTCH_API_URL || "https://test.stytch.com";
/** What browsers show instead of the secret, where it is known. */
export const PUBLIC_TOKEN = env.STYTCH_PUBLIC_TOKEN;
/** The profile for `attest`, where there is one. */
export const PROFILE_ID = env.STYTCH_TRUSTED_TOKEN_PROFILE;

/** Whether mail can be read and controls turned: only at the mocks. */
export const MOCK = env.CUTOVER_CLIENTS_MOCK === "1";
if (!MOCK) keep(DOMAIN, STYTCH_URL);

/** Begins the name of everything that is created. */
export const MARK = `cutover-rehearsal-${randomBytes(8).toString("hex")}`;

export const authentication = new AuthenticationClient({
  domain: DOMAIN,
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
});

export const management = new ManagementClient({
  domain: DOMAIN,
  clientId: env.AUTH0_MGMT_CLIENT_ID || CLIENT_ID,
  clientSecret: env.AUTH0_MGMT_CLIENT_SECRET || CLIENT_SECRET,
  audience: `https://${DOMAIN}/api/v2/`,
});

export const address = (name) => `${MARK}-${name}@example.com`;
export const password = () => `Aa1!${randomBytes(16).toString("base64url")}`;

/** A test person of the tenant; deleted when the script ends. */
export async function person(name) {
  const made = { email: address(name), password: password() };
  const user = await management.users.create({
    connection: CONNECTION,
    email_verified: true,
    ...made,
  });
  later(`Auth0 user ${user.user_id}`, () => management.users.delete(user.user_id));
  return { ...made, userId: user.user_id };
}

/** Tokens of a person, by the password-realm grant. */
export async function login({ email, password }) {
  const got = await authentication.oauth.passwordGrant({
    username: email,
    password,
    realm: CONNECTION,
    scope: SCOPE,
    audience: AUDIENCE,
  });
  return got.data;
}

/** The newest message to somebody, by any of their addresses. */
export async function mail(...to) {
  if (!MOCK) throw new Skip("needs the mock's mailbox");
  for (const one of to) {
    const url = new URL(`/_cutover/mail?to=${encodeURIComponent(one)}`, STYTCH_URL);
    const { messages } = await (await fetch(url)).json();
    if (messages.length > 0) return messages[0];
  }
  throw new Error(`no mail to ${to}`);
}

/** A token to log in as somebody else, which only the dashboard gives. */
export async function impersonation(person) {
  if (!MOCK) throw new Skip("needs the dashboard");
  const answer = await fetch(`${must("CUTOVER_ADMIN_URL")}/impersonations`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ person }),
  });
  return (await answer.json()).impersonation_token;
}
