// Models: which there are, and what the page shows of the one that is opened.

import { Model, models, Refused } from "./api.js";
import { showAsking } from "./asking.js";
import { control } from "./controls.js";
import { $, fill, remember } from "./elements.js";
import { AS_A, ENDS, explore, hasClasses, openTool, showDirection, tool } from "./exploring.js";
import { classWords, conditions, isDrawn } from "./fields.js";
import { again, DRAWN, EACH, generate, labels } from "./generating.js";
import * as latents from "./latents.js";
import { doubts, putBack, putPicksBack, saved, takeSaved } from "./memory.js";
import { grid } from "./picking.js";
import { problems, run, running, showProblems } from "./problems.js";
import { chosen, codes, given, known, labelField, labelInput, labelNames, model, put } from "./state.js";

export async function loadModels() {
  put({ known: await models($("api-key").value) });
  fill($("model"), known.map(({ name }) => [name, name]), $("model").value || saved.model);
  $("model-field").hidden = known.length === 1;
  if (!known.length) throw new Refused(0, "The server has no model; start it with one.");
  fillVersions();
}

export function fillVersions() {
  const { versions = [], labels = {} } = known.find(({ name }) => name === $("model").value) ?? {};
  const newest = [...versions].sort((a, b) => b - a);
  const options = newest.map((version, i) => [`/versions/${version}`, i ? `${version}` : `${version} (newest)`]);
  for (const [label, version] of Object.entries(labels)) {
    options.push([`/labels/${encodeURIComponent(label)}`, `${label} (${version})`]);
  }
  fill($("version"), options.length ? options : [["", "none is ready"]], $("version").value || saved.version);
  $("version-field").hidden = options.length === 1;
}

export async function openModel() {
  const [, kind, value] = $("version").value.split("/");
  put({
    chosen: {
      model: $("model").value,
      version: kind === "versions" ? value : "",
      versionLabel: kind === "labels" ? decodeURIComponent(value) : "",
    },
  });
  for (const part of Object.keys(running)) running[part].abort();
  problems.clear();
  showProblems();
  grid.clear();
  $("about").textContent = $("status").textContent = "";
  put({ model: null });
  await run("generate", $("grid"), async (signal) => {
    const opened = new Model(chosen.model, $("version").value, $("api-key").value);
    await opened.describe(signal);
    put({ model: opened });
    showModel();
    const before = takeSaved();
    putBack(before);
    const isReady = model.has("generate") || given.every(({ value }) => value() !== null);
    if ($("generate").hidden) return;
    if (!isReady) $("status").textContent = "Fill in what this model generates under, then press Generate.";
    else await generate(signal, { doubt: doubts(before), putPicksBack: (during) => putPicksBack(before, during) });
  });
}

function showModel() {
  const { name, latent, objective, step, logits_are_probabilities: isProbability } = model.description;
  const [, spec] = model.sample;
  const size = spec ? `${spec.shape.map((n) => n ?? "any").join("×") || "one"} ${spec.dtype}` : "no samples of its own";
  const prior = latent ? `, ${latent.size} ${latent.prior} latents` : "";
  $("about").textContent = `${name}: ${size}${prior}, ${objective}, step ${step}.`;
  document.title = `${name} · Saddlepoint`;
  const names = labelNames();
  const numbered = names.length ? classWords(labelField()).map((text, i) => [String(i), text]) : [];
  const isFree = model.has("generate");
  labels.fill((labelInput() ?? "label").replaceAll("_", " "), [...(isFree ? [[DRAWN, "as in the data"]] : []), [EACH, "each in turn"], ...numbered]);
  fill($("explore-label"), [[ENDS, "as picked"], [AS_A, "as A"], ...numbered], $("explore-label").value);
  put({ given: Object.entries(conditions(model.signatures)).map(([input, field]) => control(input, field, again, { isOptional: isFree })) });
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
  const isStyled = ["generate_truncated", "generate_conditional_truncated"].some((name) => model.has(name));
  $("truncation-field").hidden = $("truncation-help").hidden = !(isStyled || (canDecode && latents.canTruncate(latent)));
  $("codes-tab").hidden = !hasCodes;
  $("direction-class").hidden = $("direction-class").disabled = !hasClasses();
  if ($("direction").value === "class" && !hasClasses()) $("direction").value = "seed";
  showDirection();
  document.querySelector("main").classList.toggle("alone", !canDecode);
  if (tool === "codes" && !hasCodes) openTool("between");
}

function showCodes() {
  const parts = latents.codesOf(model.description.latent);
  const change = () => {
    explore();
    remember();
  };
  const controls = parts.map((part) => {
    const range = latents.rangeOf(part);
    const about = { default: (range[0] + range[1]) / 2 };
    const field = latents.isOneHot(part)
      ? { kind: "label", dtype: "int64", shape: [], range, names: part.names }
      : { kind: "scalar", dtype: "float32", shape: [], range, about };
    const made = control(part.name, field, change);
    const strip = Object.assign(document.createElement("div"), { className: "strip" });
    strip.setAttribute("role", "img");
    strip.setAttribute("aria-label", `A with ${part.name} moved`);
    made.element.append(strip);
    return { ...made, strip };
  });
  put({ codes: controls });
  $("code-controls").replaceChildren(...codes.map(({ element }) => element));
}
