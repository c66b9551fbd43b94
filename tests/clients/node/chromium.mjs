// Chromium without a window, and applications that are nothing but their scripts.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { listen } from "./applications.mjs";
import { Skip } from "./checks.mjs";
import * as place from "./place.mjs";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/** The text of a file of a package. */
export const library = (path) => readFileSync(new URL(`node_modules/${path}`, import.meta.url));

/** Serves scripts by their paths, and the same page everywhere else. Answers the origin. */
export function serve(scripts, page) {
  return listen((request, answer) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const script = typeof scripts === "function" ? scripts(pathname) : scripts[pathname];
    answer.setHeader("content-type", script ? "text/javascript" : "text/html");
    answer.end(script ?? page);
  });
}

/** What imports packages, as one script for a browser. */
export async function bundle(source, more) {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    logLevel: "error",
    define: { "process.env.NODE_ENV": '"production"', global: "window" },
    ...more,
  });
  return outputFiles[0].text;
}

/** Fills in the tenant's login page, and sends it. */
export async function fillIn(page, { email, password }) {
  await page.fill('[name="username"]', email);
  await page.fill('[name="password"]', password);
  await page.press('[name="password"]', "Enter");
}

// Chromium writes into its profile until it is really gone.
const profiles = [];
process.on("exit", () => profiles.forEach((profile) => rmSync(profile, { recursive: true, force: true, maxRetries: 3 })));

/** A browser with a profile of its own, and a page in it. */
export async function browse(...more) {
  // A page asks for what it likes, past `pace.mjs`.
  if (!place.MOCK) throw new Skip("a browser's requests can be neither paced nor counted");
  const folders = (process.env.PATH ?? "").split(":");
  const paths = NAMES.flatMap((name) => folders.map((folder) => `${folder}/${name}`));
  const executablePath = process.env.CHROMIUM ?? paths.find(existsSync);
  if (!executablePath) throw new Skip("no Chromium on this machine");
  const args = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", ...more];
  // Silent logins need the provider's cookies in a frame of the application.
  const profile = mkdtempSync(join(tmpdir(), "cutover-clients-"));
  profiles.push(profile);
  mkdirSync(join(profile, "Default"));
  const preferences = { profile: { cookie_controls_mode: 0, block_third_party_cookies: false } };
  writeFileSync(join(profile, "Default", "Preferences"), JSON.stringify(preferences));
  // Of the mocks' authority Chromium cannot be told by a file.
  const options = { executablePath, args, ignoreHTTPSErrors: true };
  const browser = await chromium.launchPersistentContext(profile, options);
  return { browser, page: await browser.newPage() };
}
