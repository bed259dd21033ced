// The page: a model is picked, pictures are generated, chosen and played with.

import * as address from "./address.js";
import { base, Model, models, Refused } from "./api.js";
import { control, putText, required, textIn } from "./controls.js";
import { askable, classNames, conditions, first, isDrawn, isSingle, main, numbers, samplesIn, subject, words } from "./fields.js";
import { Grid, PLACES } from "./grid.js";
import { Labels } from "./labels.js";
import * as latents from "./latents.js";
import { between, columns, inPython, labelled, mixed } from "./rows.js";
import { draw, number, save, sheet, view } from "./samples.js";
import * as snippets from "./snippets.js";
import { isCalm, Stage } from "./tools.js";
import { Zoom } from "./zoom.js";

const MOST_FRAMES = 33;
const MOST_NUMBERS = 2e6; // that one way between pictures may hold
const MOST_PICTURES = 64;
const EACH = "each"; // label i for picture i
const DRAWN = ""; // labels as the data has them
const ENDS = ""; // on the way, the label of the nearer end
const AS_A = "a"; // on the way, the label of A
const MOST_SHOWN = 200; // numbers of an input in a request that is shown
const MOST_DIGITS = 7; // of a seed below its picture
const SEEDS = 10_000; // that new pictures are drawn from: few digits are read and told more easily

const $ = (id) => document.getElementById(id);

let known = []; // models, as the server lists them
let model = null;
let given = []; // controls of the condition that the model generates under
let asking = []; // controls of the signature that is asked
let codes = []; // controls of the codes of A
let chosen = { model: "", version: "", versionLabel: "" };
let tool = "between"; // whose tab is open
let count = 0; // of chosen pictures, when the tab was last chosen for them
const running = {}; // what each part of the page waits for
const problems = new Map(); // what went wrong in each

// ---- Saying things -------------------------------------------------------------------------------

function tell(part, error) {
  if (!error) problems.delete(part);
  else if (error instanceof Refused) problems.set(part, error);
  else {
    console.error(error);
    problems.set(part, new Refused(0, `Something broke on this page: ${error.message}`));
  }
  showProblems();
}

function showProblems() {
  const sentences = new Set([...problems.values()].map(({ message }) => message));
  $("error").textContent = [...sentences].join(" ");
}

// Whatever hindered every part before is over once one of them has its answer.
function answered(part) {
  problems.delete(part);
  for (const [other, { isPassing }] of problems) if (isPassing) problems.delete(other);
  showProblems();
}

// What was wrong is being put right: the words go as soon as something is changed there, and before
// the change is acted on, which may bring words of its own.
function forgetsProblems(element, part) {
  for (const event of ["input", "change"]) element.addEventListener(event, () => tell(part, null), true);
}

