// A label map: painted with a brush of classes, or read from a picture in their colours.

import { Refused } from "./api.js";
import { takesFiles } from "./elements.js";

const ZOOM = 192; // pixels on the page that a small map is shown with, at least
const OPEN = 256; // pixels a side, where the model leaves the size open
const BRUSH = 0.06; // of the map's side

const make = (tag, properties = {}) => Object.assign(document.createElement(tag), properties);
const hex = (data, at) => `#${[0, 1, 2].map((i) => data[at + i].toString(16).padStart(2, "0")).join("")}`;

// The classes of RGBA bytes by their colours; a list of the colours that stand for none, if any.
export function classesOf(data, palette) {
  const numbers = new Map(palette.map((colour, i) => [colour, i]).reverse());
  const colours = Array.from({ length: data.length / 4 }, (_, i) => hex(data, 4 * i));
  const unknown = [...new Set(colours.filter((colour) => !numbers.has(colour)))];
  return { classes: colours.map((colour) => numbers.get(colour) ?? 0), unknown };
}

// Classes in the order of pixels as nested rows [height][width][1].
export const toMap = (classes, width, height) =>
  Array.from({ length: height }, (_, y) => Array.from({ length: width }, (_, x) => [classes[y * width + x]]));

// The pixels whose middles lie within a circle, as places in the order of pixels.
export function within(x, y, radius, width, height) {
  const places = Array.from({ length: width * height }, (_, i) => i);
  const own = Math.floor(y) * width + Math.floor(x);
  return places.filter((i) => {
    const [dx, dy] = [(i % width) + 0.5 - x, Math.floor(i / width) + 0.5 - y];
    return dx * dx + dy * dy <= radius * radius || i === own;
  });
}

export function mapOf({ id, name, field, element, changed }) {
  const palette = field.about.palette;
  const [height, width] = field.shape.slice(0, 2).map((side) => side ?? OPEN);
  let classes = new Array(width * height).fill(0);
  let isGiven = false;
  const canvas = make("canvas", { className: "preview map", width, height });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${name}: paint with mouse or finger`);
  canvas.classList.toggle("smooth", width > ZOOM);
  const show = () => {
    const context = canvas.getContext("2d");
    classes.forEach((number, i) => {
      context.fillStyle = palette[number];
      context.fillRect(i % width, Math.floor(i / width), 1, 1);
    });
  };
  const brush = make("select");
  brush.setAttribute("aria-label", "Class of the brush");
  brush.append(...field.names.map((words, i) => new Option(words, String(i))));
  brush.value = String(field.names.length - 1);
  const paint = (event) => {
    if (!event.buttons) return;
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top].map((at) => (at * width) / box.width);
    for (const i of within(x, y, Math.max(0.5, BRUSH * width), width, height)) classes[i] = Number(brush.value);
    isGiven = true;
    show();
  };
  canvas.addEventListener("pointerdown", paint);
  canvas.addEventListener("pointermove", paint);
  canvas.addEventListener("pointerup", changed);
  const clear = make("button", { type: "button", textContent: "Fill" });
  clear.addEventListener("click", () => {
    classes.fill(Number(brush.value));
    isGiven = true;
    show();
    changed();
  });
  let problem = null;
  const file = make("input", { id, type: "file", accept: "image/*" });
  takesFiles(element, file);
  file.addEventListener("change", async () => {
    if (!file.files.length) return;
    try {
      classes = await read(file.files[0], width, height, palette);
      [problem, isGiven] = [null, true];
      show();
    } catch (error) {
      problem = error;
    }
    changed();
  });
  const buttons = make("div", { className: "buttons" });
  buttons.append(brush, clear);
  const hint = "Paint classes, or choose or drop a picture in their colours.";
  element.append(make("p", { className: "quiet", textContent: hint }), file, canvas, buttons);
  element.picture = canvas;
  show();
  return () => {
    if (problem) throw problem;
    return isGiven ? toMap(classes, width, height) : null;
  };
}

// The classes of a picture file as large as the model wants it.
async function read(file, width, height, palette) {
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    throw new Refused(0, `${file.name} is no picture that this browser reads.`);
  }
  if (picture.width !== width || picture.height !== height) {
    const sizes = `${picture.width}x${picture.height} pixels; expected ${width}x${height}`;
    throw new Refused(0, `${file.name} has ${sizes}.`);
  }
  const canvas = make("canvas", { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  const { classes, unknown } = classesOf(context.getImageData(0, 0, width, height).data, palette);
  if (unknown.length) {
    const shown = unknown.slice(0, 5).join(", ");
    throw new Refused(0, `${file.name} has the colours ${shown}, which stand for no class.`);
  }
  return classes;
}
