// A control for every kind of input: lists, texts, sliders, files and a brush.

import { Refused } from "./api.js";
import { takesFiles } from "./elements.js";
import { classIndex, className, classWords, completions } from "./fields.js";
import { mapOf } from "./maps.js";
import { toRows } from "./pixels.js";

const LARGEST = 512; // pixels a side, where the model leaves the size open
const ZOOM = 192; // pixels on the page that a small picture is shown with, at least
const BRUSH = 0.06; // of the picture's side
const PEN = 0.015; // likewise, of what draws outlines

let count = 0; // of controls, for identifiers

const make = (tag, properties = {}) => Object.assign(document.createElement(tag), properties);

// A control has `element`, `value()` (a row, or null where nothing is given) and `name`.
// A picture can also be drawn where `canDraw`.
export function control(name, field, changed, { subject = null, isOptional = false, canDraw = false } = {}) {
  const build = {
    label: listOf, text: textOf, attributes: attributesOf, seed: numberOf, scalar: field.range ? sliderOf : numberOf,
    image: pictureOf, label_map: mapOf, mask: brushOf, strokes: brushOf, clip: framesOf,
  }[field.kind] ?? numbersOf; // prettier-ignore
  const id = `input-${(count += 1)}`;
  const element = make("div", { className: "field" });
  element.append(make("label", { htmlFor: id, textContent: name.replaceAll("_", " ") }));
  const value = build({ id, name, field, element, changed, subject, isOptional, canDraw });
  return { element, value, name, field };
}

// Its value, which must be there.
export function required({ name, value }) {
  const row = value();
  if (row === null) throw new Refused(0, `${name.replaceAll("_", " ")}: received nothing; this model takes one.`);
  return row;
}

function listOf({ id, field, element, changed, isOptional }) {
  const select = make("select", { id });
  if (isOptional) select.append(new Option("as in the data", ""));
  select.append(...classWords(field).map((words, i) => new Option(words, String(i))));
  select.addEventListener("change", changed);
  element.append(select);
  return () => (select.value === "" ? null : Number(select.value));
}

// The text that stands in a control, for the address; null where it holds a file or a drawing.
const keeper = ({ element, field }) =>
  field.kind === "label_map" ? null : element.querySelector("select, input:not([type='file'], [type='color'])");
// A class is named, and where names do not tell classes apart it is a number.
export function textIn(input) {
  const value = keeper(input)?.value ?? null;
  return input.field.kind === "label" && value ? (className(input.field, Number(value)) ?? value) : value;
}

// Puts such a text back.
export function putText(input, text) {
  const target = keeper(input);
  if (!target) return;
  const index = input.field.kind === "label" ? classIndex(input.field, text) : null;
  target.value = index === null ? text : String(index);
  target.dispatchEvent(new Event("input"));
}

function textOf({ id, field, element, changed }) {
  const input = make("input", { id, type: "text", autocomplete: "off" });
  const vocabulary = field.about?.vocabulary ?? [];
  if (vocabulary.length) {
    const list = make("datalist", { id: `${id}-words` });
    const suggest = () => list.replaceChildren(...completions(input.value, vocabulary).map((text) => new Option(text)));
    input.addEventListener("input", suggest);
    suggest();
    input.setAttribute("list", list.id);
    element.append(list);
    input.title = `Words it knows: ${vocabulary.join(" ")}`;
  }
  input.addEventListener("change", changed);
  element.append(input);
  return () => input.value.trim() || null;
}

function numberOf({ id, name, field, element, changed }) {
  const isWhole = !field.dtype.startsWith("float");
  const input = make("input", { id, type: "number", step: isWhole ? "1" : "any", value: "0" });
  input.addEventListener("change", changed);
  element.append(input);
  return () => {
    const value = Number(input.value);
    if (input.value.trim() === "" || !Number.isFinite(value) || (isWhole && !Number.isSafeInteger(value))) {
      const wanted = isWhole ? "a whole number" : "a number";
      throw new Refused(0, `${name}: received ${input.value || "nothing"}; expected ${wanted}.`);
    }
    return value;
  };
}

function sliderOf({ id, field, element, changed }) {
  const [low, high] = field.range;
  const step = field.dtype.startsWith("float") ? (high - low) / 100 : 1;
  const input = make("input", { id, type: "range", min: low, max: high, step });
  input.value = String(field.about?.default ?? high);
  const shown = make("output", { htmlFor: id, textContent: input.value });
  input.addEventListener("input", () => {
    shown.textContent = input.value;
  });
  input.addEventListener("change", changed);
  element.append(shown, input);
  return () => Number(input.value);
}

