// What a model's description says of its signatures: every input and output is a field.

const STEERING = new Set(["seed", "label", "attributes", "scalar", "key", "mask", "strokes"]);
const ASIDE = new Set(["latent", "label", "attributes", "scalar", "seed", "key"]);
const DRAWN = new Set(["image", "label_map", "mask", "strokes", "clip", "vector", "latent"]);
const MOST_WORDS = 20; // that are suggested
const PICTURES = new Set(["image", "label_map"]);
// Signatures that the page's other parts ask, or that programs ask.
const PARTS = /^(generate|generate_conditional|decode|latents|score|describe|serving_default)$|_png$|_truncated$|_mixed$/;

const entry = (fields, test) => Object.entries(fields).find(([, field]) => test(field));

// The input that a signature is about, and the output that it is asked for: [name, field].
export const subject = ({ inputs }) => entry(inputs, ({ kind }) => !STEERING.has(kind)) ?? Object.entries(inputs)[0];
export const main = ({ outputs }) => entry(outputs, ({ kind }) => !ASIDE.has(kind)) ?? Object.entries(outputs)[0];

// Of a signature that makes a picture of a picture: the names of both, [input, output]; else null.
export function translation(signature) {
  const [source, { kind }] = subject(signature);
  const [made] = entry(signature.outputs, (field) => field.kind === "image" && isDrawn(field)) ?? [];
  return PICTURES.has(kind) && made ? [source, made] : null;
}

// The name of the first field of a kind, or null.
export const first = (fields, kind) => entry(fields, (field) => field.kind === kind)?.[0] ?? null;

export const isSingle = ({ shape, kind }) => shape.length === 0 && !DRAWN.has(kind);
export const isDrawn = ({ kind, dtype }) => DRAWN.has(kind) && dtype !== "string";

// What the numbers of a label are called.
export function classNames({ names, range }) {
  if (names?.length) return names.map(String);
  return Array.from({ length: range ? range[1] + 1 : 0 }, (_, i) => String(i));
}

const isNumeral = (text) => /^\d+$/.test(text);

// The class that a text names: the one of that name, else of that index; null where there is none.
export function classIndex(field, text) {
  const names = classNames(field);
  const named = names.indexOf(text);
  if (named >= 0) return named;
  return isNumeral(text) && Number(text) < names.length ? Number(text) : null;
}

// The text that names a class, or null where it would name another one or none.
export const className = (field, index) => (classIndex(field, classNames(field)[index] ?? "") === index ? classNames(field)[index] : null);

// The classes as they are chosen from: with their indices where names are numbers of other classes.
export function classWords(field) {
  const names = classNames(field);
  const isDoubtful = names.some((name, i) => isNumeral(name) && name !== String(i));
  return isDoubtful ? names.map((name, i) => `${name} (index ${i})`) : names;
}

// A sentence where a text is a class's name and another one's index; else nothing.
export function twoReadings(field, text) {
  const [named, other] = [classIndex(field, text), classNames(field)[Number(text)]];
  if (!isNumeral(text) || other === undefined || named === Number(text)) return "";
  return `Label ${text} is the class of that name, of index ${named}; the class of index ${text} is ${other}.`;
}

// A text with its last word begun, as it would be with words of a vocabulary that begin so.
export function completions(text, vocabulary) {
  const begun = text.slice(text.search(/\S*$/));
  const before = text.slice(0, text.length - begun.length);
  const fitting = vocabulary.filter((word) => word.startsWith(begun.toLowerCase()) && word !== begun);
  return fitting.slice(0, MOST_WORDS).map((word) => before + word);
}

// How many numbers a row has; an open size counts as what is usual.
export const numbers = ({ shape }) => shape.reduce((product, n) => product * (n ?? 256), 1);

// Signatures that have a place of their own on the page: what takes more than seeds and conditions.
export const askable = (signatures) => Object.keys(signatures).filter((name) => !PARTS.test(name)).sort();

// The condition that a model generates under, beside seed and label: {name: field}.
export function conditions(signatures) {
  const { inputs } = signatures.generate_conditional ?? { inputs: {} };
  const label = first(inputs, "label");
  return Object.fromEntries(Object.entries(inputs).filter(([name, { kind }]) => kind !== "seed" && name !== label));
}

// The outputs that are pictures of the form of the main one: a sample's in several domains.
const domains = ({ outputs }, [, { kind, shape, dtype }]) =>
  Object.keys(outputs).filter((name) => kind === "image" && outputs[name].kind === kind && outputs[name].dtype === dtype && String(outputs[name].shape) === String(shape));

// A reply as samples, one a row, and what they are; several single outputs are a table's columns,
// and pictures of several domains stand beside one another.
export function samplesIn(reply, signature) {
  const [name, field] = main(signature);
  const names = domains(signature, [name, field]);
  if (names.length > 1) {
    const [height, width, count] = field.shape;
    const samples = reply[name].map((rows, i) => rows.map((_, y) => names.flatMap((one) => reply[one][i][y])));
    return { spec: { ...field, shape: [height, width && width * names.length, count] }, samples };
  }
  if (!isSingle(field) || field.kind === "text") return { spec: field, samples: reply[name] };
  const columns = Object.fromEntries(Object.entries(signature.outputs).filter(([, other]) => isSingle(other)));
  const samples = reply[name].map((_, i) =>
    Object.fromEntries(Object.keys(columns).map((column) => [column, reply[column][i]])),
  );
  return { spec: { kind: "table", shape: [], columns }, samples };
}

// A single value as people read it.
export function words(value, field) {
  if (field.kind === "label") return classNames(field)[value] ?? String(value);
  if (field.kind === "attributes") return value.map((x, i) => `${field.names[i]} ${words(x, {})}`).join(", ");
  if (typeof value !== "number" || Number.isInteger(value)) return String(value);
  return value.toPrecision(4).replace("-", "−");
}
