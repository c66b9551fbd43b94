// Checks: one JSON line each, on standard output.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

/** This place cannot show it; the reason is for people. */
export class Skip extends Error {
  /** Whether a check has told it. */
  told = false;
}

const MOCK = process.env.CUTOVER_CLIENTS_MOCK === "1";

/** A client under test. Its flows go on after a failed one; its checks are told as they come. */
export class Client {
  constructor(folder, provider, where = "Node.js") {
    const file = new URL(`node_modules/${folder}/package.json`, import.meta.url);
    const { name, version } = JSON.parse(readFileSync(file, "utf8"));
    this.name = `${name} ${version} (${where})`;
    this.provider = provider;
    this.check = this.check.bind(this);
  }

  tell(endpoint, behaviour, result, detail = "") {
    const { name: client, provider } = this;
    const line = { client, provider, endpoint, behaviour, verified_by: "SDK call", result, detail };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }

  /** What must hold. The rest of a flow needs it, so a failure ends the flow. */
  async check(endpoint, behaviour, holds) {
    try {
      const got = await holds();
      this.tell(endpoint, behaviour, "ok");
      return got;
    } catch (error) {
      if (error instanceof Skip) {
        this.tell(endpoint, behaviour, "skip", error.message);
        throw told(error);
      }
      this.tell(endpoint, behaviour, "fail", describe(error));
      throw told(new Skip("an earlier check failed"));
    }
  }

  async run(...flows) {
    for (const flow of flows) {
      try {
        await flow();
      } catch (error) {
        // Between checks: the script itself is wrong, or the ground of the flow is missing.
        if (!(error instanceof Skip)) this.tell("-", flow.name, "fail", describe(error));
        // Whoever looks at a tenant wants to know what was left out.
        else if (!error.told && !MOCK) this.tell("-", flow.name, "skip", error.message);
      }
    }
    await Promise.all(leftovers.map((forget) => forget()));
    // Some clients keep connections that would hold the process.
    process.exit(0);
  }
}

const told = (skip) => Object.assign(skip, { told: true });

const leftovers = [];

/** Something to delete when the script ends. */
export function later(what, forget) {
  leftovers.push(async () => {
    try {
      await forget();
    } catch (error) {
      // Some flows delete their people themselves.
      const gone = [error.statusCode, error.status_code].includes(404);
      if (!gone) process.stderr.write(`could not delete ${what}: ${describe(error)}\n`);
    }
  });
}

function describe(error) {
  const cause = error.cause ? ` (${error.cause.message ?? error.cause})` : "";
  return `${error.stack ?? error}${cause}`.slice(0, 1000);
}

/** The client must refuse, with an error that has these members. */
export async function refused(expected, call) {
  const error = await call().then(
    () => assert.fail(`expected ${JSON.stringify(expected)}, but nothing was refused`),
    (error) => error,
  );
  if (error instanceof assert.AssertionError) throw error;
  for (const [name, value] of Object.entries(expected)) {
    const seen = name === "kind" ? error.constructor.name : error[name];
    assert.equal(seen, value, `${name} of ${describe(error)}`);
  }
  return error;
}

/** Deletions and searches of a tenant take effect a little later. */
export async function eventually(ask, good = Boolean) {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const seen = await ask();
    if (good(seen)) return seen;
    assert.ok(performance.now() < deadline, `still ${JSON.stringify(seen)} after a minute`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
