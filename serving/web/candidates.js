// What an edit may look like: answers under several seeds, and the way from the picture to one of
// them, as in Zhu et al. 2016, "Generative visual manipulation on the natural image manifold".

import { button } from "./elements.js";
import { first, samplesIn, subject } from "./fields.js";
import { decodable } from "./generating.js";
import * as latents from "./latents.js";
import { columns } from "./rows.js";
import { draw, number } from "./samples.js";
import { model } from "./state.js";

const COUNT = 4;
const STEPS = 17; // of a way, both ends among them

const make = (tag, properties = {}) => Object.assign(document.createElement(tag), properties);

// The rows of a request: an edit is asked under seeds that follow one another, all else once.
export function rowsOf(signature, row) {
  const seed = first(signature.inputs, "seed");
  if (!seed || !first(signature.inputs, "strokes")) return [row];
  const start = Math.min(row[seed], Number.MAX_SAFE_INTEGER - COUNT + 1);
  return Array.from({ length: COUNT }, (_, i) => ({ ...row, [seed]: start + i }));
}

// Places of a reply's rows, those that came nearest to what was asked for first.
export function ranked(reply, count) {
  const places = Array.from({ length: count }, (_, i) => i);
  return reply.loss ? places.sort((a, b) => reply.loss[a] - reply.loss[b]) : places;
}

// The samples as buttons, of which one is picked.
export function choices(samples, spec, losses, pick) {
  const figure = make("figure", { className: "candidates" });
  const buttons = samples.map((sample, i) => {
    const words = `Candidate ${i + 1}${losses ? `, loss ${number(losses[i])}` : ""}`;
    const one = button("", words, () => choose(i));
    const canvas = make("canvas");
    draw(canvas, sample, spec);
    one.title = words;
    one.append(canvas);
    return one;
  });
  const choose = (i) => {
    buttons.forEach((one, j) => one.setAttribute("aria-pressed", String(i === j)));
    pick(i);
  };
  const row = make("div", { className: "buttons" });
  row.append(...buttons);
  figure.append(row, make("figcaption", { textContent: "candidates, the nearest first" }));
  choose(0);
  return figure;
}

// Whether the model can find two pictures and make what lies between them.
export const hasWay = () => model.has("project") && model.has("decode") && Boolean(model.description.latent);

// The pictures from one picture to another, through what the model has in between.
export async function wayBetween(ends, row, signal) {
  const { inputs } = model.signatures.project;
  const given = Object.fromEntries(Object.entries(row).filter(([name]) => name in inputs));
  const [about] = subject(model.signatures.project);
  const found = await model.predict("project", columns(ends.map((picture) => ({ ...given, [about]: picture }))), signal);
  const [a, b] = found[first(model.signatures.project.outputs, "latent")];
  const points = latents.path(a, b, STEPS, model.description.latent).map(latents.rounded);
  const reply = await model.predict("decode", decodable(points, points.map(() => row)), signal);
  return samplesIn(reply, model.signatures.decode);
}

// A way as a figure: a picture, and the slider along it, which stands at its end.
export function way({ samples, spec }) {
  const canvas = make("canvas");
  canvas.setAttribute("role", "img");
  const slider = make("input", { type: "range", min: 0, max: samples.length - 1, step: 1, value: samples.length - 1 });
  slider.setAttribute("aria-label", "Way from the picture to the edit");
  const show = () => {
    const step = Number(slider.value);
    draw(canvas, samples[step], spec);
    const words = `${Math.round((100 * step) / (samples.length - 1))} % of the way from the picture to the edit`;
    canvas.setAttribute("aria-label", words);
    slider.setAttribute("aria-valuetext", words);
  };
  slider.addEventListener("input", show);
  show();
  const figure = make("figure", { className: "answer way-there" });
  figure.append(canvas, slider, make("figcaption", { textContent: "the picture as the model has it | the edit" }));
  return figure;
}
