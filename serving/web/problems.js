// What each part of the page waits for, and what went wrong there.

import { Refused } from "./api.js";
import { $ } from "./elements.js";

export const running = {}; // what each part of the page waits for
export const problems = new Map(); // what went wrong in each

export function tell(part, error) {
  if (!error) problems.delete(part);
  else if (error instanceof Refused) problems.set(part, error);
  else {
    console.error(error);
    problems.set(part, new Refused(0, `Something broke on this page: ${error.message}`));
  }
  showProblems();
}

export function showProblems() {
  const sentences = new Set([...problems.values()].map(({ message }) => message));
  $("error").textContent = [...sentences].join(" ");
}

// Whatever hindered every part before is over once one of them has its answer.
function answered(part) {
  problems.delete(part);
  for (const [other, { isPassing }] of problems) if (isPassing) problems.delete(other);
  showProblems();
}

// What was wrong is being put right: the words go as soon as something is changed there, and before
// the change is acted on, which may bring words of its own.
export function forgetsProblems(element, part) {
  for (const event of ["input", "change"]) element.addEventListener(event, () => tell(part, null), true);
}

// Runs one part's work and returns whether it came to its end; a newer run of a part ends the older.
export async function run(part, element, work) {
  running[part]?.abort();
  const controller = (running[part] = new AbortController());
  element.classList.add("busy");
  element.setAttribute("aria-busy", "true");
  try {
    await work(controller.signal);
    if (running[part] === controller) answered(part);
    return true;
  } catch (error) {
    if (error.name !== "AbortError") tell(part, error);
    return false;
  } finally {
    if (running[part] === controller) {
      element.classList.remove("busy");
      element.removeAttribute("aria-busy");
    }
  }
}
