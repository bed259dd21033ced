// The page: a model is picked, pictures are generated, chosen and played with.

import { base, Model, models, Refused } from "./api.js";
import { Grid, PLACES } from "./grid.js";
import * as latents from "./latents.js";
import { draw, number, save, sheet } from "./samples.js";
import * as snippets from "./snippets.js";
import { Stage } from "./tools.js";

const MOST_FRAMES = 33;
const MOST_NUMBERS = 2e6; // that one way between pictures may hold
const MOST_PICTURES = 64;
const EACH = "each"; // label i for picture i
const DRAWN = ""; // labels as the data has them

const $ = (id) => document.getElementById(id);

let known = []; // models, as the server lists them
let model = null;
let chosen = { model: "", version: "", versionLabel: "" };
const running = {}; // what each part of the page waits for
const problems = {}; // what went wrong in each

// ---- Saying things -------------------------------------------------------------------------------

function tell(part, error) {
  problems[part] = "";
  if (error instanceof Refused) problems[part] = error.message;
  else if (error) {
    console.error(error);
    problems[part] = `Something broke on this page: ${error.message}`;
  }
  $("error").textContent = [...new Set(Object.values(problems))].filter(Boolean).join(" ");
}

// Runs one part's work and returns whether it came to its end; a newer run of a part ends the older.
async function run(part, element, work) {
  running[part]?.abort();
  const controller = (running[part] = new AbortController());
  element.classList.add("busy");
  element.setAttribute("aria-busy", "true");
  try {
    await work(controller.signal);
    if (running[part] === controller) tell(part, null);
    return true;
  } catch (error) {
    if (error.name !== "AbortError") tell(part, error);
    return false;
  } finally {
    if (running[part] === controller) {
      element.classList.remove("busy");
      element.removeAttribute("aria-busy");
    }
  }
}

function showRequest(what, body, lines) {
  const withKey = Boolean($("api-key").value);
  $("request-what").textContent = what;
  $("curl").textContent = snippets.curl(new URL(model.path, base()).href, body, withKey);
  $("python").textContent = snippets.program(base().href.replace(/\/$/, ""), chosen, withKey, lines);
  $("copy-curl").disabled = $("copy-python").disabled = false;
}

async function copy(id, name) {
  const text = $(id).textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without HTTPS browsers offer no clipboard; what is selected can still be copied.
    getSelection().selectAllChildren($(id));
    document.execCommand("copy");
  }
  $("copied").textContent = `Copied as ${name}.`;
}

// ---- Models --------------------------------------------------------------------------------------

function fill(select, options, value) {
  select.replaceChildren(...options.map(([key, words]) => new Option(words, key)));
  if (options.some(([key]) => key === value)) select.value = value;
}

async function loadModels() {
  known = await models($("api-key").value);
  fill($("model"), known.map(({ name }) => [name, name]), $("model").value);
  if (!known.length) throw new Refused(0, "The server has no model; start it with one.");
  fillVersions();
}

function fillVersions() {
  const { versions = [], labels = {} } = known.find(({ name }) => name === $("model").value) ?? {};
  const newest = [...versions].sort((a, b) => b - a);
  const options = newest.map((version, i) => [`/versions/${version}`, i ? `${version}` : `${version} (newest)`]);
  for (const [label, version] of Object.entries(labels)) {
    options.push([`/labels/${encodeURIComponent(label)}`, `${label} (${version})`]);
  }
  fill($("version"), options.length ? options : [["", "none is ready"]], $("version").value);
}

async function openModel() {
  const [, kind, value] = $("version").value.split("/");
  chosen = {
    model: $("model").value,
    version: kind === "versions" ? value : "",
    versionLabel: kind === "labels" ? decodeURIComponent(value) : "",
  };
  grid.clear();
  onPicks(grid.picks);
  $("about").textContent = "";
  model = null;
  await run("generate", $("grid"), async (signal) => {
    const opened = new Model(chosen.model, $("version").value, $("api-key").value);
    await opened.describe(signal);
    model = opened;
    showModel();
    await generate(signal);
  });
}

