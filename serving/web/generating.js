// Pictures from seeds: what is asked for, the answer, and the score.

import { Refused } from "./api.js";
import { required } from "./controls.js";
import { $, remember } from "./elements.js";
import { first, samplesIn, subject } from "./fields.js";
import { Labels } from "./labels.js";
import * as latents from "./latents.js";
import { grid } from "./picking.js";
import { run } from "./problems.js";
import { showRequest } from "./request.js";
import { columns, inPython, labelled } from "./rows.js";
import { number } from "./samples.js";
import * as snippets from "./snippets.js";
import { conditionFields, drawnFields, given, labelInput, labelNames, model } from "./state.js";

const MOST_PICTURES = 64;
export const EACH = "each"; // label i for picture i
export const DRAWN = ""; // labels as the data has them
const MOST_DIGITS = 7; // of a seed below its picture

export const labels = new Labels($("labels"), () => again());

export function whole(id, low, high) {
  const text = $(id).value.trim();
  const value = Number(text);
  if (text === "" || !Number.isSafeInteger(value) || value < low || value > high) {
    const limits = high === Number.MAX_SAFE_INTEGER ? "between −2^53 and 2^53" : `from ${low} to ${high}`;
    const name = $(id).labels[0].textContent.trim();
    throw new Refused(0, `${name}: received ${text || "nothing"}; expected a whole number ${limits}.`);
  }
  return value;
}

export const safe = Number.MAX_SAFE_INTEGER;

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
  const names = drawnFields();
  if (!isWhole && model.has(`${signature}_truncated`)) return styled(`${signature}_truncated`, { seeds, rows, truncation }, signal);
  const reply = isWhole || (names.length && !rows) ? await model.predict(signature, inputs, signal) : null;
  const under = rows ?? drawnRows(reply, names);
  if (isWhole) return { ...samplesIn(reply, model.signatures[signature]), rows: under, points: null, asked: { signature_name: signature, inputs } };
  const { latent } = await model.predict("latents", { seed: seeds }, signal);
  const points = latent.map((z) => latents.rounded(latents.truncated(z, truncation)));
  const decoded = decodable(points, under);
  const asked = { signature_name: "decode", inputs: firstRow(decoded) };
  return { ...samplesIn(await model.predict("decode", decoded, signal), model.signatures.decode), rows: under, points, asked };
}

// Samples that the model itself draws towards its average style.
async function styled(signature, { seeds, rows, truncation }, signal) {
  const { inputs: fields } = model.signatures[signature];
  const inputs = { [first(fields, "seed")]: seeds, truncation: seeds.map(() => truncation), ...columns(rows) };
  const reply = await model.predict(signature, inputs, signal);
  const under = rows ?? drawnRows(reply, drawnFields());
  return { ...samplesIn(reply, model.signatures[signature]), rows: under, points: null, asked: { signature_name: signature, inputs } };
}

// The labels that the model drew, one row a picture.
function drawnRows(reply, names) {
  const drawn = names.filter((name) => reply?.[name]);
  if (!drawn.length) return null;
  return reply[drawn[0]].map((_, i) => Object.fromEntries(drawn.map((name) => [name, reply[name][i]])));
}

// The inputs of `decode` for points [n] under rows [n] or null.
export function decodable(points, rows) {
  const { inputs } = model.signatures.decode;
  const all = { ...columns(rows), [first(inputs, "latent")]: points };
  return Object.fromEntries(Object.entries(all).filter(([name]) => name in inputs));
}

const firstRow = (inputs) =>
  Object.fromEntries(Object.entries(inputs).map(([name, rows]) => [name, rows.slice(0, 1)]));

export async function scores(samples, rows, signal) {
  if ($("scored-field").hidden || !$("scored").checked) return null;
  const { inputs } = model.signatures.score;
  const all = { ...columns(rows), [subject(model.signatures.score)[0]]: samples };
  const wanted = Object.fromEntries(Object.entries(all).filter(([input]) => input in inputs));
  return (await model.predict("score", wanted, signal)).realism;
}

// Pictures with all that is known of them, and the request that they came from.
export async function cellsOf(asked, signal) {
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

// The picture at a latent that no seed gave, to be picked like those of the grid. It is shown under what
// was asked with it, and else under what the form has.
export async function cellAt(latent, name, asked, signal) {
  const fields = Object.keys(conditionFields()).filter((field) => field in model.signatures.decode.inputs);
  const form = (field) => (field === labelInput() ? Number(labels.value) || 0 : required(given.find((input) => input.name === field)));
  const row = fields.length ? Object.fromEntries(fields.map((field) => [field, asked[field] ?? form(field)])) : null;
  const point = latents.rounded(latent);
  const reply = await model.predict("decode", decodable([point], row && [row]), signal);
  const { samples } = samplesIn(reply, model.signatures.decode);
  const said = labelled(row, conditionFields());
  return { seed: null, row, name: [name, ...said].join(", "), short: [...said, name], truncation: 1, latent: point, sample: samples[0] };
}

// A seed as it fits below a picture: of a long one its end, in which neighbours differ.
function shortSeed(seed) {
  const digits = String(seed);
  return digits.length > MOST_DIGITS ? `seed …${digits.slice(1 - MOST_DIGITS)}` : `seed ${digits}`;
}

export const again = () => model && run("generate", $("grid"), (signal) => generate(signal));

// Fills the grid. Picks are put back by `putPicksBack`, which answers whether there were some; `doubt`
// is said beside the time that it took.
export async function generate(signal, { doubt = "", putPicksBack = async () => false } = {}) {
  const asked = question();
  const start = performance.now();
  const { cells, spec, rows, samples, body } = await cellsOf(asked, signal);
  const took = performance.now() - start;
  grid.show(cells, spec);
  $("download-grid").disabled = false;
  const each = cells.length > 1 ? `, ${(took / cells.length).toFixed(1)} ms each` : "";
  $("status").textContent = `${cells.length === 1 ? "1 picture" : `${cells.length} pictures`} in ${took.toFixed(0)} ms${each}.${doubt && ` ${doubt}`}`;
  showRequest(generated(asked), body, program(asked));
  if (!(await putPicksBack(signal))) suggest(cells);
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
  const cut = `${rows ? "generate_conditional" : "generate"}_truncated`;
  if (model.has(cut)) {
    const call = `client.call("${cut}", seed=${range}, truncation=[${truncation}] * ${seeds.length}${underPython(rows, "label=")})`;
    return [...arrays, `samples = ${call}["${output}"]`];
  }
  const lines = [...arrays, `latents = ${truncation} * client.latents(${range})`];
  const names = drawnFields();
  if (rows || !names.length) return [...lines, `samples = client.decode(latents${underPython(rows)})["${output}"]`];
  const drawn = names.map((name) => `${name === labelInput() ? "" : `${name}=`}drawn["${name}"]`);
  return [...lines, `drawn = client.generate(${range})`, `samples = client.decode(latents, ${drawn.join(", ")})["${output}"]`];
}

// Rows as arguments: the label by its place, or as `label=`, and the rest by name.
export function underPython(rows, labelKey = "") {
  const all = columns(rows);
  const primary = labelInput();
  const label = primary in all ? [`, ${labelKey}${inPython(all[primary])}`] : [];
  const rest = Object.entries(all).filter(([name]) => name !== primary);
  return [...label, ...rest.map(([name, values]) => `, ${name}=${Array.isArray(values[0]) ? name : inPython(values)}`)].join("");
}
