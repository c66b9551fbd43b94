// An application in React that moves from Auth0 to Stytch; react.mjs makes it a script for browsers.
import { Auth0Provider, useAuth0 } from "@auth0/auth0-react";
import { Products, StytchLogin, StytchProvider, createStytchClient, useStytch, useStytchSession, useStytchUser } from "@stytch/react";
import { createElement as h, useState } from "react";
import { createRoot } from "react-dom/client";

const { domain, clientId, audience, publicToken } = globalThis.settings;
const origin = location.origin;

function Old() {
  const { isLoading, error, isAuthenticated, user, loginWithRedirect, getAccessTokenSilently, logout } = useAuth0();
  const stytch = useStytch();
  const [said, say] = useState("");
  const state = isLoading ? "loading" : (error?.message ?? (isAuthenticated ? user.email : "nobody"));
  const renew = () => getAccessTokenSilently({ cacheMode: "off" }).then((token) => say(`${token.split(".").length} parts`), (error) => say(error.message));
  const moveOver = async () => {
    const { session_token, session_jwt } = await globalThis.migrate(await getAccessTokenSilently());
    stytch.session.updateSession({ session_token, session_jwt });
    await stytch.session.authenticate({ session_duration_minutes: 60 });
  };
  return h("div", null,
    h("p", { id: "auth0" }, state),
    h("p", { id: "said" }, said),
    h("button", { id: "login", onClick: () => loginWithRedirect({ appState: { returnTo: "/account" } }) }, "Log in"),
    h("button", { id: "renew", onClick: renew }, "Renew"),
    h("button", { id: "move", onClick: moveOver }, "Move over"),
    h("button", { id: "logout", onClick: () => logout({ logoutParams: { returnTo: origin } }) }, "Log out"),
  );
}

function New() {
  const { user, isInitialized } = useStytchUser();
  const { session } = useStytchSession();
  const stytch = useStytch();
  if (!isInitialized) return h("p", { id: "stytch" }, "loading");
  const urls = { loginRedirectURL: origin, resetPasswordRedirectURL: origin };
  const config = { products: [Products.passwords], passwordOptions: urls, sessionOptions: { sessionDurationMinutes: 60 } };
  const kinds = session?.authentication_factors.map(({ type }) => type);
  return h("div", null,
    h("p", { id: "stytch" }, user ? `${user.emails[0].email} by ${kinds}` : "nobody"),
    user ? h("button", { id: "leave", onClick: () => stytch.session.revoke() }, "Leave") : h(StytchLogin, { config }),
  );
}

const settings = {
  domain,
  clientId,
  authorizationParams: { redirect_uri: origin, audience },
  onRedirectCallback: (state) => history.replaceState({}, "", state?.returnTo ?? "/"),
};
const app = h(Auth0Provider, settings, h(StytchProvider, { stytch: createStytchClient(publicToken) }, h(Old), h(New)));
createRoot(document.getElementById("root")).render(app);
