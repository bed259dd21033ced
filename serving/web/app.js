// The page: a model is picked, pictures are generated, chosen and played with.

import { base, Model, models, Refused } from "./api.js";
import { control, required } from "./controls.js";
import { askable, classNames, conditions, first, isDrawn, isSingle, main, numbers, samplesIn, subject, words } from "./fields.js";
import { Grid, PLACES } from "./grid.js";
import * as latents from "./latents.js";
import { draw, number, save, sheet, view } from "./samples.js";
import * as snippets from "./snippets.js";
import { Stage } from "./tools.js";

const MOST_FRAMES = 33;
const MOST_NUMBERS = 2e6; // that one way between pictures may hold
const MOST_PICTURES = 64;
const EACH = "each"; // label i for picture i
const DRAWN = ""; // labels as the data has them
const MOST_SHOWN = 200; // numbers of an input in a request that is shown

const $ = (id) => document.getElementById(id);

let known = []; // models, as the server lists them
let model = null;
let given = []; // controls of the condition that the model generates under
let asking = []; // controls of the signature that is asked
let codes = []; // controls of the codes of A
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
  $("curl").textContent = snippets.curl(new URL(model.path, base()).href, shortened(body), withKey);
  $("python").textContent = snippets.program(base().href.replace(/\/$/, ""), chosen, withKey, lines);
  $("copy-curl").disabled = $("copy-python").disabled = false;
}

// Pictures are too long to be read; what is left out is an ellipsis.
function shortened(body) {
  const inputs = Object.entries(body.inputs).map(([name, rows]) => [name, rows.flat(Infinity).length > MOST_SHOWN ? "…" : rows]);
  return { ...body, inputs: Object.fromEntries(inputs) };
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
    const isReady = model.has("generate") || given.every(({ value }) => value() !== null);
    if (!$("generate").hidden && isReady) await generate(signal);
    else $("status").textContent = "Fill in what this model generates under, then press Generate.";
  });
}

// The label that the model generates under: its input's name and its classes.
function labelInput() {
  const { inputs } = model.signatures.generate_conditional ?? model.signatures.decode ?? { inputs: {} };
  return first(inputs, "label");
}

function labelNames() {
  const name = labelInput();
  return name ? classNames((model.signatures.generate_conditional ?? model.signatures.decode).inputs[name]) : [];
}

function showModel() {
  const { name, latent, objective, step } = model.description;
  const [, spec] = model.sample;
  const size = spec ? `${spec.shape.map((n) => n ?? "any").join("×") || "one"} ${spec.dtype}` : "no samples of its own";
  const prior = latent ? `, ${latent.size} ${latent.prior} latents` : "";
  $("about").textContent = `${name}: ${size}${prior}, ${objective}, step ${step}.`;
  const names = labelNames();
  const numbered = names.map((text, i) => [String(i), text]);
  const free = model.has("generate") ? [[DRAWN, "as in the data"]] : [];
  fill($("label"), [...free, [EACH, "each in turn"], ...numbered], $("label").value);
  fill($("explore-label"), [[DRAWN, "as A"], ...numbered], $("explore-label").value);
  given = Object.entries(conditions(model.signatures)).map(([input, field]) => control(input, field, again));
  $("condition").replaceChildren(...given.map(({ element }) => element));
  showParts(names);
  showCodes();
  showAsking();
}

// Parts of the page whose signatures are missing are hidden.
function showParts(names) {
  const { latent } = model.description;
  const generates = model.has("generate") || model.has("generate_conditional");
  const drawn = generates && isDrawn(model.sample[1]);
  const canDecode = generates && drawn && Boolean(latent) && model.has("decode") && model.has("latents");
  $("generate").hidden = !generates;
  $("label-field").hidden = $("explore-label-field").hidden = !names.length;
  $("condition").hidden = !given.length;
  $("scored-field").hidden = !model.has("score") || !generates;
  $("tools").hidden = $("help").hidden = !canDecode;
  $("download-grid").hidden = !drawn;
  $("truncation-field").hidden = !(canDecode && latents.canTruncate(latent));
  $("codes").hidden = !latents.codesOf(latent).length;
}

