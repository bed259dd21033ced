// The endpoint's REST interface. Everything goes to the origin that the page came from.

const MOST_NUMBERS = 1e6; // in one reply

export class Refused extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

export const base = () => new URL(".", document.baseURI);

async function ask(path, options = {}, key = "") {
  const headers = { ...(options.body ? { "Content-Type": "application/json" } : {}), ...(key ? { "x-api-key": key } : {}) };
  let reply;
  try {
    reply = await fetch(new URL(path, base()), { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, `Nobody answers at ${base().host}. Is the endpoint still running?`);
  }
  const text = await reply.text();
  let document;
  try {
    document = JSON.parse(text);
  } catch {
    document = {};
  }
  if (!reply.ok) throw new Refused(reply.status, sentence(reply.status, document.error ?? text));
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
    return this.description;
  }

  has(signature) {
    return signature in this.description.signatures;
  }

  post(body, signal) {
    return ask(this.path, { method: "POST", body: JSON.stringify(body), signal }, this.key);
  }

  // Columns in, columns out; long requests travel in pieces.
  async predict(signature, inputs, signal) {
    const names = Object.keys(this.description.signatures[signature].outputs);
    const rows = Object.values(inputs)[0].length;
    const size = this.description.sample.shape.reduce((product, n) => product * n, 1);
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
