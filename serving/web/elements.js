// Elements of the page, and what is often done with them.

export const $ = (id) => document.getElementById(id);

export function fill(select, options, value) {
  select.replaceChildren(...options.map(([key, words]) => new Option(words, key)));
  if (options.some(([key]) => key === value)) select.value = value;
}

export function button(words, label, act) {
  const element = Object.assign(document.createElement("button"), { type: "button", textContent: words });
  element.setAttribute("aria-label", label);
  element.addEventListener("click", act);
  return element;
}

// Says that what the page shows has changed, so that its address is written anew.
export const remember = () => document.dispatchEvent(new Event("remember"));

// Files that are dropped on an element are as if chosen with its input.
export function takesFiles(element, input) {
  const isOver = (over) => (event) => {
    event.preventDefault();
    element.classList.toggle("over", over);
  };
  element.addEventListener("dragover", isOver(true));
  element.addEventListener("dragleave", isOver(false));
  element.addEventListener("drop", (event) => {
    isOver(false)(event);
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

export function later(act, pause = 250) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(act, pause, ...given);
  };
}
