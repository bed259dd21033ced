// The page: a model is picked, pictures are generated, chosen and played with. Its controls, wired.

import { ask, showInputs } from "./asking.js";
import { $, later, remember } from "./elements.js";
import { explore, onPicks, openTool, showDirection, tool, tools } from "./exploring.js";
import { again } from "./generating.js";
import { saved } from "./memory.js";
import { fillVersions, loadModels, openModel } from "./opening.js";
import { grid } from "./picking.js";
import { forgetsProblems, run } from "./problems.js";
import { copy } from "./request.js";
import { save, sheet } from "./samples.js";
import { model } from "./state.js";

const SEEDS = 10_000; // that new pictures are drawn from: few digits are read and told more easily

forgetsProblems($("generate-form"), "generate");
forgetsProblems($("ask-form"), "ask");
forgetsProblems($("walk"), "walk");
forgetsProblems($("codes"), "codes");

const reload = async () => {
  if (await run("models", document.querySelector("header"), loadModels)) await openModel();
};

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
// What a slider does is seen while it is drawn, too.
for (const id of ["condition", "code-controls"]) {
  const soon = later((slider) => slider.dispatchEvent(new Event("change")));
  $(id).addEventListener("input", ({ target }) => target.type === "range" && soon(target));
}
$("access").querySelector("form").addEventListener("submit", (event) => event.preventDefault());
$("download-grid").addEventListener("click", () =>
  save(sheet(grid.cells, grid.columns), `${model.description.name} grid`),
);
$("copy-curl").addEventListener("click", () => copy("curl", "curl"));
$("copy-python").addEventListener("click", () => copy("python", "Python"));

$("settings").open = ["seed", "count", "truncation", "score"].some((name) => name in saved);
openTool(tool);
onPicks();
reload();
