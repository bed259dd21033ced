// The pictures that are picked as A, B and C, from the grid or enlarged.

import { $, button } from "./elements.js";
import { Grid, PLACES } from "./grid.js";
import { draw } from "./samples.js";
import { model } from "./state.js";
import { Zoom } from "./zoom.js";

export const grid = new Grid($("grid"), enlargeCell);
export const zoom = new Zoom();

export function showPicks() {
  $("picks").replaceChildren(...grid.picks.map(pickElement));
  $("tools").classList.toggle("empty", !grid.picks.some(Boolean));
}

const fileOf = (cell) => [model.description.name, cell.seed === null ? cell.name : `seed ${cell.seed}`, ...cell.short.slice(0, -1), cell.truncation === 1 ? "" : `truncation ${cell.truncation}`].filter(Boolean).join(" ");

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

export async function withLatents(cells, signal) {
  const missing = cells.filter(({ latent }) => !latent);
  if (missing.length) {
    const { latent } = await model.predict("latents", { seed: missing.map(({ seed }) => seed) }, signal);
    missing.forEach((cell, i) => {
      cell.latent = latent[i];
    });
  }
  return cells.map(({ latent }) => latent);
}
