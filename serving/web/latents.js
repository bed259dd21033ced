// Paths and sums in the space of latents: what serving/latents.py does, for the page.

const GAUSSIAN = "gaussian";
const UNIFORM = "uniform";
const STRAIGHT = 1e-7;

export const length = (z) => Math.sqrt(z.reduce((sum, value) => sum + value * value, 0));

// Numbers that are exact in float32 and short in JSON.
export const rounded = (z) => z.map((value) => Number(Math.fround(value).toPrecision(9)));

export function lerp(a, b, t) {
  return a.map((value, i) => (1 - t) * value + t * b[i]);
}

// The great arc from a to b; the straight line where there is no one arc. Shoemake 1985.
export function slerp(a, b, t) {
  const lengths = length(a) * length(b);
  const dot = a.reduce((sum, value, i) => sum + value * b[i], 0);
  const angle = lengths ? Math.acos(Math.min(1, Math.max(-1, dot / lengths))) : 0;
  const sine = Math.sin(angle);
  if (sine < STRAIGHT) return lerp(a, b, t);
  const [first, second] = [Math.sin((1 - t) * angle) / sine, Math.sin(t * angle) / sine];
  return a.map((value, i) => first * value + second * b[i]);
}

// The latents at equal distances from a to b, both included; codes change along the line.
export function path(a, b, steps, { prior, layout }) {
  return Array.from({ length: steps }, (_, step) => {
    const t = step / (steps - 1);
    const latent = lerp(a, b, t);
    for (const { name, start, size } of layout) {
      if (prior !== GAUSSIAN || name !== "noise") continue;
      const part = slerp(a.slice(start, start + size), b.slice(start, start + size), t);
      latent.splice(start, size, ...part);
    }
    return latent;
  });
}

// Brings a sum back to where the prior has its mass: to the length of `like`, or into the cube.
export function broughtBack(z, like, { prior }) {
  if (prior === GAUSSIAN) {
    const now = length(z);
    return z.map((value) => (now ? (value * length(like)) / now : 0));
  }
  return prior === UNIFORM ? z.map((value) => Math.min(1, Math.max(-1, value))) : z;
}

export function mixed(a, b, c, latent) {
  return broughtBack(a.map((value, i) => value - b[i] + c[i]), a, latent);
}

// From the mean of latents that lack something to the mean of those that have it; `has` says which.
export function direction(latents, has) {
  const mean = (wanted) => {
    const those = latents.filter((_, i) => has[i] === wanted);
    return those.reduce((sum, z) => sum.map((value, i) => value + z[i] / those.length), latents[0].map(() => 0));
  };
  const without = mean(false);
  return mean(true).map((value, i) => value - without[i]);
}

// From a as far as a typical latent is long, against the direction and along it.
export function walk(a, direction, steps, latent) {
  const size = length(direction) || 1;
  const reach = Math.sqrt(a.length);
  return Array.from({ length: steps }, (_, step) => {
    const far = ((2 * step) / (steps - 1) - 1) * reach;
    if (far === 0) return [...a];
    return broughtBack(a.map((value, i) => value + (far * direction[i]) / size), a, latent);
  });
}

export const isOneHot = ({ kind }) => kind === "one_hot";

// The codes of a latent; numbers that stand together are a code each, as `gan call --code NAME.i`.
export function codesOf(latent) {
  const parts = (latent?.layout ?? []).filter(({ name }) => name !== "noise");
  return parts.flatMap((part) =>
    isOneHot(part) || part.size === 1
      ? [part]
      : Array.from({ length: part.size }, (_, i) => ({ ...part, name: `${part.name}.${i}`, start: part.start + i, size: 1 })),
  );
}

// A latent with codes put into it: the place of the one, or the number itself.
export function withCodes(z, parts, values) {
  const latent = [...z];
  parts.forEach((part, i) => {
    const numbers = isOneHot(part)
      ? Array.from({ length: part.size }, (_, place) => Number(place === values[i]))
      : [values[i]];
    latent.splice(part.start, part.size, ...numbers);
  });
  return latent;
}

// What a code is at a step of many: its categories in turn, or from one end of its range to the other.
function valueAt(part, step, steps) {
  if (isOneHot(part)) return step % part.size;
  const [low, high] = rangeOf(part);
  return low + ((high - low) * step) / (steps - 1);
}

export const rangeOf = (part) => part.range ?? (isOneHot(part) ? [0, part.size - 1] : [-1, 1]);

// One code after the other moved in so many steps, while the others have these values.
export function traversal(z, parts, values, steps) {
  const moved = (i, value) => withCodes(z, parts, values.map((own, j) => (j === i ? value : own)));
  return parts.flatMap((part, i) => Array.from({ length: steps }, (_, step) => moved(i, valueAt(part, step, steps))));
}

export const truncated = (z, factor) => z.map((value) => factor * value);
export const canTruncate = (latent) => latent?.prior === GAUSSIAN;
