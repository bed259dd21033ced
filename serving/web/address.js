// What the page shows, as the query of its address: a reload or a shared link brings it back.

// The values of the address by name.
export const read = () => Object.fromEntries(new URLSearchParams(location.search));

// Puts values into the address; what is empty is left out.
export function write(values) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== "" && value !== null && value !== undefined) query.set(name, String(value));
  }
  const text = String(query);
  history.replaceState(null, "", `${location.pathname}${text ? `?${text}` : ""}`);
}

// A picture by what it was made of: seed, truncation and its labels in their order; null where no seed
// made it.
export const picked = ({ seed, truncation, row }, labels) =>
  seed === null ? null : [seed, truncation, ...labels.map((name) => row?.[name]).filter((label) => label !== undefined)].join("_");

// The same read back, {seed, truncation, labels}; null where it is no such text.
export function unpicked(text) {
  const [seed, truncation, ...labels] = (text ?? "").split("_").map(Number);
  const isSound = text && Number.isSafeInteger(seed) && truncation >= 0 && truncation <= 1 && labels.every((label) => Number.isSafeInteger(label) && label >= 0);
  return isSound ? { seed, truncation, labels } : null;
}
