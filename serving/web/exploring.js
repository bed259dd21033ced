// What follows from picked pictures: the way between two, a mix, a walk, other codes.

import { Refused } from "./api.js";
import { $, later, remember } from "./elements.js";
import { classNames, numbers, samplesIn, subject } from "./fields.js";
import { decodable, safe, scores, underPython, whole } from "./generating.js";
import { PLACES } from "./grid.js";
import * as latents from "./latents.js";
import { grid, showPicks, withLatents, zoom } from "./picking.js";
import { run, running, tell } from "./problems.js";
import { showRequest } from "./request.js";
import { between, labelled, mixed } from "./rows.js";
import * as snippets from "./snippets.js";
import { codes, conditionFields, given, labelInput, model } from "./state.js";
import { isCalm, small, Stage } from "./tools.js";

const MOST_FRAMES = 33;
const MOST_MOVED = 10;
const LOOKED_AT = 256; // pictures, for the direction of a class
const MOST_NUMBERS = 2e6; // that one way between pictures may hold
export const ENDS = ""; // on the way, the label of the nearer end
export const AS_A = "a"; // on the way, the label of A
export let tool = "between"; // whose tab is open
let count = 0; // of picked pictures, when the tab was last chosen for them

const percent = (step, last) => Math.round((100 * step) / last);

const frameRows = (cells, size) => Array.from({ length: size }, () => cells[0].row);

// Each tool: which places it needs, its latents and rows, its words, and its lines of Python.
export const tools = {
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
    // A with these codes, and with each of them moved.
    latents: async ([a]) => {
      const parts = latents.codesOf(model.description.latent);
      const values = codes.map(({ value }) => value() ?? 0);
      return [latents.withCodes(a, parts, values), ...latents.traversal(a, parts, values, stepsOfCodes())];
    },
    rows: frameRows,
    show: ([first, ...moved], realism, spec) => {
      stages.codes.show([first], realism?.slice(0, 1) ?? null, spec);
      const steps = stepsOfCodes();
      codes.forEach(({ strip }, i) => strip.replaceChildren(...moved.slice(i * steps, (i + 1) * steps).map((sample) => small(sample, spec))));
    },
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

export const stages = Object.fromEntries(
  Object.keys(tools).map((id) => [
    id,
    new Stage(id, {
      caption: (step) => caption(id, step),
      name: (step) => [model.description.name, id, ...stages[id].cells.map(({ seed, name }) => seed ?? name), `step ${step}`, ...labelsAt(id, step)].join(" "),
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

// Pictures in which one code is moved.
const stepsOfCodes = () => Math.min(MOST_MOVED, Math.max(2, Math.floor(MOST_NUMBERS / numbers(model.sample[1]) / codes.length)));

export function openTool(id) {
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

// As many pictures ask for another tool as before: its tab opens.
export function onPicks() {
  showPicks();
  const now = grid.picks.filter(Boolean).length;
  const alone = !grid.picks[0] ? "between" : codes.length ? "codes" : "walk";
  if (now !== count) openTool(["between", alone, "between", "mix"][now]);
  count = now;
  const isPlaying = grid.isSuggestion && !isCalm();
  const opened = explore(!grid.isSuggestion);
  if (isPlaying) opened?.then((isShown) => isShown && grid.isSuggestion && stages.between.play(1));
  if (running.generate && !grid.isSuggestion) remember();
}

grid.root.addEventListener("picked", onPicks);

// The tab that is open stays open for so many pictures.
export function settle(number) {
  count = number;
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
export function explore(leads = true) {
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
    (tools[id].show ?? stages[id].show.bind(stages[id]))(samples, realism, spec);
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
  if ($("direction").value === "class") return classDirection(whole("direction-number", 0, numClasses() - 1), signal);
  if ($("direction").value === "axis") {
    const axis = whole("direction-number", 0, size - 1);
    return Array.from({ length: size }, (_, i) => Number(i === axis));
  }
  return (await model.predict("latents", { seed: [whole("direction-number", -safe, safe)] }, signal)).latent[0];
}

// From the mean of drawn latents whose pictures are of other classes to that of this class.
async function classDirection(index, signal) {
  const seeds = Array.from({ length: LOOKED_AT }, (_, i) => i);
  const { latent } = await model.predict("latents", { seed: seeds }, signal);
  const { samples } = samplesIn(await model.predict("decode", decodable(latent, null), signal), model.signatures.decode);
  const { label } = await model.predict("classify", { [subject(model.signatures.classify)[0]]: samples }, signal);
  const has = label.map((one) => one === index);
  if (has.includes(true) && has.includes(false)) return latents.direction(latent, has);
  const found = has.filter(Boolean).length;
  throw new Refused(0, `Class ${index}: ${found} of ${LOOKED_AT} pictures are of it; a direction needs some that are and some that are not.`);
}

const numClasses = () => classNames(model.signatures.classify.outputs.label).length;

// Whether the classes of pictures can be told, and are not what they are made under.
export const hasClasses = () => model.has("classify") && model.signatures.classify.outputs.label && !Object.keys(conditionFields()).length;

export function showDirection() {
  const kind = $("direction").value;
  $("direction-name").textContent = { axis: "Axis", class: "Class" }[kind] ?? "Seed";
  $("direction-number").closest(".field").hidden = kind === "difference";
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
    class: () => `zs[has].mean(axis=0) - zs[~has].mean(axis=0)`,
    axis: () => `np.eye(${model.description.latent.size})[${number}]`,
    difference: () => `${snippets.latent(c)} - ${snippets.latent(b)}`,
  };
  const far = (2 * step) / (stages.walk.frames.length - 1) - 1;
  const back = {
    gaussian: ["latent *= np.linalg.norm(a) / np.linalg.norm(latent)"],
    uniform: ["latent = np.clip(latent, -1, 1)"],
  };
  const looked = [
    `zs = client.latents(range(${LOOKED_AT}))`,
    `has = client.classify(client.decode(zs)["${model.sample[0]}"])["label"] == ${number}`,
  ];
  return [
    ...($("direction").value === "class" ? looked : []),
    `a = ${snippets.latent(a)}`,
    `direction = ${ways[$("direction").value]()}`,
    `latent = a + ${far} * np.sqrt(len(a)) * direction / np.linalg.norm(direction)`,
    ...(back[model.description.latent.prior] ?? []),
    `sample = client.decode(latent[None]${underPython(rows && rows.slice(0, 1))})["${model.sample[0]}"][0]`,
  ];
}