function numbersOf({ id, name, field, element, changed }) {
  const size = field.shape.reduce((product, n) => product * (n ?? 1), 1);
  const input = make("input", { id, type: "text", autocomplete: "off", placeholder: `${size} numbers` });
  input.addEventListener("change", changed);
  element.append(input);
  return () => {
    if (!input.value.trim()) return null;
    const values = input.value.trim().split(/[\s,;]+/).map(Number);
    if (values.length !== size || !values.every(Number.isFinite)) {
      throw new Refused(0, `${name}: received ${values.length} numbers or words; expected ${size} numbers.`);
    }
    return field.shape.length ? values : values[0];
  };
}

// The numbers as a text, empty for those that the model draws, and a slider for each.
function attributesOf({ id, name, field, element, changed, isOptional }) {
  const value = numbersOf({ id, name, field, element, changed });
  const input = element.querySelector("input");
  const { ranges, means } = field.about;
  const sliders = field.names.map((attribute, i) => {
    const [min, max] = ranges[i];
    const slider = make("input", { type: "range", min, max, step: "any", value: means[i] });
    const label = make("label", { textContent: attribute });
    label.append(slider);
    element.append(label);
    return slider;
  });
  const write = () => {
    input.value = sliders.map((slider) => Number(slider.value).toPrecision(3)).join(" ");
  };
  for (const slider of sliders) {
    slider.addEventListener("input", write);
    slider.addEventListener("change", changed);
  }
  input.addEventListener("input", () => {
    const numbers = input.value.trim().split(/[\s,;]+/);
    if (numbers.length === sliders.length) sliders.forEach((slider, i) => (slider.value = numbers[i]));
  });
  if (isOptional) input.placeholder = "as in the data";
  else write();
  return value;
}

// ---- Pictures ------------------------------------------------------------------------------------

function sized(field, picture) {
  const [height, width] = field.shape.slice(-3); // behind the frames, where there are some
  const scale = Math.min(1, LARGEST / Math.max(picture?.width ?? 1, picture?.height ?? 1));
  const open = (size) => Math.max(1, Math.round((size ?? LARGEST / 2) * scale));
  return [width ?? open(picture?.width), height ?? open(picture?.height)];
}

// The middle of a picture as large as the field wants it.
async function drawn(canvas, file, field) {
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    throw new Refused(0, `${file.name} is no picture that this browser reads.`);
  }
  [canvas.width, canvas.height] = sized(field, picture);
  const scale = Math.max(canvas.width / picture.width, canvas.height / picture.height);
  const [width, height] = [canvas.width / scale, canvas.height / scale];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (field.shape.at(-1) % 2) {
    context.fillStyle = "#ffffff"; // what is transparent lies on white
    context.fillRect(0, 0, canvas.width, canvas.height);
  }
  context.drawImage(
    picture, (picture.width - width) / 2, (picture.height - height) / 2, width, height,
    0, 0, canvas.width, canvas.height,
  ); // prettier-ignore
}

function rowsOf(canvas, field) {
  const { width, height } = canvas;
  return toRows(canvas.getContext("2d").getImageData(0, 0, width, height).data, width, height, field);
}

function fileOf(id, element, several, chosen) {
  const input = make("input", { id, type: "file", accept: "image/*", multiple: several });
  element.append(make("p", { className: "quiet", textContent: "Choose a file, or drop one here." }), input);
  takesFiles(element, input);
  input.addEventListener("change", () => input.files.length && chosen([...input.files]));
}

function preview(name) {
  const canvas = make("canvas", { className: "preview", hidden: true });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", name);
  return canvas;
}

function pictureOf({ id, name, field, element, changed, canDraw }) {
  const canvas = preview(name);
  let problem = null;
  fileOf(id, element, false, async ([file]) => {
    try {
      await drawn(canvas, file, field);
      problem = null;
      canvas.hidden = false;
      canvas.classList.toggle("smooth", canvas.width > ZOOM);
    } catch (error) {
      problem = error;
      canvas.hidden = true;
    }
    element.dispatchEvent(new Event("picture"));
    changed();
  });
  element.append(canvas);
  element.picture = canvas;
  if (canDraw) {
    element.append(
      penOf(canvas, field, changed, () => {
        problem = null;
        element.dispatchEvent(new Event("picture"));
      }),
    );
  }
  return () => {
    if (problem) throw problem;
    return canvas.hidden ? null : rowsOf(canvas, field);
  };
}

// A colour and a button that makes a picture of it; a pen of another colour then draws on it.
function penOf(canvas, field, changed, began) {
  const colour = make("input", { type: "color", value: "#ffffff" });
  colour.setAttribute("aria-label", "Colour of the pen and of an empty picture");
  const fill = make("button", { type: "button", textContent: "Empty picture" });
  fill.addEventListener("click", () => {
    if (canvas.hidden) [canvas.width, canvas.height] = sized(field, null);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.fillStyle = colour.value;
    context.fillRect(0, 0, canvas.width, canvas.height);
    if (colour.value === "#ffffff") colour.value = "#000000";
    canvas.hidden = false;
    canvas.classList.toggle("smooth", canvas.width > ZOOM);
    began();
  });
  draws(canvas, () => colour.value, PEN, changed);
  canvas.classList.add("map");
  const buttons = make("div", { className: "buttons" });
  buttons.append(colour, fill);
  return buttons;
}

