// A browser without a screen: follows redirects, fills in the login form, keeps cookies.
import assert from "node:assert/strict";

export class Browser {
  #jars = new Map();

  /** One request, without following where it leads. */
  async go(url, init = {}) {
    const { host } = new URL(url);
    const jar = this.#jars.get(host) ?? new Map();
    this.#jars.set(host, jar);
    const cookie = [...jar].map((pair) => pair.join("=")).join("; ");
    const headers = { ...init.headers, ...(cookie && { cookie }) };
    const answer = await fetch(url, { ...init, headers, redirect: "manual" });
    for (const line of answer.headers.getSetCookie()) {
      const [pair] = line.split(";");
      const at = pair.indexOf("=");
      const gone = /max-age=0|expires=thu, 01 jan 1970/i.test(line);
      if (gone) jar.delete(pair.slice(0, at));
      else jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return { url: String(url), status: answer.status, headers: answer.headers, text: await answer.text() };
  }

  /** Follows redirects until one leads to `stop`, whose address it answers, or to a page. */
  async visit(url, stop) {
    return this.#follow(await this.go(url), stop);
  }

  async #follow(answer, stop) {
    while (answer.status >= 300 && answer.status < 400) {
      const target = new URL(answer.headers.get("location"), answer.url);
      if (stop && target.href.startsWith(stop)) return target;
      answer = await this.go(target);
    }
    return answer;
  }

  /** Fills in the page's form and sends it. */
  async fill(page, stop, typed) {
    const form = page.text.match(/<form[^>]*>[\s\S]*?<\/form>/i)?.[0];
    assert.ok(form, `no form in ${page.text.slice(0, 300)}`);
    const read = (tag, name) => unescape_(tag.match(new RegExp(`\\b${name}="([^"]*)"`, "i"))?.[1] ?? "");
    const fields = new URLSearchParams();
    for (const [tag] of form.matchAll(/<(?:input|button)[^>]*>/gi)) {
      const name = read(tag, "name");
      if (name && !fields.has(name)) fields.set(name, read(tag, "value"));
    }
    for (const [name, value] of Object.entries(typed)) fields.set(name, value);
    const action = new URL(read(form, "action") || page.url, page.url);
    return this.#follow(await this.go(action, { method: "POST", body: fields }), stop);
  }

  /** Through the login page, back to the application. */
  async logIn(url, stop, { email, password }) {
    const page = await this.visit(url, undefined);
    assert.equal(page.status, 200, page.text.slice(0, 300));
    return this.fill(page, stop, { username: email, password });
  }
}

function unescape_(text) {
  const names = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'", "#x27": "'", "#34": '"' };
  return text.replace(/&(#?\w+);/g, (whole, name) => names[name] ?? whole);
}