function showCodes() {
  const parts = latents.codesOf(model.description.latent);
  const change = () => explore("codes", true);
  codes = parts.map((part) => {
    const range = part.range ?? (latents.isOneHot(part) ? [0, part.size - 1] : [-1, 1]);
    const about = { default: (range[0] + range[1]) / 2 };
    if (latents.isOneHot(part)) return control(part.name, { kind: "label", dtype: "int64", shape: [], range, names: part.names }, change);
    return control(part.name, { kind: "scalar", dtype: "float32", shape: [], range, about }, change);
  });
  $("code-controls").replaceChildren(...codes.map(({ element }) => element));
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
  const row = condition(labels);
  if (row && names.length && !labels) throw new Refused(0, "Label: this model needs one beside the rest; choose it.");
  const truncation = $("truncation-field").hidden ? 1 : Number($("truncation").value);
  return { seeds, labels, condition: row, truncation };
}

// What the model generates under beside labels, {name: row}; null where it draws that itself.
function condition(labels) {
  const isGiven = labels || given.some(({ value }) => value() !== null);
  if (!isGiven && model.has("generate")) return null;
  return Object.fromEntries(given.map((input) => [input.name, required(input)]));
}

// Columns for `count` rows of what is the same for all of them.
const repeated = (row, count) =>
  Object.fromEntries(Object.entries(row ?? {}).map(([name, value]) => [name, Array(count).fill(value)]));

async function samplesOf({ seeds, labels, condition: row, truncation }, signal) {
  const signature = labels || row ? "generate_conditional" : "generate";
  const under = { ...repeated(row, seeds.length), ...(labels ? { [labelInput()]: labels } : {}) };
  const inputs = { [first(model.signatures[signature].inputs, "seed")]: seeds, ...under };
  let asked = { signature_name: signature, inputs };
  let made = signature;
  let reply = null;
  const needsLabels = labelNames().length > 0;
  if (truncation === 1 || (needsLabels && !labels)) reply = await model.predict(signature, inputs, signal);
  const known = labels ?? reply?.[labelInput()] ?? null;
  let points = null;
  if (truncation !== 1) {
    const { latent } = await model.predict("latents", { seed: seeds }, signal);
    points = latent.map((z) => latents.rounded(latents.truncated(z, truncation)));
    const decoded = decodable(points, known, row);
    asked = { signature_name: "decode", inputs: firstRow(decoded) };
    made = "decode";
    reply = await model.predict("decode", decoded, signal);
  }
  return { ...samplesIn(reply, model.signatures[made]), labels: known, points, asked };
}

// The inputs of `decode` for points [n], labels [n] or null, and a condition that all share.
function decodable(points, labels, row) {
  const { inputs } = model.signatures.decode;
  const columns = { ...repeated(row, points.length), [first(inputs, "latent")]: points };
  if (labels && first(inputs, "label")) columns[first(inputs, "label")] = labels;
  return Object.fromEntries(Object.entries(columns).filter(([name]) => name in inputs));
}

const firstRow = (inputs) =>
  Object.fromEntries(Object.entries(inputs).map(([name, rows]) => [name, rows.slice(0, 1)]));

async function scores(samples, labels, row, signal) {
  if ($("scored-field").hidden || !$("scored").checked) return null;
  const { inputs } = model.signatures.score;
  const columns = { ...repeated(row, samples.length), [subject(model.signatures.score)[0]]: samples };
  const name = first(inputs, "label");
  if (name) columns[name] = labels;
  const known = Object.fromEntries(Object.entries(columns).filter(([input]) => input in inputs));
  return (await model.predict("score", known, signal)).realism;
}

