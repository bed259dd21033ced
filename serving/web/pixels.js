// Pixels of a canvas as a row of a field, as serving/pictures.py reads a picture file.

const WHITE = 255;

// As Pillow does, so that a picture means the same here and there.
const grey = (r, g, b) => (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;

function channels([r, g, b, a], count) {
  return { 1: [grey(r, g, b)], 2: [grey(r, g, b), a], 3: [r, g, b], 4: [r, g, b, a] }[count] ?? [r, g, b];
}

function inUnits(level, { dtype, range, kind }) {
  if (kind === "mask") return Number(level > 127);
  if (dtype.startsWith("float")) {
    const [low, high] = range ?? [0, 1];
    return low + ((high - low) * level) / WHITE;
  }
  return dtype === "uint16" ? level * 257 : level;
}

// RGBA bytes of width × height pixels as nested rows [height][width][channels].
export function toRows(data, width, height, field) {
  const count = field.shape.at(-1) ?? 3;
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => {
      const at = 4 * (y * width + x);
      return channels(data.slice(at, at + 4), count).map((level) => inUnits(level, field));
    }),
  );
}