// Runs one part's work and returns whether it came to its end; a newer run of a part ends the older.
async function run(part, element, work) {
  running[part]?.abort();
  const controller = (running[part] = new AbortController());
  element.classList.add("busy");
  element.setAttribute("aria-busy", "true");
  try {
    await work(controller.signal);
    if (running[part] === controller) answered(part);
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
  fill($("model"), known.map(({ name }) => [name, name]), $("model").value || saved.model);
  $("model-field").hidden = known.length === 1;
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
  fill($("version"), options.length ? options : [["", "none is ready"]], $("version").value || saved.version);
  $("version-field").hidden = options.length === 1;
}

async function openModel() {
  const [, kind, value] = $("version").value.split("/");
  chosen = {
    model: $("model").value,
    version: kind === "versions" ? value : "",
    versionLabel: kind === "labels" ? decodeURIComponent(value) : "",
  };
  for (const part of Object.keys(running)) running[part].abort();
  problems.clear();
  showProblems();
  grid.clear();
  onPicks(grid.picks);
  $("about").textContent = $("status").textContent = "";
  model = null;
  await run("generate", $("grid"), async (signal) => {
    const opened = new Model(chosen.model, $("version").value, $("api-key").value);
    await opened.describe(signal);
    model = opened;
    showModel();
    const before = saved;
    saved = {};
    putBack(before);
    const isReady = model.has("generate") || given.every(({ value }) => value() !== null);
    if ($("generate").hidden) return;
    if (!isReady) $("status").textContent = "Fill in what this model generates under, then press Generate.";
    else await generate(signal, before);
  });
}

// What the model is told beside seeds, when it generates and when it decodes: {name: field}.
function conditionFields() {
  const { decode, generate_conditional: generates } = model.signatures;
  const all = { ...decode?.inputs, ...generates?.inputs };
  return Object.fromEntries(Object.entries(all).filter(([, { kind }]) => kind !== "seed" && kind !== "latent"));
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
  const { name, latent, objective, step, logits_are_probabilities: isProbability } = model.description;
  const [, spec] = model.sample;
  const size = spec ? `${spec.shape.map((n) => n ?? "any").join("×") || "one"} ${spec.dtype}` : "no samples of its own";
  const prior = latent ? `, ${latent.size} ${latent.prior} latents` : "";
  $("about").textContent = `${name}: ${size}${prior}, ${objective}, step ${step}.`;
  document.title = `${name} · Saddlepoint`;
  const names = labelNames();
  const numbered = names.map((text, i) => [String(i), text]);
  const isFree = model.has("generate");
  labels.fill((labelInput() ?? "label").replaceAll("_", " "), [...(isFree ? [[DRAWN, "as in the data"]] : []), [EACH, "each in turn"], ...numbered]);
  fill($("explore-label"), [[ENDS, "as picked"], [AS_A, "as A"], ...numbered], $("explore-label").value);
  given = Object.entries(conditions(model.signatures)).map(([input, field]) => control(input, field, again, { isOptional: isFree }));
  $("condition").replaceChildren(...given.map(({ element }) => element));
  $("score-help").textContent = scoreHelp(isProbability);
  showParts(names);
  showCodes();
  showAsking();
}

const scoreHelp = (isProbability) =>
  isProbability
    ? "Score is what the discriminator says of a picture, a logit: 0 is undecided, 2 is 88 % sure that it is real, −2 is 88 % sure that it is made."
    : "Score is what the critic says of a picture: larger is more real to it. Only differences mean something.";

// Parts of the page whose signatures are missing are hidden.
function showParts(names) {
  const { latent } = model.description;
  const generates = model.has("generate") || model.has("generate_conditional");
  const drawn = generates && isDrawn(model.sample[1]);
  const canDecode = generates && drawn && Boolean(latent) && model.has("decode") && model.has("latents");
  const hasScore = model.has("score") && generates;
  const hasCodes = latents.codesOf(latent).length > 0;
  $("generate").hidden = !generates;
  $("labels").hidden = $("explore-label-field").hidden = !names.length;
  $("condition").hidden = !given.length;
  $("scored-field").hidden = $("score-help").hidden = !hasScore;
  $("tools").hidden = $("help").hidden = $("keys").hidden = !canDecode;
  $("download-grid").hidden = !drawn;
  $("truncation-field").hidden = $("truncation-help").hidden = !(canDecode && latents.canTruncate(latent));
  $("codes-tab").hidden = !hasCodes;
  document.querySelector("main").classList.toggle("alone", !canDecode);
  if (tool === "codes" && !hasCodes) openTool("between");
}

function showCodes() {
  const parts = latents.codesOf(model.description.latent);
  const change = () => {
    explore();
    remember();
  };
  codes = parts.map((part) => {
    const range = part.range ?? (latents.isOneHot(part) ? [0, part.size - 1] : [-1, 1]);
    const about = { default: (range[0] + range[1]) / 2 };
    if (latents.isOneHot(part)) return control(part.name, { kind: "label", dtype: "int64", shape: [], range, names: part.names }, change);
    return control(part.name, { kind: "scalar", dtype: "float32", shape: [], range, about }, change);
  });
  $("code-controls").replaceChildren(...codes.map(({ element }) => element));
}

// ---- The address ---------------------------------------------------------------------------------

let saved = address.read(); // what the page showed before, until it is back

const labelFields = () => Object.keys(conditionFields()).filter((name) => conditionFields()[name].kind === "label");
const named = (prefix, inputs) => Object.fromEntries(inputs.map((input) => [`${prefix}.${input.name}`, textIn(input)]));
const unless = (value, usual) => (value === usual ? "" : value);

// Writes what is shown into the address; the API key never.
function remember() {
  if (!model) return;
  const picks = grid.isSuggestion ? [] : grid.picks;
  const [a, b, c] = picks.map((cell) => cell && address.picked(cell, labelFields()));
  const isNewest = $("version").selectedIndex === 0;
  address.write({
    model: known.length > 1 ? chosen.model : "",
    version: isNewest ? "" : $("version").value,
    seed: unless($("seed").value, "0"),
    count: unless($("count").value, "24"),
    label: labels.value,
    truncation: unless($("truncation").value, "1"),
    score: $("scored").checked ? "" : "off",
    a, b, c,
    tool: a || b || c ? tool : "",
    at: a && stages[tool].slider ? stages[tool].step : "",
    under: $("explore-label").value,
    direction: unless($("direction").value, "seed"),
    number: unless($("direction-number").value, "1"),
    ask: $("signature").selectedIndex > 0 ? $("signature").value : "",
    ...named("given", given),
    ...(codes.length && a ? named("code", codes) : {}),
  }); // prettier-ignore
}

// Puts the controls where the address says that they were.
function putBack(before) {
  for (const [id, name] of [["seed", "seed"], ["count", "count"], ["truncation", "truncation"], ["direction-number", "number"]]) {
    if (name in before) $(id).value = before[name];
  }
  for (const [id, name] of [["explore-label", "under"], ["direction", "direction"], ["signature", "ask"]]) {
    if ([...$(id).options].some(({ value }) => value === before[name])) $(id).value = before[name];
  }
  if ("ask" in before && !$("ask").hidden) showInputs();
  if ("label" in before) labels.value = before.label;
  if (before.score === "off") $("scored").checked = false;
  for (const input of given) if (before[`given.${input.name}`]) putText(input, before[`given.${input.name}`]);
  for (const input of codes) if (before[`code.${input.name}`]) putText(input, before[`code.${input.name}`]);
  $("truncation-value").textContent = Number($("truncation").value).toFixed(2);
  showDirection();
}

// Chooses what was chosen; pictures that the grid does not show are made again.
async function putPicksBack(before, signal) {
  const picks = [];
  for (const letter of PLACES) {
    const wanted = address.unpicked(before[letter.toLowerCase()]);
    picks.push(wanted && (pickInGrid(wanted) ?? (await pickAgain(wanted, signal))));
  }
  if (!picks.some(Boolean)) return false;
  const slider = stages[before.tool]?.slider;
  if (slider && before.at) slider.value = before.at;
  count = picks.filter(Boolean).length;
  if (before.tool in tools) openTool(before.tool);
  grid.restore(picks);
  return true;
}

const pickInGrid = (wanted) =>
  grid.cells.find((cell) => address.picked(cell, labelFields()) === [wanted.seed, wanted.truncation, ...wanted.labels].join("_"));

async function pickAgain({ seed, truncation, labels: picked }, signal) {
  const names = labelFields();
  if (picked.length !== names.length) return null;
  const row = Object.fromEntries(names.map((name, i) => [name, picked[i]]));
  for (const { name, value, field } of given) if (field.kind !== "label") row[name] = value();
  if (Object.values(row).includes(null)) return null;
  const rows = Object.keys(row).length ? [row] : null;
  return (await cellsOf({ seeds: [seed], rows, truncation }, signal)).cells[0];
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
  const size = whole("count", 1, MOST_PICTURES);
  const start = whole("seed", -safe, safe);
  if (start + size - 1 > safe) {
    throw new Refused(0, `First seed: ${start} and ${size - 1} more do not stay below 2^53; use a smaller one.`);
  }
  const seeds = Array.from({ length: size }, (_, i) => start + i);
  const truncation = $("truncation-field").hidden ? 1 : Number($("truncation").value);
  return { seeds, rows: askedRows(size), truncation };
}

// What each picture is to be made under, {input: value}; null where the model draws that itself.
function askedRows(size) {
  const names = labelNames();
  const picked = names.length ? labels.value : DRAWN;
  const isGiven = picked !== DRAWN || given.some(({ value }) => value() !== null);
  if (!isGiven && model.has("generate")) return null;
  if (names.length && picked === DRAWN) throw new Refused(0, "Label: this model needs one beside the rest; choose it.");
  const shared = Object.fromEntries(given.map((input) => [input.name, required(input)]));
  const label = (i) => (names.length ? { [labelInput()]: picked === EACH ? i % names.length : Number(picked) } : {});
  return Array.from({ length: size }, (_, i) => ({ ...shared, ...label(i) }));
}

async function samplesOf({ seeds, rows, truncation }, signal) {
  const signature = rows ? "generate_conditional" : "generate";
  const inputs = { [first(model.signatures[signature].inputs, "seed")]: seeds, ...columns(rows) };
  const isWhole = truncation === 1;
  const names = labelFields();
  const reply = isWhole || (names.length && !rows) ? await model.predict(signature, inputs, signal) : null;
  const under = rows ?? drawnRows(reply, names);
  if (isWhole) return { ...samplesIn(reply, model.signatures[signature]), rows: under, points: null, asked: { signature_name: signature, inputs } };
  const { latent } = await model.predict("latents", { seed: seeds }, signal);
  const points = latent.map((z) => latents.rounded(latents.truncated(z, truncation)));
  const decoded = decodable(points, under);
  const asked = { signature_name: "decode", inputs: firstRow(decoded) };
  return { ...samplesIn(await model.predict("decode", decoded, signal), model.signatures.decode), rows: under, points, asked };
}

// The labels that the model drew, one row a picture.
function drawnRows(reply, names) {
  const drawn = names.filter((name) => reply?.[name]);
  if (!drawn.length) return null;
  return reply[drawn[0]].map((_, i) => Object.fromEntries(drawn.map((name) => [name, reply[name][i]])));
}

// The inputs of `decode` for points [n] under rows [n] or null.
function decodable(points, rows) {
  const { inputs } = model.signatures.decode;
  const all = { ...columns(rows), [first(inputs, "latent")]: points };
  return Object.fromEntries(Object.entries(all).filter(([name]) => name in inputs));
}

const firstRow = (inputs) =>
  Object.fromEntries(Object.entries(inputs).map(([name, rows]) => [name, rows.slice(0, 1)]));

async function scores(samples, rows, signal) {
  if ($("scored-field").hidden || !$("scored").checked) return null;
  const { inputs } = model.signatures.score;
  const all = { ...columns(rows), [subject(model.signatures.score)[0]]: samples };
  const wanted = Object.fromEntries(Object.entries(all).filter(([input]) => input in inputs));
  return (await model.predict("score", wanted, signal)).realism;
}

// Pictures with all that is known of them, and the request that they came from.
async function cellsOf(asked, signal) {
  const { spec, samples, rows, points, asked: body } = await samplesOf(asked, signal);
  const fields = conditionFields();
  const cells = asked.seeds.map((seed, i) => {
    const row = rows?.[i] ?? null;
    const said = labelled(row, fields);
    const name = [`Seed ${seed}`, ...said].join(", ");
    const short = [...said, shortSeed(seed)];
    return { seed, row, name, short, truncation: asked.truncation, latent: points?.[i] ?? null, sample: samples[i] };
  });
  return { cells, spec, rows, samples, body };
}

// A seed as it fits below a picture: of a long one its end, in which neighbours differ.
function shortSeed(seed) {
  const digits = String(seed);
  return digits.length > MOST_DIGITS ? `seed …${digits.slice(1 - MOST_DIGITS)}` : `seed ${digits}`;
}

async function generate(signal, before = {}) {
  const asked = question();
  const start = performance.now();
  const { cells, spec, rows, samples, body } = await cellsOf(asked, signal);
  const took = performance.now() - start;
  grid.show(cells, spec);
  $("download-grid").disabled = false;
  const each = cells.length > 1 ? `, ${(took / cells.length).toFixed(1)} ms each` : "";
  $("status").textContent = `${cells.length === 1 ? "1 picture" : `${cells.length} pictures`} in ${took.toFixed(0)} ms${each}.`;
  showRequest(generated(asked), body, program(asked));
  if (!(await putPicksBack(before, signal))) suggest(cells);
  remember();
  const realism = await scores(samples, rows, signal);
  if (!realism) return;
  cells.forEach((cell, i) => {
    cell.scoreText = `score ${number(realism[i])}`;
  });
  grid.mark();
  const mean = realism.reduce((sum, value) => sum + value, 0) / realism.length;
  $("status").textContent += ` Mean score ${number(mean)}.`;
}

// Who has chosen nothing yet sees one picture turn into another: the first, and one of another label.
function suggest(cells) {
  const isFree = grid.isSuggestion || !grid.picks.some(Boolean);
  if ($("tools").hidden || !isFree || cells.length < 2) return;
  const [a, ...rest] = cells;
  const words = (cell) => labelled(cell.row, conditionFields()).join();
  grid.suggest([a, rest.find((cell) => words(cell) !== words(a)) ?? rest[0], null]);
}

const generated = ({ seeds, truncation }) =>
  truncation === 1
    ? `${seeds.length} pictures from seed ${seeds[0]}.`
    : `${seeds.length} pictures from seed ${seeds[0]}, truncated to ${truncation}; as curl, the first of them.`;

function program({ seeds, rows, truncation }) {
  const range = `range(${seeds[0]}, ${seeds[0] + seeds.length})`;
  const output = model.sample[0];
  const arrays = rows ? snippets.arrays(rows[0], given, seeds.length) : [];
  if (truncation === 1) {
    const call = rows ? `generate_conditional(${range}${underPython(rows)})` : `generate(${range})`;
    return [...arrays, `samples = client.${call}["${output}"]`];
  }
  const lines = [...arrays, `latents = ${truncation} * client.latents(${range})`];
  const names = labelFields();
  if (rows || !names.length) return [...lines, `samples = client.decode(latents${underPython(rows)})["${output}"]`];
  const drawn = names.map((name) => `${name === labelInput() ? "" : `${name}=`}drawn["${name}"]`);
  return [...lines, `drawn = client.generate(${range})`, `samples = client.decode(latents, ${drawn.join(", ")})["${output}"]`];
}

// Rows as arguments: the label by its place, or as `label=`, and the rest by name.
function underPython(rows, labelKey = "") {
  const all = columns(rows);
  const primary = labelInput();
  const label = primary in all ? [`, ${labelKey}${inPython(all[primary])}`] : [];
  const rest = Object.entries(all).filter(([name]) => name !== primary);
  return [...label, ...rest.map(([name, values]) => `, ${name}=${Array.isArray(values[0]) ? name : inPython(values)}`)].join("");
}

// ---- Chosen pictures -----------------------------------------------------------------------------

const grid = new Grid($("grid"), onPicks, enlargeCell);
const labels = new Labels($("labels"), () => again());
const zoom = new Zoom();

// As many pictures ask for another tool as before: its tab opens.
function onPicks(picks) {
  $("picks").replaceChildren(...picks.map(pickElement));
  $("tools").classList.toggle("empty", !picks.some(Boolean));
  const now = picks.filter(Boolean).length;
  const alone = !picks[0] ? "between" : codes.length ? "codes" : "walk";
  if (now !== count) openTool(["between", alone, "between", "mix"][now]);
  count = now;
  const isPlaying = grid.isSuggestion && !isCalm();
  const opened = explore(!grid.isSuggestion);
  if (isPlaying) opened?.then((isShown) => isShown && grid.isSuggestion && stages.between.play(1));
  if (running.generate && !grid.isSuggestion) remember();
}

const fileOf = (cell) => [model.description.name, `seed ${cell.seed}`, ...cell.short.slice(0, -1), cell.truncation === 1 ? "" : `truncation ${cell.truncation}`].filter(Boolean).join(" ");

const entryOf = (cell) => ({
  sample: cell.sample,
  spec: model.sample[1],
  name: [cell.name, cell.truncation === 1 ? "" : `truncation ${cell.truncation}`, cell.scoreText].filter(Boolean).join(", "),
  file: fileOf(cell),
  choose: $("tools").hidden ? null : (place) => grid.set(place, cell),
});

function enlargeCell(at) {
  zoom.show(grid.cells.map(entryOf), at);
}

function pickElement(cell, place) {
  const letter = PLACES[place];
  const element = Object.assign(document.createElement("div"), { className: `pick ${letter.toLowerCase()}${cell ? " full" : ""}` });
  element.append(Object.assign(document.createElement("strong"), { textContent: letter }));
  if (!cell) {
    element.append(Object.assign(document.createElement("div"), { className: "words", textContent: "pick one" }));
    return element;
  }
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${letter}: ${cell.name}`);
  draw(canvas, cell.sample, model.sample[1]);
  canvas.addEventListener("click", () => zoom.show([entryOf(cell)]));
  const said = Object.assign(document.createElement("div"), { className: "words", title: cell.name });
  const lines = [...cell.short, cell.truncation === 1 ? "" : `× ${cell.truncation}`].filter(Boolean);
  said.replaceChildren(...lines.map((line) => Object.assign(document.createElement("div"), { textContent: line })));
  const free = button("×", `Free ${letter}`, () => {
    grid.set(place, null);
    grid.root.querySelector("[tabindex='0']")?.focus();
  });
  free.className = "free";
  element.append(canvas, said, free);
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
const frameRows = (cells, size) => Array.from({ length: size }, () => cells[0].row);

// Each tool: which places it needs, its latents and rows, its words, and its lines of Python.
const tools = {
  between: {
    needs: [0, 1],
    latents: async ([a, b]) => latents.path(a, b, frames(), model.description.latent),
    rows: ([a, b], size) => Array.from({ length: size }, (_, i) => between(a.row, b.row, i / (size - 1), conditionFields())),
    words: (step, last) => `${percent(step, last)} % of the way from A to B`,
    python: ([a, b], rows, step) => [
      `way = client.interpolate(${snippets.point(a)}, ${snippets.point(b)}, steps=${stages.between.frames.length}${underPython(rows, "label=")})`,
      `sample = way["${model.sample[0]}"][${step}]`,
    ],
  },
  mix: {
    needs: [0, 1, 2],
    latents: async ([a, b, c]) => [latents.mixed(a, b, c, model.description.latent)],
    rows: ([a, b, c]) => [mixed(a.row, b.row, c.row, conditionFields())],
    words: () => "A − B + C",
    python: ([a, b, c], rows) => [
      `mix = client.arithmetic(${snippets.point(a)}, minus=${snippets.point(b)}, plus=${snippets.point(c)}${underPython(rows, "label=")})`,
      `sample = mix["${model.sample[0]}"][0]`,
    ],
  },
  codes: {
    needs: [0],
    latents: async ([a]) => [latents.withCodes(a, latents.codesOf(model.description.latent), codes.map(({ value }) => value() ?? 0))],
    rows: frameRows,
    words: () => "A with other codes",
    python: codesProgram,
  },
  walk: {
    needs: [0],
    latents: async ([a], signal) => latents.walk(a, await direction(signal), frames(), model.description.latent),
    rows: frameRows,
    words: (step, last) => {
      const far = percent(2 * step - last, last);
      return far === 0 ? "At A" : `${Math.abs(far)} % ${far > 0 ? "along" : "against"} the direction`;
    },
    python: walkProgram,
  },
};

const rememberSoon = later(remember);

const stages = Object.fromEntries(
  Object.keys(tools).map((id) => [
    id,
    new Stage(id, {
      caption: (step) => caption(id, step),
      name: (step) => [model.description.name, id, ...stages[id].cells.map(({ seed }) => seed), `step ${step}`, ...labelsAt(id, step)].join(" "),
      onMove: (step) => {
        showToolRequest(id, step);
        rememberSoon();
      },
      onZoom: (entry) => zoom.show([entry]),
    }),
  ]),
);

const labelsAt = (id, step) => labelled(stages[id].rows?.[step], conditionFields());

// What is shown; where labels differ, which of them, and whose latent they are put on.
function caption(id, step) {
  const { frames: shown, cells, rows } = stages[id];
  const last = Math.max(1, shown.length - 1);
  const said = tools[id].words(step, last);
  const fields = conditionFields();
  const all = new Set([...cells.map(({ row }) => row), ...(rows ?? [])].map((row) => labelled(row, fields).join()));
  if (all.size < 2) return said;
  const here = labelsAt(id, step).join(", ");
  if (id === "mix") return `${said} of the latents, ${here}`;
  const end = { 0: 0, [last]: 1 }[step];
  const isOther = id === "between" && end !== undefined && labelled(cells[end].row, fields).join(", ") !== here;
  return isOther ? `${said}: latent of ${PLACES[end]}, ${here}` : `${said}, ${here}`;
}

function frames() {
  const size = numbers(model.sample[1]);
  const most = Math.min(MOST_FRAMES, Math.floor(MOST_NUMBERS / size));
  return Math.max(5, most - (1 - (most % 2))); // odd, so that one is in the middle
}

function openTool(id) {
  tool = id;
  for (const other of Object.keys(tools)) {
    const isOpen = other === id;
    $(`${other}-tab`).setAttribute("aria-selected", String(isOpen));
    $(`${other}-tab`).tabIndex = isOpen ? 0 : -1;
    $(other).hidden = !isOpen;
    if (!isOpen) {
      running[other]?.abort();
      tell(other, null);
      stages[other].interrupt();
    }
  }
}

// What a tool decodes its points under: as the tool says, or all with the label that is chosen.
function rowsFor(id, cells, size) {
  if (!cells[0].row) return null;
  const rows = tools[id].rows(cells, size);
  const [name, picked] = [labelInput(), $("explore-label").value];
  if (!name || picked === ENDS) return rows;
  const label = picked === AS_A ? cells[0].row[name] : Number(picked);
  return rows.map((row) => ({ ...row, [name]: label }));
}

// Shows what the open tool makes of what is chosen; `leads`: it is the request that is shown.
function explore(leads = true) {
  const id = tool;
  const cells = tools[id].needs.map((place) => grid.picks[place]);
  running[id]?.abort();
  tell(id, null);
  const wantsMore = id === "walk" && $("direction").value === "difference";
  if (cells.includes(null) || (wantsMore && grid.picks.includes(null))) {
    stages[id].close();
    return undefined;
  }
  return run(id, stages[id].section, async (signal) => {
    const ends = await withLatents(cells, signal);
    const points = (await tools[id].latents(ends, signal)).map(latents.rounded);
    const rows = rowsFor(id, cells, points.length);
    const reply = await model.predict("decode", decodable(points, rows), signal);
    const { spec, samples } = samplesIn(reply, model.signatures.decode);
    const realism = await scores(samples, rows, signal);
    Object.assign(stages[id], { points, rows, cells });
    stages[id].show(samples, realism, spec);
    if (leads) showToolRequest(id, stages[id].step);
  });
}

function showToolRequest(id, step) {
  const { points, rows, cells } = stages[id];
  const inputs = decodable([points[step]], rows && [rows[step]]);
  const arrays = rows ? snippets.arrays(rows[step], given, points.length) : [];
  const lines = [...arrays, ...tools[id].python(cells, rows, step)];
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

function codesProgram([a], rows) {
  const lines = latents.codesOf(model.description.latent).map((part, i) => {
    const value = codes[i].value() ?? 0;
    const place = `latent[${part.start}:${part.start + part.size}]`;
    return `${place} = ${latents.isOneHot(part) ? `np.eye(${part.size})[${value}]` : JSON.stringify(value)}`;
  });
  return [
    `latent = np.array(${snippets.latent(a)})`,
    ...lines,
    `sample = client.decode(latent[None]${underPython(rows && rows.slice(0, 1))})["${model.sample[0]}"][0]`,
  ];
}

function walkProgram([a], rows, step) {
  const number = $("direction-number").value;
  const [, b, c] = grid.picks;
  const ways = {
    seed: () => `client.latents([${number}])[0]`,
    axis: () => `np.eye(${model.description.latent.size})[${number}]`,
    difference: () => `${snippets.latent(c)} - ${snippets.latent(b)}`,
  };
  const far = (2 * step) / (stages.walk.frames.length - 1) - 1;
  const back = {
    gaussian: ["latent *= np.linalg.norm(a) / np.linalg.norm(latent)"],
    uniform: ["latent = np.clip(latent, -1, 1)"],
  };
  return [
    `a = ${snippets.latent(a)}`,
    `direction = ${ways[$("direction").value]()}`,
    `latent = a + ${far} * np.sqrt(len(a)) * direction / np.linalg.norm(direction)`,
    ...(back[model.description.latent.prior] ?? []),
    `sample = client.decode(latent[None]${underPython(rows && rows.slice(0, 1))})["${model.sample[0]}"][0]`,
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
    name === about ? picture : control(name, field, nothing, { subject: picture }),
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
    shown.addEventListener("click", () => zoom.show([{ sample: value, spec: field, name: caption.textContent, file: `${$("signature").value} ${name}` }]));
    element.append(shown, caption, download);
  } else if (isSingle(field)) element.append(caption);
  else element.append(shown, caption);
  return element;
}

// ---- Wiring --------------------------------------------------------------------------------------

function showDirection() {
  const kind = $("direction").value;
  $("direction-name").textContent = kind === "axis" ? "Axis" : "Seed";
  $("direction-number").closest(".field").hidden = kind === "difference";
}

function later(act, pause = 250) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, pause);
  };
}

forgetsProblems($("generate-form"), "generate");
forgetsProblems($("ask-form"), "ask");
forgetsProblems($("walk"), "walk");
forgetsProblems($("codes"), "codes");

const reload = async () => {
  if (await run("models", document.querySelector("header"), loadModels)) await openModel();
};
const again = () => model && run("generate", $("grid"), generate);

$("generate-form").addEventListener("submit", (event) => {
  event.preventDefault();
  again();
});
$("signature").addEventListener("change", () => {
  showInputs();
  remember();
});
$("ask-form").addEventListener("submit", (event) => {
  event.preventDefault();
  run("ask", $("answer"), ask);
});
$("dice").addEventListener("click", () => {
  $("seed").value = String(1 + Math.floor(Math.random() * SEEDS));
  again();
});
$("truncation").addEventListener("input", () => {
  $("truncation-value").textContent = Number($("truncation").value).toFixed(2);
});
$("truncation").addEventListener("change", again);
$("scored").addEventListener("change", again);
$("model").addEventListener("change", () => {
  fillVersions();
  openModel();
});
$("version").addEventListener("change", () => openModel());
$("reload").addEventListener("click", reload);
$("api-key").addEventListener("change", reload);
$("explore-label").addEventListener("change", () => {
  explore();
  remember();
});
for (const id of Object.keys(tools)) {
  $(`${id}-tab`).addEventListener("click", () => {
    openTool(id);
    explore();
    remember();
  });
}
document.querySelector("[role='tablist']").addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step) return;
  const tabs = [...document.querySelectorAll("[role='tab']:not([hidden])")];
  const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
  next.click();
  next.focus();
});
$("direction").addEventListener("change", () => {
  showDirection();
  explore();
  remember();
});
$("direction-number").addEventListener("input", later(() => {
  explore();
  remember();
})); // prettier-ignore
$("access").querySelector("form").addEventListener("submit", (event) => event.preventDefault());
$("download-grid").addEventListener("click", () =>
  save(sheet(grid.cells, grid.columns), `${model.description.name} grid`),
);
$("copy-curl").addEventListener("click", () => copy("curl", "curl"));
$("copy-python").addEventListener("click", () => copy("python", "Python"));

$("settings").open = ["seed", "count", "truncation", "score"].some((name) => name in saved);
openTool(tool);
onPicks(grid.picks);
reload();
