// The endpoint's REST interface. Everything goes to the origin that the page came from.

import { main, numbers } from "./fields.js";

const MOST_NUMBERS = 1e6; // in one reply

export class Refused extends Error {
  constructor(status, text, { isPassing = false } = {}) {
    super(text);
    this.status = status;
    this.isPassing = isPassing; // over as soon as the server answers anything
  }
}

const PASSING = new Set([401, 503]);

export const base = () => new URL(".", document.baseURI);

async function ask(path, options = {}, key = "") {
  const headers = { ...(options.body ? { "Content-Type": "application/json" } : {}), ...(key ? { "x-api-key": key } : {}) };
  let reply;
  try {
    reply = await fetch(new URL(path, base()), { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, `Nobody answers at ${base().host}. Is the endpoint still running?`, { isPassing: true });
  }
  const text = await reply.text();
  let document;
  try {
    document = JSON.parse(text);
  } catch {
    document = {};
  }
  if (!reply.ok) throw new Refused(reply.status, sentence(reply.status, document.error ?? text), { isPassing: PASSING.has(reply.status) });
  return document;
}

function sentence(status, text) {
  const words = String(text || "no reason given").trim().slice(0, 600);
  if (status === 401) return `The server wants an API key; enter it under Access. It said: ${words}`;
  if (status === 503) return `The server has no room just now; try again in a moment. It said: ${words}`;
  return `The server refused (${status}): ${words}`;
}

// A model at a version ("/versions/3") or a version label ("/labels/stable").
export class Model {
  constructor(name, which, key) {
    this.path = `v1/models/${encodeURIComponent(name)}${which}:predict`;
    this.key = key;
    this.description = null;
  }

  async describe(signal) {
    const { outputs } = await this.post({ signature_name: "describe", inputs: { row: [0] } }, signal);
    this.description = JSON.parse(Array.isArray(outputs) ? outputs[0] : outputs.description[0]);
    if (!this.description.fields) {
      throw new Refused(0, "This model does not say what it takes; export its run again.");
    }
    return this.description;
  }

  // What it can be asked: {name: {inputs, outputs}}, both fields by name.
  get signatures() {
    return this.description.fields;
  }

  has(signature) {
    return signature in this.signatures;
  }

  // What samples are, whichever signature makes them: [name, field].
  get sample() {
    const maker = ["generate", "generate_conditional", "decode"].find((name) => this.has(name));
    return maker ? main(this.signatures[maker]) : [null, null];
  }

  post(body, signal) {
    return ask(this.path, { method: "POST", body: JSON.stringify(body), signal }, this.key);
  }

  // Columns in, columns out; long requests travel in pieces.
  async predict(signature, inputs, signal) {
    const fields = this.signatures[signature];
    const names = Object.keys(fields.outputs);
    const rows = Object.values(inputs)[0].length;
    const size = [fields.inputs, fields.outputs].flatMap(Object.values).reduce((sum, field) => sum + numbers(field), 0);
    const step = Math.max(1, Math.floor(MOST_NUMBERS / size));
    const columns = Object.fromEntries(names.map((name) => [name, []]));
    for (let start = 0; start < rows; start += step) {
      const piece = Object.fromEntries(
        Object.entries(inputs).map(([name, values]) => [name, values.slice(start, start + step)]),
      );
      const { outputs } = await this.post({ signature_name: signature, inputs: piece }, signal);
      // REST drops the name of a signature's only output.
      for (const name of names) columns[name].push(...(names.length === 1 ? outputs : outputs[name]));
    }
    return columns;
  }
}

export async function models(key) {
  const document = await ask("web/models.json", {}, key);
  return Array.isArray(document) ? document : document.models;
}