// Several pictures, the frames of a clip in the order of their names.
function framesOf({ id, name, field, element, changed }) {
  const frame = { ...field, shape: field.shape.slice(1) };
  const canvas = preview(name);
  let frames = null;
  fileOf(id, element, true, async (files) => {
    frames = [];
    for (const file of files.sort((a, b) => a.name.localeCompare(b.name))) {
      await drawn(canvas, file, frame);
      frames.push(rowsOf(canvas, frame));
    }
    canvas.hidden = false;
    element.dispatchEvent(new Event("picture"));
    changed();
  });
  element.append(canvas);
  element.picture = canvas;
  return () => {
    const wanted = field.shape[0];
    if (frames && wanted && frames.length !== wanted) {
      throw new Refused(0, `${name}: received ${frames.length} pictures; expected ${wanted}, one a frame.`);
    }
    return frames;
  };
}

// ---- The brush -----------------------------------------------------------------------------------

// Lets a pointer draw on a canvas: a line as thick as a share of its side, from where it last was.
function draws(canvas, colour, thickness, changed) {
  let last = null;
  const paint = (event) => {
    if (!event.buttons) return;
    const box = canvas.getBoundingClientRect();
    const scale = canvas.width / box.width;
    const at = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.fillStyle = colour();
    line(context, event.type === "pointermove" && last ? last : at, at, thickness * canvas.width);
    last = at;
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId); // a line may leave the picture and come back
    paint(event);
  });
  canvas.addEventListener("pointermove", paint);
  canvas.addEventListener("pointerup", () => {
    last = null;
    changed();
  });
}

// Paints whole pixels, for a half painted one would be half known: those whose middle is as near to
// the line as its radius, and what is under the pointer.
function line(context, [x0, y0], [x1, y1], radius) {
  const count = Math.ceil(Math.hypot(x1 - x0, y1 - y0)) + 1;
  for (let i = 0; i <= count; i += 1) {
    const [x, y] = [x0 + ((x1 - x0) * i) / count, y0 + ((y1 - y0) * i) / count];
    context.fillRect(Math.floor(x), Math.floor(y), 1, 1);
    for (let row = Math.ceil(y - radius - 0.5); row + 0.5 <= y + radius; row += 1) {
      const half = Math.sqrt(radius ** 2 - (row + 0.5 - y) ** 2);
      const left = Math.ceil(x - half - 0.5);
      const width = Math.floor(x + half - 0.5) - left + 1;
      if (width > 0) context.fillRect(left, row, width, 1);
    }
  }
}

// What is painted over the subject: a mask hides what is to be found anew, strokes have a colour.
function brushOf({ id, name, field, element, changed, subject }) {
  const stack = make("div", { className: "brush" });
  const canvas = make("canvas", { id });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${name}: paint with mouse or finger`);
  const behind = make("canvas", { className: "behind" });
  behind.setAttribute("aria-hidden", "true");
  stack.append(behind, canvas);
  const colour = make("input", { type: "color", value: "#d02020" });
  colour.setAttribute("aria-label", "Colour of the brush");
  const clear = make("button", { type: "button", textContent: "Clear" });
  const reset = () => {
    const under = subject?.element.picture;
    [canvas.width, canvas.height] = sized(field, under?.hidden ? null : under);
    [behind.width, behind.height] = [canvas.width, canvas.height];
    if (under && !under.hidden) behind.getContext("2d").drawImage(under, 0, 0, canvas.width, canvas.height);
  };
  draws(canvas, () => (field.kind === "mask" ? "#ff00ff" : colour.value), BRUSH, changed);
  clear.addEventListener("click", () => {
    reset();
    changed();
  });
  subject?.element.addEventListener("picture", reset);
  reset();
  const buttons = make("div", { className: "buttons" });
  buttons.append(...(field.kind === "strokes" ? [colour] : []), clear);
  const hint = field.kind === "mask" ? "Paint what is to be found anew." : "Paint what should be there.";
  element.append(make("p", { className: "quiet", textContent: hint }), stack, buttons);
  return () => framed(painted(canvas, field), field);
}

// What is painted over a clip lies over all of its frames.
const framed = (picture, { shape }) => (shape.length === 4 ? Array.from({ length: shape[0] }, () => picture) : picture);

// A mask is 1 where nothing is painted; strokes are there where their alpha is.
function painted(canvas, field) {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  if (field.kind === "strokes") return toRows(data, width, height, field);
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => [Number(data[4 * (y * width + x) + 3] < 128)]),
  );
}
