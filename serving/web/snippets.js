// What the page asked, as a person would type it.

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
const python = (value) => JSON.stringify(value);

export function curl(url, body, withKey) {
  const key = withKey ? ` -H "x-api-key: $SADDLEPOINT_API_KEY"` : "";
  return `curl${key} -H 'Content-Type: application/json' \\\n  -d ${quoted(JSON.stringify(body))} \\\n  ${quoted(url)}`;
}

// The lines inside `with Client(…) as client:`.
export function program(origin, { model, version, versionLabel }, withKey, lines) {
  const options = [
    python(origin),
    `model=${python(model)}`,
    ...(versionLabel ? [`version_label=${python(versionLabel)}`] : version ? [`version=${version}`] : []),
    ...(withKey ? [`api_key=os.environ["SADDLEPOINT_API_KEY"]`] : []),
  ].join(", ");
  const imports = [
    ...(withKey ? ["import os"] : []),
    ...(lines.some((line) => line.includes("np.")) ? ["import numpy as np"] : []),
    "from serving import Client",
  ];
  return [...imports, "", `with Client(${options}) as client:`, ...lines.map((line) => `    ${line}`)].join("\n");
}

// Inputs of a row as keyword arguments: arrays by their names, everything else as it stands.
export function keywords(row, inputs, count) {
  return inputs
    .filter(({ name }) => name in row)
    .map(({ name, field }) => {
      if (field.shape.length) return `, ${name}=${name}`;
      return `, ${name}=${count === 1 ? `[${python(row[name])}]` : python(row[name])}`;
    })
    .join("");
}

// What the arrays are that stand by their names.
export function arrays(row, inputs, count) {
  return inputs
    .filter(({ name, field }) => name in row && field.shape.length)
    .map(({ name, field }) => `# ${name}: ${field.dtype} [${[count, ...field.shape.map((n) => n ?? "any")].join(", ")}]`);
}

// A picture's place in the space of latents: its seed, or its truncated latent, or the numbers of one
// that was found for a picture.
export const point = (cell) => (cell.seed !== null && cell.truncation === 1 ? String(cell.seed) : latent(cell));

export function latent({ seed, truncation, latent: numbers }) {
  if (seed === null) return `np.array(${JSON.stringify(numbers)}, np.float32)`;
  return truncation === 1 ? `client.latents([${seed}])[0]` : `${truncation} * client.latents([${seed}])[0]`;
}