function labelNames() {
  const { condition } = model.description;
  if (condition?.kind !== "label") return [];
  return Array.from({ length: condition.num_classes }, (_, i) => condition.names?.[i] ?? String(i));
}

function showModel() {
  const { name, sample, latent, objective, step, condition } = model.description;
  const size = `${sample.shape.join("×")} ${sample.dtype}`;
  const prior = latent ? `, ${latent.size} ${latent.prior} latents` : "";
  $("about").textContent = `${name}: ${size}${prior}, ${objective}, step ${step}.`;
  const names = labelNames();
  const numbered = names.map((label, i) => [String(i), label]);
  fill($("label"), [[DRAWN, "as in the data"], [EACH, "each in turn"], ...numbered], $("label").value);
  fill($("explore-label"), [[DRAWN, "as A"], ...numbered], $("explore-label").value);
  $("label-field").hidden = $("explore-label-field").hidden = !names.length;
  $("scored-field").hidden = !model.has("score");
  const canDecode = Boolean(latent) && model.has("decode") && model.has("latents");
  $("tools").hidden = $("help").hidden = !canDecode;
  $("truncation-field").hidden = !(canDecode && latents.canTruncate(latent));
  if (condition && condition.kind !== "label") {
    throw new Refused(0, `This model generates from a ${condition.kind}, which this page cannot ask for.`);
  }
}

// ---- Generate ------------------------------------------------------------------------------------

function whole(id, low, high) {
  const text = $(id).value.trim();
  const value = Number(text);
  if (text === "" || !Number.isSafeInteger(value) || value < low || value > high) {
    const limits = high === Number.MAX_SAFE_INTEGER ? "between −2^53 and 2^53" : `from ${low} to ${high}`;
    const name = $(id).labels[0].textContent.trim();
    throw new Refused(0, `${name}: received ${text || "nothing"}; expected a whole number ${limits}.`);
  }
  return value;
}

const safe = Number.MAX_SAFE_INTEGER;

function question() {
  const count = whole("count", 1, MOST_PICTURES);
  const first = whole("seed", -safe, safe);
  if (first + count - 1 > safe) {
    throw new Refused(0, `First seed: ${first} and ${count - 1} more do not stay below 2^53; use a smaller one.`);
  }
  const seeds = Array.from({ length: count }, (_, i) => first + i);
  const names = labelNames();
  const picked = names.length ? $("label").value : DRAWN;
  const labels =
    picked === DRAWN ? null : seeds.map((_, i) => (picked === EACH ? i % names.length : Number(picked)));
  const truncation = $("truncation-field").hidden ? 1 : Number($("truncation").value);
  return { seeds, labels, truncation };
}

async function samplesOf({ seeds, labels, truncation }, signal) {
  const output = model.description.sample.output;
  const signature = labels ? "generate_conditional" : "generate";
  const inputs = labels ? { seed: seeds, label: labels } : { seed: seeds };
  const needsLabels = labelNames().length > 0;
  let asked = { signature_name: signature, inputs };
  let reply = null;
  if (truncation === 1 || (needsLabels && !labels)) reply = await model.predict(signature, inputs, signal);
  const known = labels ?? reply?.label ?? null;
  let points = null;
  if (truncation !== 1) {
    const { latent } = await model.predict("latents", { seed: seeds }, signal);
    points = latent.map((z) => latents.rounded(latents.truncated(z, truncation)));
    const decoded = known ? { latent: points, label: known } : { latent: points };
    asked = { signature_name: "decode", inputs: firstRow(decoded) };
    reply = await model.predict("decode", decoded, signal);
  }
  return { samples: reply[output], labels: known, points, asked };
}

const firstRow = (inputs) =>
  Object.fromEntries(Object.entries(inputs).map(([name, rows]) => [name, rows.slice(0, 1)]));

async function scores(samples, labels, signal) {
  if ($("scored-field").hidden || !$("scored").checked) return null;
  const inputs = { [model.description.sample.output]: samples };
  if ("label" in model.description.signatures.score.inputs) inputs.label = labels;
  return (await model.predict("score", inputs, signal)).realism;
}

