// Samples as elements: pictures as they are, clips as they move, vectors as drawings, the rest in words.

import { isDrawn, isSingle, words } from "./fields.js";

const DRAWING = 64; // pixels a side
const FRAMES = 8; // of a clip, side by side
const FRAME_MS = 150; // that a frame of a clip is shown
const playing = new WeakMap(); // canvas → the timer of the clip on it

export const number = (value) => value.toFixed(2).replace("-", "−");

const isPicture = ({ shape, kind }) => kind !== "clip" && shape.length === 3 && [1, 2, 3, 4].includes(shape[2]);

const RANGES = { uint8: [0, 255], uint16: [0, 65535] };

function drawPicture(canvas, sample, { dtype, range }) {
  const [height, width, channels] = [sample.length, sample[0].length, sample[0][0].length];
  const [low, high] = range ?? RANGES[dtype] ?? [-1, 1];
  const pixels = new ImageData(width, height);
  const grey = channels < 3;
  sample.forEach((row, y) =>
    row.forEach((values, x) => {
      const levels = values.map((value) => ((value - low) / (high - low)) * 255);
      const at = 4 * (y * width + x);
      for (let c = 0; c < 3; c += 1) pixels.data[at + c] = levels[grey ? 0 : c];
      pixels.data[at + 3] = channels % 2 === 0 ? levels[channels - 1] : 255;
    }),
  );
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  canvas.classList.toggle("smooth", width > 96);
}

function drawVector(canvas, sample, { range }) {
  const values = sample.flat(Infinity);
  const [low, high] = range ?? [Math.min(-1, ...values), Math.max(1, ...values)];
  canvas.width = DRAWING;
  canvas.height = DRAWING;
  const context = canvas.getContext("2d");
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, DRAWING, DRAWING);
  context.fillStyle = "#4338b8";
  const place = (value) => ((value - low) / (high - low)) * DRAWING;
  if (values.length === 2) {
    context.beginPath();
    context.arc(place(values[0]), DRAWING - place(values[1]), 3, 0, 2 * Math.PI);
    context.fill();
    return;
  }
  const width = DRAWING / values.length;
  const middle = DRAWING - place(Math.max(low, Math.min(high, 0)));
  values.forEach((value, i) => {
    const top = DRAWING - place(value);
    context.fillRect(i * width, Math.min(top, middle), Math.max(1, width - 1), Math.abs(top - middle) + 1);
  });
}

// A clip plays for as long as its canvas is there; where less motion is asked for it is a strip.
function drawClip(canvas, sample, spec) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
    drawStrip(canvas, sample, spec);
    return;
  }
  let at = 0;
  drawPicture(canvas, sample[at], spec);
  const timer = setInterval(() => {
    if (!canvas.isConnected) {
      clearInterval(timer);
      return;
    }
    at = (at + 1) % sample.length;
    drawPicture(canvas, sample[at], spec);
  }, FRAME_MS);
  playing.set(canvas, timer);
}

// Some frames of a clip beside each other, the first and the last among them.
function drawStrip(canvas, sample, spec) {
  const count = Math.min(FRAMES, sample.length);
  const frames = Array.from({ length: count }, (_, i) => sample[Math.round((i * (sample.length - 1)) / Math.max(1, count - 1))]);
  const rows = frames[0].map((_, y) => frames.flatMap((frame) => frame[y]));
  drawPicture(canvas, rows, spec);
}

export function draw(canvas, sample, spec) {
  clearInterval(playing.get(canvas));
  const how = spec.kind === "clip" ? drawClip : isPicture(spec) ? drawPicture : drawVector;
  how(canvas, sample, spec);
}

const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

function table(sample, columns) {
  const list = make("dl", { className: "values" });
  for (const [name, field] of Object.entries(columns)) {
    const value = sample[name];
    const text = value === null || value === "" ? "–" : words(value, field); // what is missing
    list.append(make("dt", { textContent: name }), make("dd", { textContent: text }));
  }
  return list;
}

// A sample as an element: a canvas where it can be drawn, words otherwise.
export function view(sample, spec) {
  if (spec.kind === "table" && spec.columns) return table(sample, spec.columns);
  if (isDrawn(spec)) {
    const canvas = document.createElement("canvas");
    draw(canvas, sample, spec);
    return canvas;
  }
  const text = isSingle(spec) ? words(sample, spec) : JSON.stringify(sample);
  return make("div", { className: "text", textContent: text });
}

export function save(canvas, name) {
  return new Promise((resolve) => {
    canvas.toBlob((blob) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = `${name.replace(/[^\p{L}\p{N}.−-]+/gu, "-")}.png`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
      resolve();
    }, "image/png");
  });
}

const TILE = 96; // pixels a side of a picture on a sheet, at least
const LINE = 15; // pixels a line of words has there
const GAP = 8;

// All cells on one canvas with the words below each, as many a row as they have on the page; small
// pictures are enlarged by whole numbers.
export function sheet(cells, columns) {
  const lines = Math.max(...cells.map(({ words }) => words.children.length));
  const { canvas: one } = cells[0];
  const scale = Math.max(1, Math.ceil(TILE / one.width));
  const [width, height] = [one.width * scale, one.height * scale];
  const [across, down] = [width + GAP, height + GAP + LINE * lines];
  const whole = make("canvas", { width: columns * across + GAP, height: Math.ceil(cells.length / columns) * down + GAP });
  const context = whole.getContext("2d");
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, whole.width, whole.height);
  context.fillStyle = "#1b1d24";
  Object.assign(context, { imageSmoothingEnabled: false, font: "12px system-ui, sans-serif", textAlign: "center" });
  cells.forEach(({ canvas, words }, i) => {
    const [x, y] = [GAP + (i % columns) * across, GAP + Math.floor(i / columns) * down];
    context.drawImage(canvas, x, y, width, height);
    [...words.children].forEach((line, row) => {
      context.fillText(line.textContent, x + width / 2, y + height + LINE * (row + 1) - 2, width);
    });
  });
  return whole;
}