async function generate(signal) {
  const asked = question();
  const start = performance.now();
  const { spec, samples, labels, points, asked: body } = await samplesOf(asked, signal);
  const took = performance.now() - start;
  const names = labelNames();
  const cells = asked.seeds.map((seed, i) => {
    const label = labels ? labels[i] : null;
    const name = `Seed ${seed}${label === null ? "" : `, label ${names[label]}`}`;
    const short = [`seed ${seed}`, label === null ? "" : `label ${names[label]}`];
    return { seed, label, name, short, truncation: asked.truncation, condition: asked.condition, latent: points?.[i] ?? null, sample: samples[i] };
  });
  grid.show(cells, spec);
  $("download-grid").disabled = false;
  const each = cells.length > 1 ? `, ${(took / cells.length).toFixed(1)} ms each` : "";
  $("status").textContent = `${cells.length === 1 ? "1 picture" : `${cells.length} pictures`} in ${took.toFixed(0)} ms${each}.`;
  showRequest(generated(asked), body, program(asked));
  const realism = await scores(samples, labels, asked.condition, signal);
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

function program({ seeds, labels, condition: row, truncation }) {
  const range = `range(${seeds[0]}, ${seeds[0] + seeds.length})`;
  const under = labels === null ? null : new Set(labels).size === 1 ? String(labels[0]) : JSON.stringify(labels);
  const rest = snippets.keywords(row ?? {}, given, seeds.length);
  const output = model.sample[0];
  const arrays = snippets.arrays(row ?? {}, given, seeds.length);
  const labelled = under === null ? "" : `, ${under}`;
  if (truncation === 1) {
    const call = labels || row ? `generate_conditional(${range}${labelled}${rest})` : `generate(${range})`;
    return [...arrays, `samples = client.${call}["${output}"]`];
  }
  const lines = [...arrays, `latents = ${truncation} * client.latents(${range})`];
  if (!labelNames().length) return [...lines, `samples = client.decode(latents${rest})["${output}"]`];
  if (under === null) lines.push(`labels = client.generate(${range})["label"]`);
  return [...lines, `samples = client.decode(latents, ${under ?? "labels"}${rest})["${output}"]`];
}

// ---- Chosen pictures -----------------------------------------------------------------------------

const grid = new Grid($("grid"), onPicks);

function onPicks(picks) {
  $("picks").replaceChildren(...picks.map(pickElement));
  explore("between");
  explore("mix");
  explore("codes");
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
  draw(canvas, cell.sample, model.sample[1]);
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
      `sample = way["${model.sample[0]}"][${step}]`,
    ],
  },
  mix: {
    needs: [0, 1, 2],
    latents: async ([a, b, c]) => [latents.mixed(a, b, c, model.description.latent)],
    words: () => "A − B + C",
    python: ([a, b, c], label) => [
      `mix = client.arithmetic(${snippets.point(a)}, minus=${snippets.point(b)}, plus=${snippets.point(c)}${labelArgument(label)})`,
      `sample = mix["${model.sample[0]}"][0]`,
    ],
  },
  codes: {
    needs: [0],
    latents: async ([a]) => [latents.withCodes(a, latents.codesOf(model.description.latent), codes.map(({ value }) => value() ?? 0))],
    words: () => "A with other codes",
    python: codesProgram,
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
  const size = numbers(model.sample[1]);
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
  const missing = id === "codes" && !codes.length;
  if (missing || cells.includes(null) || (wantsMore && grid.picks.includes(null))) {
    stages[id].close();
    return undefined;
  }
  return run(id, stages[id].section, async (signal) => {
    const ends = await withLatents(cells, signal);
    const points = (await tool.latents(ends, signal)).map(latents.rounded);
    const under = exploreLabel();
    const labels = under === null ? null : points.map(() => under);
    const row = cells[0].condition;
    const reply = await model.predict("decode", decodable(points, labels, row), signal);
    const { spec, samples } = samplesIn(reply, model.signatures.decode);
    const realism = await scores(samples, labels, row, signal);
    Object.assign(stages[id], { points, label: under, cells });
    stages[id].show(samples, realism, spec);
    if (leads) showToolRequest(id, stages[id].step);
  });
}