async function generate(signal) {
  const asked = question();
  const start = performance.now();
  const { samples, labels, points, asked: body } = await samplesOf(asked, signal);
  const took = performance.now() - start;
  const names = labelNames();
  const cells = asked.seeds.map((seed, i) => {
    const label = labels ? labels[i] : null;
    const name = `Seed ${seed}${label === null ? "" : `, label ${names[label]}`}`;
    const short = [`seed ${seed}`, label === null ? "" : `label ${names[label]}`];
    return { seed, label, name, short, truncation: asked.truncation, latent: points?.[i] ?? null, sample: samples[i] };
  });
  grid.show(cells, model.description.sample);
  $("download-grid").disabled = false;
  const each = cells.length > 1 ? `, ${(took / cells.length).toFixed(1)} ms each` : "";
  $("status").textContent = `${cells.length === 1 ? "1 picture" : `${cells.length} pictures`} in ${took.toFixed(0)} ms${each}.`;
  showRequest(generated(asked), body, program(asked));
  const realism = await scores(samples, labels, signal);
  if (!realism) return;
  cells.forEach((cell, i) => {
    cell.scoreText = `score ${number(realism[i])}`;
  });
  grid.mark();
  const mean = realism.reduce((sum, value) => sum + value, 0) / realism.length;
  $("status").textContent += ` Mean score ${number(mean)}: the discriminator's logit, larger is more real to it.`;
}

const generated = ({ seeds, truncation }) =>
  truncation === 1
    ? `${seeds.length} pictures from seed ${seeds[0]}.`
    : `${seeds.length} pictures from seed ${seeds[0]}, truncated to ${truncation}; as curl, the first of them.`;

function program({ seeds, labels, truncation }) {
  const range = `range(${seeds[0]}, ${seeds[0] + seeds.length})`;
  const label = labels === null ? null : new Set(labels).size === 1 ? String(labels[0]) : JSON.stringify(labels);
  const { output } = model.description.sample;
  if (truncation === 1) {
    const call = label === null ? `generate(${range})` : `generate_conditional(${range}, ${label})`;
    return [`samples = client.${call}["${output}"]`];
  }
  const lines = [`latents = ${truncation} * client.latents(${range})`];
  if (!labelNames().length) return [...lines, `samples = client.decode(latents)["${output}"]`];
  if (label === null) lines.push(`labels = client.generate(${range})["label"]`);
  return [...lines, `samples = client.decode(latents, ${label ?? "labels"})["${output}"]`];
}

// ---- Chosen pictures -----------------------------------------------------------------------------

const grid = new Grid($("grid"), onPicks);

function onPicks(picks) {
  $("picks").replaceChildren(...picks.map(pickElement));
  explore("between");
  explore("mix");
  explore("walk");
}

