// What the parts of the page share: the model that is open, and what it takes beside seeds.

import { classNames, first } from "./fields.js";

export let known = []; // models, as the server lists them
export let model = null;
export let given = []; // controls of the condition that the model generates under
export let codes = []; // controls of the codes of A
export let chosen = { model: "", version: "", versionLabel: "" };

// Puts new things in their places; what is not named stays.
export function put(values) {
  ({ known = known, model = model, chosen = chosen, given = given, codes = codes } = values);
}

// What the model is told beside seeds, when it generates and when it decodes: {name: field}.
export function conditionFields() {
  const { decode, generate_conditional: generates } = model.signatures;
  const all = { ...decode?.inputs, ...generates?.inputs };
  return Object.fromEntries(Object.entries(all).filter(([, { kind }]) => kind !== "seed" && kind !== "latent"));
}

// The label that the model generates under: its input's name and its classes.
export function labelInput() {
  const { inputs } = model.signatures.generate_conditional ?? model.signatures.decode ?? { inputs: {} };
  return first(inputs, "label");
}

export function labelField() {
  const name = labelInput();
  return name ? (model.signatures.generate_conditional ?? model.signatures.decode).inputs[name] : null;
}

export const labelNames = () => (labelInput() ? classNames(labelField()) : []);

export const labelFields = () => Object.keys(conditionFields()).filter((name) => conditionFields()[name].kind === "label");

// What the model draws by itself and answers beside its samples: labels and texts.
export const drawnFields = () => Object.keys(conditionFields()).filter((name) => name in (model.signatures.generate?.outputs ?? {}));