function showToolRequest(id, step) {
  const { points, label, cells, frames: shown } = stages[id];
  const inputs = decodable([points[step]], label === null ? null : [label], cells[0].condition);
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

function codesProgram([a], label) {
  const lines = latents.codesOf(model.description.latent).map((part, i) => {
    const value = codes[i].value() ?? 0;
    const place = `latent[${part.start}:${part.start + part.size}]`;
    return `${place} = ${latents.isOneHot(part) ? `np.eye(${part.size})[${value}]` : JSON.stringify(value)}`;
  });
  return [
    `latent = np.array(${snippets.latent(a)})`,
    ...lines,
    `sample = client.decode(latent[None]${labelsArgument(label)})["${model.sample[0]}"][0]`,
  ];
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
    `sample = client.decode(latent[None]${labelsArgument(label)})["${model.sample[0]}"][0]`,
  ];
}

// ---- Asking any other signature ------------------------------------------------------------------

function showAsking() {
  const names = askable(model.signatures);
  fill($("signature"), names.map((name) => [name, name.replaceAll("_", " ")]), $("signature").value);
  $("ask").hidden = !names.length;
  if (names.length) showInputs();
}

function showInputs() {
  const signature = model.signatures[$("signature").value];
  const [about] = subject(signature);
  const nothing = () => {};
  const picture = control(about, signature.inputs[about], nothing);
  asking = Object.entries(signature.inputs).map(([name, field]) =>
    name === about ? picture : control(name, field, nothing, picture),
  );
  $("ask-inputs").replaceChildren(...asking.map(({ element }) => element));
  $("answer").replaceChildren();
  $("answered").textContent = "";
}

async function ask(signal) {
  const name = $("signature").value;
  const signature = model.signatures[name];
  const row = Object.fromEntries(asking.map((input) => [input.name, required(input)]));
  const start = performance.now();
  const reply = await model.predict(name, repeated(row, 1), signal);
  const took = performance.now() - start;
  $("answer").replaceChildren(...Object.entries(signature.outputs).map(([output, field]) => answerElement(output, field, reply[output][0])));
  $("answered").textContent = `Answered in ${took.toFixed(0)} ms.`;
  const lines = [...snippets.arrays(row, asking, 1), `answer = client.call(${JSON.stringify(name)}${snippets.keywords(row, asking, 1)})["${main(signature)[0]}"]`];
  showRequest(`${name.replaceAll("_", " ")}.`, { signature_name: name, inputs: repeated(row, 1) }, lines);
}

function answerElement(name, field, value) {
  const element = Object.assign(document.createElement("figure"), { className: "answer" });
  const shown = field.dtype === "string" && !isSingle(field) ? document.createElement("div") : view(value, field);
  const caption = document.createElement("figcaption");
  caption.textContent = isSingle(field) ? `${name}: ${words(value, field)}` : name;
  if (shown instanceof HTMLCanvasElement) {
    shown.setAttribute("role", "img");
    shown.setAttribute("aria-label", name);
    const download = button("PNG", `Download ${name} as PNG`, () => save(shown, `${$("signature").value}-${name}`));
    element.append(shown, caption, download);
  } else if (isSingle(field)) element.append(caption);
  else element.append(shown, caption);
  return element;
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
$("signature").addEventListener("change", showInputs);
$("ask-form").addEventListener("submit", (event) => {
  event.preventDefault();
  run("ask", $("answer"), ask);
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
$("explore-label").addEventListener("change", () => Object.keys(tools).forEach((id) => explore(id)));
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