function pickElement(cell, place) {
  const element = Object.assign(document.createElement("div"), { className: cell ? "pick full" : "pick" });
  const title = Object.assign(document.createElement("strong"), { textContent: PLACES[place] });
  element.append(title);
  if (!cell) {
    element.append(Object.assign(document.createElement("div"), { className: "words", textContent: "free" }));
    return element;
  }
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${PLACES[place]}: ${cell.name}`);
  draw(canvas, cell.sample, model.description.sample);
  const truncation = cell.truncation === 1 ? "" : ` × ${cell.truncation}`;
  const words = Object.assign(document.createElement("div"), { className: "words" });
  const [first, ...rest] = cell.short.filter(Boolean);
  words.replaceChildren(...[`${first}${truncation}`, ...rest].map((line) => Object.assign(document.createElement("div"), { textContent: line })));
  const buttons = Object.assign(document.createElement("div"), { className: "buttons" });
  buttons.append(
    button("Free", `Free ${PLACES[place]}`, () => {
      grid.set(place, null);
      grid.root.querySelector("[tabindex='0']")?.focus();
    }),
    button("PNG", `Download ${PLACES[place]} as PNG`, () => save(canvas, `seed-${cell.seed}`)),
  );
  element.append(canvas, words, buttons);
  return element;
}

function button(words, label, act) {
  const element = Object.assign(document.createElement("button"), { type: "button", textContent: words });
  element.setAttribute("aria-label", label);
  element.addEventListener("click", act);
  return element;
}

async function withLatents(cells, signal) {
  const missing = cells.filter(({ latent }) => !latent);
  if (missing.length) {
    const { latent } = await model.predict("latents", { seed: missing.map(({ seed }) => seed) }, signal);
    missing.forEach((cell, i) => {
      cell.latent = latent[i];
    });
  }
  return cells.map(({ latent }) => latent);
}

// ---- Tools ---------------------------------------------------------------------------------------

const percent = (step, last) => Math.round((100 * step) / last);
const exploreLabel = () => {
  if (!labelNames().length) return null;
  return $("explore-label").value === DRAWN ? grid.picks[0].label : Number($("explore-label").value);
};
const labelArgument = (label) => (label === null ? "" : `, label=${label}`);
const labelsArgument = (label) => (label === null ? "" : `, ${label}`);

// Each tool: which places it needs, its latents, its words, and its lines of Python.
const tools = {
  between: {
    needs: [0, 1],
    latents: async ([a, b]) => latents.path(a, b, frames(), model.description.latent),
    words: (step, last) => `${percent(step, last)} % of the way from A to B`,
    python: ([a, b], label, step, count) => [
      `way = client.interpolate(${snippets.point(a)}, ${snippets.point(b)}, steps=${count}${labelArgument(label)})`,
      `sample = way["${model.description.sample.output}"][${step}]`,
    ],
  },
  mix: {
    needs: [0, 1, 2],
    latents: async ([a, b, c]) => [latents.mixed(a, b, c, model.description.latent)],
    words: () => "A − B + C",
    python: ([a, b, c], label) => [
      `mix = client.arithmetic(${snippets.point(a)}, minus=${snippets.point(b)}, plus=${snippets.point(c)}${labelArgument(label)})`,
      `sample = mix["${model.description.sample.output}"][0]`,
    ],
  },
  walk: {
    needs: [0],
    latents: async ([a], signal) => latents.walk(a, await direction(signal), frames(), model.description.latent),
    words: (step, last) => {
      const far = percent(2 * step - last, last);
      return far === 0 ? "At A" : `${Math.abs(far)} % ${far > 0 ? "along" : "against"} the direction`;
    },
    python: walkProgram,
  },
};

const stages = Object.fromEntries(
  Object.entries(tools).map(([id, tool]) => [
    id,
    new Stage(id, {
      caption: (step) => tool.words(step, Math.max(1, stages[id].frames.length - 1)),
      name: (step) => `${id}-${step}`,
      onMove: (step) => showToolRequest(id, step),
    }),
  ]),
);

function frames() {
  const size = model.description.sample.shape.reduce((product, n) => product * n, 1);
  const most = Math.min(MOST_FRAMES, Math.floor(MOST_NUMBERS / size));
  return Math.max(5, most - (1 - (most % 2))); // odd, so that one is in the middle
}

// The tool that the number of chosen pictures asks for.
const leading = () => ["walk", "walk", "between", "mix"][grid.picks.filter(Boolean).length];

function explore(id, leads = id === leading()) {
  const tool = tools[id];
  const cells = tool.needs.map((place) => grid.picks[place]);
  running[id]?.abort();
  tell(id, null);
  const wantsMore = id === "walk" && $("direction").value === "difference";
  if (cells.includes(null) || (wantsMore && grid.picks.includes(null))) {
    stages[id].close();
    return undefined;
  }
  return run(id, stages[id].section, async (signal) => {
    const ends = await withLatents(cells, signal);
    const points = (await tool.latents(ends, signal)).map(latents.rounded);
    const label = exploreLabel();
    const labels = points.map(() => label);
    const inputs = label === null ? { latent: points } : { latent: points, label: labels };
    const samples = (await model.predict("decode", inputs, signal))[model.description.sample.output];
    const realism = await scores(samples, labels, signal);
    Object.assign(stages[id], { points, label, cells });
    stages[id].show(samples, realism, model.description.sample);
    if (leads) showToolRequest(id, stages[id].step);
  });
}

function showToolRequest(id, step) {
  const { points, label, cells, frames: shown } = stages[id];
  const inputs = { latent: [points[step]], ...(label === null ? {} : { label: [label] }) };
  const lines = tools[id].python(cells, label, step, shown.length);
  showRequest(`${stages[id].caption(step)}.`, { signature_name: "decode", inputs }, lines);
}

async function direction(signal) {
  const { size } = model.description.latent;
  if ($("direction").value === "difference") {
    const [, b, c] = await withLatents(grid.picks, signal);
    return c.map((value, i) => value - b[i]);
  }
  if ($("direction").value === "axis") {
    const axis = whole("direction-number", 0, size - 1);
    return Array.from({ length: size }, (_, i) => Number(i === axis));
  }
  return (await model.predict("latents", { seed: [whole("direction-number", -safe, safe)] }, signal)).latent[0];
}

function walkProgram([a], label, step, count) {
  const number = $("direction-number").value;
  const [, b, c] = grid.picks;
  const ways = {
    seed: () => `client.latents([${number}])[0]`,
    axis: () => `np.eye(${model.description.latent.size})[${number}]`,
    difference: () => `${snippets.latent(c)} - ${snippets.latent(b)}`,
  };
  const far = (2 * step) / (count - 1) - 1;
  const back = {
    gaussian: ["latent *= np.linalg.norm(a) / np.linalg.norm(latent)"],
    uniform: ["latent = np.clip(latent, -1, 1)"],
  };
  return [
    `a = ${snippets.latent(a)}`,
    `direction = ${ways[$("direction").value]()}`,
    `latent = a + ${far} * np.sqrt(len(a)) * direction / np.linalg.norm(direction)`,
    ...(back[model.description.latent.prior] ?? []),
    `sample = client.decode(latent[None]${labelsArgument(label)})["${model.description.sample.output}"][0]`,
  ];
}

// ---- Wiring --------------------------------------------------------------------------------------

function later(act, pause = 250) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, pause);
  };
}

const reload = async () => {
  if (await run("models", document.querySelector("header"), loadModels)) await openModel();
};
const again = () => model && run("generate", $("grid"), generate);

$("generate-form").addEventListener("submit", (event) => {
  event.preventDefault();
  again();
});
$("dice").addEventListener("click", () => {
  $("seed").value = String(Math.floor(Math.random() * 1e9));
  again();
});
$("truncation").addEventListener("input", () => {
  $("truncation-value").textContent = Number($("truncation").value).toFixed(2);
});
$("truncation").addEventListener("change", again);
$("label").addEventListener("change", again);
$("scored").addEventListener("change", again);
$("model").addEventListener("change", () => {
  fillVersions();
  openModel();
});
$("version").addEventListener("change", openModel);
$("reload").addEventListener("click", reload);
$("api-key").addEventListener("change", reload);
$("explore-label").addEventListener("change", () => ["between", "mix", "walk"].forEach((id) => explore(id)));
$("direction").addEventListener("change", () => {
  const kind = $("direction").value;
  $("direction-name").textContent = kind === "axis" ? "Axis" : "Seed";
  $("direction-number").closest(".field").hidden = kind === "difference";
  explore("walk", true);
});
$("direction-number").addEventListener("input", later(() => explore("walk", true)));
$("access").querySelector("form").addEventListener("submit", (event) => event.preventDefault());
$("download-grid").addEventListener("click", () =>
  save(sheet(grid.cells.map(({ canvas }) => canvas), grid.columns), `${chosen.model}-grid`),
);
$("copy-curl").addEventListener("click", () => copy("curl", "curl"));
$("copy-python").addEventListener("click", () => copy("python", "Python"));

reload();
