// What pictures were made under, a row each {input: value}, and what lies between two such rows.

import { words } from "./fields.js";
import { lerp } from "./latents.js";

// Numbers without gaps can be mixed; of a label, a text or a picture there is no half.
const isVector = ({ dtype, kind }) => dtype.startsWith("float") && ["vector", "attributes", "latent", "scalar"].includes(kind);

const mapped = (values, act) => (Array.isArray(values[0]) ? values[0].map((_, i) => mapped(values.map((value) => value[i]), act)) : act(...values));

const each = (row, fields, act) =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, act(name, value, fields[name])]));

// The row at t of the way from a to b: vectors change along the line, the rest in the middle.
export function between(a, b, t, fields) {
  return each(a, fields, (name, value, field) => {
    if (isVector(field)) return mapped([value, b[name]], (from, to) => lerp([from], [to], t)[0]);
    return t <= 0.5 ? value : b[name];
  });
}

// The row of a − b + c: vectors are summed within their range, the rest is that of a.
export function mixed(a, b, c, fields) {
  return each(a, fields, (name, value, field) => {
    if (!isVector(field)) return value;
    const [low, high] = field.range ?? [-Infinity, Infinity];
    return mapped([value, b[name], c[name]], (p, q, r) => Math.min(high, Math.max(low, p - q + r)));
  });
}

// Rows as columns, as requests want them.
export const columns = (rows) =>
  rows?.length ? Object.fromEntries(Object.keys(rows[0]).map((name) => [name, rows.map((row) => row[name])])) : {};

// "label cat" for each label or text of a row, in the order of the model's inputs; attributes by name.
export const labelled = (row, fields) =>
  Object.entries(fields)
    .filter(([name, { kind }]) => ["label", "text", "attributes"].includes(kind) && name in (row ?? {}))
    .map(([name, field]) => (field.kind === "attributes" ? "" : `${name.replaceAll("_", " ")} `) + words(row[name], field));

// A list in Python, runs of equal values as products: [4] * 17 + [9] * 16; a number where all are equal.
export function inPython(values) {
  const runs = [];
  for (const value of values) {
    if (runs.length && runs.at(-1)[0] === value) runs.at(-1)[1] += 1;
    else runs.push([value, 1]);
  }
  if (runs.length === 1) return JSON.stringify(runs[0][0]);
  if (runs.length > 4) return JSON.stringify(values);
  return runs.map(([value, count]) => `[${JSON.stringify(value)}]${count > 1 ? ` * ${count}` : ""}`).join(" + ");
}
