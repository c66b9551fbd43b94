// A page with Stytch's SDK for browsers in it, of either of its last two majors.
import { readFileSync } from "node:fs";
import { Skip } from "./checks.mjs";
import { browse, library, serve } from "./chromium.mjs";
import * as place from "./place.mjs";

/** The SDK's own address, and a custom domain. Neither has a port: the browser finds the mock there. */
const HOST = "test.stytch.com";
const DOMAIN = "login.app.example";

const five = new URL("node_modules/@stytch/vanilla-js-v5/dist/", import.meta.url);
const MAJORS = {
  "@stytch/vanilla-js": { script: (file) => `<script src="/six/${file}.js"></script>` },
  "@stytch/vanilla-js-v5": {
    script: (file) => `<script type="module">import * as stytch from "/five/${file}.esm.js"; globalThis.stytch = stytch;</script>`,
  },
};

function scripts(path) {
  const [, major, ...rest] = path.split("/");
  if (major === "six") return library(`@stytch/vanilla-js/dist/iife/${rest.join("/")}`);
  if (major === "five") return readFileSync(new URL(rest.join("/"), five));
  return undefined;
}

/** One mail a second and person: a test is faster, and comes again. */
export async function patiently(send) {
  for (;;) {
    try {
      return await send();
    } catch (error) {
      if (error.error_type !== "too_many_requests") throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/**
 * An application: `open` loads its page as a person does, `inside` runs in it with the client at hand
 * and answers what it says, errors with their members. `custom`: its project has a custom domain.
 */
export async function application(folder, file, client, custom = false) {
  if (!place.MOCK) throw new Skip("projects name the origins of their pages: only the mocks let any in");
  const base = await serve(scripts, `<title>app</title>${MAJORS[folder].script(file)}`);
  const mock = new URL(place.STYTCH_URL).host.replace("localhost", "127.0.0.1");
  const { browser, page } = await browse(`--host-resolver-rules=MAP ${HOST} ${mock}, MAP ${DOMAIN} ${mock}`);
  const settings = [place.PUBLIC_TOKEN, ...(custom ? [{ customBaseUrl: DOMAIN }] : [])];
  return {
    base,
    page,
    async open(path = "/") {
      await page.goto(`${base}${path}`);
      await page.waitForFunction(() => globalThis.stytch);
      // Behind a custom domain cookies may be out of sight: the client asks at once whether there is a
      // session, and forgets one that it was given meanwhile if there is none.
      const asked = custom && page.waitForResponse(/sessions\/authenticate$/);
      await page.evaluate(([name, settings]) => void (globalThis.client = new stytch[name](...settings)), [client, settings]);
      await asked;
    },
    async inside(act, argument) {
      const told = await page.evaluate(
        async ([act, argument]) => {
          try {
            return { said: await eval(act)(globalThis.client, argument) };
          } catch (error) {
            return { error: { ...error, name: error.name, message: String(error.message) } };
          }
        },
        [String(act), argument],
      );
      if (told.error) throw Object.assign(new Error(told.error.message), told.error);
      return told.said;
    },
    async cookies() {
      const kept = await page.context().cookies(base);
      return Object.fromEntries(kept.map(({ name, value }) => [name, value]));
    },
    close: () => browser.close(),
  };
}
