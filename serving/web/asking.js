// Any other signature of the model: its inputs, and the answer.

import * as candidates from "./candidates.js";
import { compared } from "./comparing.js";
import { control, required } from "./controls.js";
import { $, button, fill } from "./elements.js";
import { askable, first, isSingle, main, subject, translation, words } from "./fields.js";
import { cellAt } from "./generating.js";
import { PLACES } from "./grid.js";
import { grid, zoom } from "./picking.js";
import { run } from "./problems.js";
import { showRequest } from "./request.js";
import { columns } from "./rows.js";
import { save, view } from "./samples.js";
import * as snippets from "./snippets.js";
import { model } from "./state.js";

const BRUSHED = new Set(["mask", "strokes"]); // painted over a picture before something is asked
let found = 0; // latents so far, for their names
let asking = []; // controls of the signature that is asked

export function showAsking() {
  const names = askable(model.signatures);
  fill($("signature"), names.map((name) => [name, name.replaceAll("_", " ")]), $("signature").value);
  $("ask").hidden = !names.length;
  if (names.length) showInputs();
}

export function showInputs() {
  const signature = model.signatures[$("signature").value];
  const [about] = subject(signature);
  const nothing = () => {};
  const isPainted = Object.values(signature.inputs).some(({ kind }) => BRUSHED.has(kind));
  const isTranslated = translation(signature) !== null && !isPainted;
  const asks = isTranslated ? () => $("ask-form").requestSubmit() : nothing; // as soon as there is a picture
  const picture = control(about, signature.inputs[about], asks, { canDraw: isTranslated });
  asking = Object.entries(signature.inputs).map(([name, field]) =>
    name === about ? picture : control(name, field, nothing, { subject: picture }),
  );
  $("ask-inputs").replaceChildren(...asking.map(({ element }) => element));
  $("answer").replaceChildren();
  $("answered").textContent = "";
}

export async function ask(signal) {
  const name = $("signature").value;
  const signature = model.signatures[name];
  const rows = candidates.rowsOf(signature, Object.fromEntries(asking.map((input) => [input.name, required(input)])));
  const pair = translation(signature);
  const before = pair && copied(asking.find((input) => input.name === pair[0]).element.picture);
  const start = performance.now();
  const reply = await model.predict(name, columns(rows), signal);
  const took = performance.now() - start;
  const answers = candidates.ranked(reply, rows.length).map((i) => ({
    row: rows[i],
    reply: Object.fromEntries(Object.entries(reply).map(([output, values]) => [output, values[i]])),
  }));
  $("answer").replaceChildren();
  if (rows.length === 1 || !pair) showAnswer(name, answers[0], pair, before);
  else offer(name, answers, pair, before);
  $("answered").textContent = `Answered in ${took.toFixed(0)} ms.`;
}

// Several answers to one question, of which the one that is picked is shown.
function offer(name, answers, pair, before) {
  const shown = Object.assign(document.createElement("div"), { className: "answers" });
  const losses = answers[0].reply.loss === undefined ? null : answers.map(({ reply }) => reply.loss);
  const samples = answers.map(({ reply }) => reply[pair[1]]);
  const pick = (i) => {
    shown.replaceChildren();
    showAnswer(name, answers[i], pair, before, shown);
    if (candidates.hasWay()) shown.append(wayTo(answers[i], pair));
  };
  $("answer").append(candidates.choices(samples, model.signatures[name].outputs[pair[1]], losses, pick), shown);
}

// A button that looks for the way from the picture to the answer, and gives its place to that.
function wayTo({ row, reply }, [source, made]) {
  const find = () =>
    run("way", $("answer"), async (signal) => {
      const found = await candidates.wayBetween([row[source], reply[made]], row, signal);
      if (one.isConnected) one.replaceWith(candidates.way(found));
    });
  const one = button("Way there", "Find the way from the picture to the edit", find);
  return one;
}

function showAnswer(name, { row, reply }, pair, before, place = $("answer")) {
  const signature = model.signatures[name];
  place.append(...Object.entries(signature.outputs).map(([output, field]) => answerElement(output, field, reply[output])));
  const latent = first(signature.outputs, "latent");
  if (latent && !$("tools").hidden) place.prepend(placesFor(reply[latent], row));
  if (pair) place.prepend(compared(before, view(reply[pair[1]], signature.outputs[pair[1]])));
  const lines = [...snippets.arrays(row, asking, 1), `answer = client.call(${JSON.stringify(name)}${snippets.keywords(row, asking, 1)})["${main(signature)[0]}"]`];
  showRequest(`${name.replaceAll("_", " ")}.`, { signature_name: name, inputs: columns([row]) }, lines);
}

// Buttons that pick the picture at a latent, so that ways, mixes and walks begin at it.
function placesFor(latent, row) {
  found += 1;
  const name = `yours ${found}`;
  const element = Object.assign(document.createElement("figure"), { className: "answer" });
  const words = Object.assign(document.createElement("figcaption"), { textContent: `Pick its latent, as ${name}, to walk from it, or two of them to go between:` });
  const buttons = Object.assign(document.createElement("div"), { className: "buttons" });
  const pick = (place) => run("pick", $("answer"), async (signal) => grid.set(place, await cellAt(latent, name, row, signal)));
  buttons.append(...PLACES.map((letter, place) => button(letter, `Put it in ${letter}`, () => pick(place))));
  element.append(words, buttons);
  return element;
}

// A canvas as it is now, whatever is drawn on it later.
function copied(canvas) {
  const copy = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
  copy.getContext("2d").drawImage(canvas, 0, 0);
  return copy;
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
