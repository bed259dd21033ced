// The request behind what is shown, as curl and Python, to be copied.

import { base } from "./api.js";
import { $ } from "./elements.js";
import * as snippets from "./snippets.js";
import { chosen, model } from "./state.js";

const MOST_SHOWN = 200; // numbers of an input in a request that is shown

export function showRequest(what, body, lines) {
  const withKey = Boolean($("api-key").value);
  $("request-what").textContent = what;
  $("curl").textContent = snippets.curl(new URL(model.path, base()).href, shortened(body), withKey);
  $("python").textContent = snippets.program(base().href.replace(/\/$/, ""), chosen, withKey, lines);
  $("copy-curl").disabled = $("copy-python").disabled = false;
}

// Pictures are too long to be read; what is left out is an ellipsis.
function shortened(body) {
  const inputs = Object.entries(body.inputs).map(([name, rows]) => [name, rows.flat(Infinity).length > MOST_SHOWN ? "…" : rows]);
  return { ...body, inputs: Object.fromEntries(inputs) };
}

export async function copy(id, name) {
  const text = $(id).textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without HTTPS browsers offer no clipboard; what is selected can still be copied.
    getSelection().selectAllChildren($(id));
    document.execCommand("copy");
  }
  $("copied").textContent = `Copied as ${name}.`;
}
