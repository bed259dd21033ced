// One picture as large as the window allows, and its neighbours.

import { PLACES } from "./grid.js";
import { draw, save } from "./samples.js";

const $ = (id) => document.getElementById(id);

export class Zoom {
  constructor() {
    this.dialog = $("zoom");
    this.entries = [];
    this.at = 0;
    $("zoom-back").addEventListener("click", () => this.move(-1));
    $("zoom-on").addEventListener("click", () => this.move(1));
    $("zoom-close").addEventListener("click", () => this.dialog.close());
    $("zoom-download").addEventListener("click", () => save($("zoom-picture"), this.entry.file));
    this.dialog.addEventListener("click", ({ target }) => target === this.dialog && this.dialog.close());
    this.dialog.addEventListener("keydown", ({ key }) => {
      if (key === "ArrowLeft") this.move(-1);
      else if (key === "ArrowRight") this.move(1);
    });
  }

  get entry() {
    return this.entries[this.at];
  }

  // Entries are {sample, spec, name, file} and, where they can be chosen, `choose(place)`.
  show(entries, at = 0) {
    Object.assign(this, { entries, at });
    this.render();
    if (!this.dialog.open) this.dialog.showModal();
  }

  move(step) {
    this.at = (this.at + step + this.entries.length) % this.entries.length;
    this.render();
  }

  render() {
    const { sample, spec, name, choose } = this.entry;
    draw($("zoom-picture"), sample, spec);
    $("zoom-picture").setAttribute("aria-label", name);
    $("zoom-name").textContent = name;
    $("zoom-back").hidden = $("zoom-on").hidden = this.entries.length < 2;
    const buttons = (choose ? PLACES : []).map((letter, place) => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: letter });
      button.setAttribute("aria-label", `Put it in ${letter}`);
      button.addEventListener("click", () => {
        choose(place);
        this.dialog.close();
      });
      return button;
    });
    $("zoom-places").replaceChildren(...buttons);
  }
}
