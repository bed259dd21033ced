// What the page shows, written to its address and brought back from there.

import * as address from "./address.js";
import { showInputs } from "./asking.js";
import { putText, textIn } from "./controls.js";
import { $ } from "./elements.js";
import { openTool, settle, showDirection, stages, tool, tools } from "./exploring.js";
import { classIndex, className, twoReadings } from "./fields.js";
import { cellsOf, DRAWN, EACH, labels } from "./generating.js";
import { PLACES } from "./grid.js";
import { grid } from "./picking.js";
import { chosen, codes, given, known, labelField, labelFields, labelInput, model } from "./state.js";

export let saved = address.read(); // what the page showed before, until it is back

// Hands that over, once.
export function takeSaved() {
  const before = saved;
  saved = {};
  return before;
}

const named = (prefix, inputs) => Object.fromEntries(inputs.map((input) => [`${prefix}.${input.name}`, textIn(input)]));

const unless = (value, usual) => (value === usual ? "" : value);

// Writes what is shown into the address; the API key never.
function write() {
  if (!model) return;
  const picks = grid.isSuggestion ? [] : grid.picks;
  const [a, b, c] = picks.map((cell) => cell && address.picked(cell, labelFields()));
  const isNewest = $("version").selectedIndex === 0;
  address.write({
    model: known.length > 1 ? chosen.model : "",
    version: isNewest ? "" : $("version").value,
    seed: unless($("seed").value, "0"),
    count: unless($("count").value, "24"),
    ...labelSaid(),
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

document.addEventListener("remember", write);

// Puts the controls where the address says that they were.
export function putBack(before) {
  for (const [id, name] of [["seed", "seed"], ["count", "count"], ["truncation", "truncation"], ["direction-number", "number"]]) {
    if (name in before) $(id).value = before[name];
  }
  for (const [id, name] of [["explore-label", "under"], ["direction", "direction"], ["signature", "ask"]]) {
    if ([...$(id).options].some(({ value, disabled }) => !disabled && value === before[name])) $(id).value = before[name];
  }
  if ("ask" in before && !$("ask").hidden) showInputs();
  const label = before.label_index ?? labelRead(before.label);
  if (label !== undefined) labels.value = label;
  if (before.score === "off") $("scored").checked = false;
  for (const input of given) if (before[`given.${input.name}`]) putText(input, before[`given.${input.name}`]);
  for (const input of codes) if (before[`code.${input.name}`]) putText(input, before[`code.${input.name}`]);
  $("truncation-value").textContent = Number($("truncation").value).toFixed(2);
  showDirection();
}

// The label that is chosen, by name where that tells it: `label`, else `label_index`.
function labelSaid() {
  const value = labels.value;
  if (value === DRAWN || value === EACH) return { label: value };
  const name = className(labelField(), Number(value));
  return name === null || name === EACH ? { label_index: value } : { label: name };
}

// The same read back: the name of a class, or its index; anything else as it stands.
function labelRead(text) {
  const index = text && text !== EACH && labelInput() ? classIndex(labelField(), text) : null;
  return index === null ? text : String(index);
}

// What is to be said where the label in the address could be read in two ways.
export const doubts = ({ label, label_index: index }) =>
  label && index === undefined && labelInput() ? twoReadings(labelField(), label) : "";

// Chooses what was chosen; pictures that the grid does not show are made again.
export async function putPicksBack(before, signal) {
  const picks = [];
  for (const letter of PLACES) {
    const wanted = address.unpicked(before[letter.toLowerCase()]);
    picks.push(wanted && (pickInGrid(wanted) ?? (await pickAgain(wanted, signal))));
  }
  if (!picks.some(Boolean)) return false;
  const slider = stages[before.tool]?.slider;
  if (slider && before.at) slider.value = before.at;
  settle(picks.filter(Boolean).length);
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
