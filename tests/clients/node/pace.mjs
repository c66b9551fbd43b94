// How often a script asks test tenants: under published limits, and not without end. The mocks are
// asked as fast as one likes; `place` starts this only against tenants.
import { subscribe } from "node:diagnostics_channel";

/** Requests of one script, all hosts together. */
const MOST_REQUESTS = 2000;
const BURST = 2;
const LONGEST_PAUSE_MS = 300_000;

/** Nothing else happens meanwhile: a request that has been begun is not on the wire yet. */
const sleep = (ms) => ms > 0 && Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

/** So many requests a second, a few at once, and none in a pause that was asked for. */
class Pace {
  made = 0;
  #full = 0;
  #paused = 0;

  constructor(perSecond) {
    this.every = 1000 / perSecond;
  }

  turn() {
    this.made += 1;
    const now = performance.now();
    const full = Math.max(this.#full, now);
    this.#full = full + this.every;
    sleep(Math.max(full - this.every * (BURST - 1), this.#paused) - now);
  }

  heed(status, retryAfter) {
    if (status !== 429) return;
    const asked = Number(retryAfter ?? NaN) * 1000;
    const pause = Number.isFinite(asked) ? Math.min(asked, LONGEST_PAUSE_MS) : 1000;
    this.#paused = Math.max(this.#paused, performance.now() + pause);
    // Then one by one: who asked for a pause has an empty bucket.
    this.#full = Math.max(this.#full, this.#paused + this.every * (BURST - 1));
  }
}

/** From now on every request of this process waits for its turn. */
export function keep(auth0, stytch) {
  const { env } = process;
  const paces = new Map([
    [new URL(`https://${auth0}`).host, new Pace(Number(env.CUTOVER_AUTH0_RATE || 1))],
    [new URL(stytch).host, new Pace(Number(env.CUTOVER_STYTCH_RATE || 5))],
  ]);
  const turn = (pace) => {
    if (!pace) return;
    const made = [...paces.values()].reduce((sum, one) => sum + one.made, 0);
    if (made >= MOST_REQUESTS) {
      console.error(`this script has made ${MOST_REQUESTS} requests, the most it may make`);
      process.exit(1);
    }
    pace.turn();
  };
  const header = (headers, name) => {
    const at = headers.findIndex((text, place) => place % 2 === 0 && `${text}`.toLowerCase() === name);
    return at < 0 ? undefined : `${headers[at + 1]}`;
  };

  // `fetch`, of Node.js itself and of the package.
  const hostOf = ({ origin }) => (origin ? new URL(`${origin}`).host : "");
  subscribe("undici:request:create", ({ request }) => turn(paces.get(hostOf(request))));
  subscribe("undici:request:headers", ({ request, response }) => {
    const pairs = response.headers.map((bytes) => Buffer.from(bytes).toString("latin1"));
    paces.get(hostOf(request))?.heed(response.statusCode, header(pairs, "retry-after"));
  });
  // `node:https`, and whatever stands on it.
  const named = (request) => `${request.getHeader("host") ?? request.host}`.toLowerCase();
  subscribe("http.client.request.start", ({ request }) => turn(paces.get(named(request))));
  subscribe("http.client.response.finish", ({ request, response }) =>
    paces.get(named(request))?.heed(response.statusCode, response.headers["retry-after"]),
  );
}
