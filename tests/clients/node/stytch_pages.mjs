// A page with Stytch's SDK for browsers in it, of either of its last two majors.
import { createHmac } from "node:crypto";
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

/** The code of an authenticator app (RFC 6238), whose secret is base32. */
export function totp(secret) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret.replace(/=+$/, "")].map((c) => alphabet.indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const hash = createHmac("sha1", key).update(counter).digest();
  const at = hash[19] & 15;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
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

/** For a browser: the mock is where the SDK looks for Stytch. */
export function atStytch() {
  if (!place.MOCK) throw new Skip("projects name the origins of their pages: only the mocks let any in");
  const mock = new URL(place.STYTCH_URL).host.replace("localhost", "127.0.0.1");
  return `--host-resolver-rules=MAP ${HOST} ${mock}, MAP ${DOMAIN} ${mock}`;
}

/**
 * An application: `open` loads its page as a person does, `inside` runs in it with the client at hand
 * and answers what it says, errors with their members. `custom`: its project has a custom domain.
 */
export async function application(folder, file, client, custom = false) {
  const found = atStytch();
  const base = await serve(scripts, `<title>app</title>${MAJORS[folder].script(file)}`);
  const { browser, page } = await browse(found);
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
    /** Puts Stytch's own login form into the page; its products are named. */
    async form(products, config) {
      await page.evaluate(
        ([products, config]) => {
          const known = stytch.B2BProducts ?? stytch.Products;
          const settings = { client, config: { ...config, products: products.map((name) => known[name]) }, callbacks: {} };
          const element = stytch.StytchUI ?? stytch.StytchB2B;
          document.body.innerHTML = element ? "<stytch-ui></stytch-ui>" : '<div id="form"></div>';
          if (!element) return (client.mountLogin ?? client.mount).call(client, { ...settings, elementId: "#form" });
          customElements.define("stytch-ui", element);
          document.querySelector("stytch-ui").render(settings);
        },
        [products, config],
      );
    },
    async cookies() {
      const kept = await page.context().cookies(base);
      return Object.fromEntries(kept.map(({ name, value }) => [name, value]));
    },
    close: () => browser.close(),
  };
}
