// What is done with chosen pictures: one stage with a picture, and a slider where there is a way.

import { draw, number, save } from "./samples.js";

const STRIP = 9; // small pictures above a slider

export class Stage {
  // `caption(step)` words what step is shown; `name(step)` is the file's name; `onMove` hears of the slider.
  constructor(id, { caption, name, onMove }) {
    this.section = document.getElementById(id);
    this.canvas = document.getElementById(`${id}-picture`);
    this.slider = document.getElementById(`${id}-slider`);
    this.strip = this.section.querySelector(".strip");
    this.words = this.section.querySelector(".caption");
    Object.assign(this, { caption, onMove, frames: [], scores: null, spec: null });
    this.slider?.addEventListener("input", () => {
      this.render();
      if (this.frames.length) this.onMove(this.step);
    });
    document
      .getElementById(`${id}-download`)
      .addEventListener("click", () => save(this.canvas, name(this.step)));
  }

  get step() {
    return this.slider ? Number(this.slider.value) : 0;
  }

  close() {
    this.frames = [];
    this.section.querySelector(".stage").hidden = true;
    this.section.querySelector(".hint").hidden = false;
  }

  open() {
    this.section.querySelector(".stage").hidden = false;
    this.section.querySelector(".hint").hidden = true;
  }

  show(frames, scores, spec) {
    Object.assign(this, { frames, scores, spec });
    this.open();
    if (this.slider) {
      const share = this.step / Number(this.slider.max);
      this.slider.max = String(frames.length - 1);
      this.slider.value = String(Math.round(share * (frames.length - 1)));
      this.strip.replaceChildren(...this.small());
    }
    this.render();
  }

  small() {
    return Array.from({ length: Math.min(STRIP, this.frames.length) }, (_, i) => {
      const canvas = document.createElement("canvas");
      const last = Math.min(STRIP, this.frames.length) - 1;
      draw(canvas, this.frames[Math.round((i * (this.frames.length - 1)) / last)], this.spec);
      return canvas;
    });
  }

  render() {
    if (!this.frames.length) return;
    const { step } = this;
    draw(this.canvas, this.frames[step], this.spec);
    const score = this.scores ? `, score ${number(this.scores[step])}` : "";
    const words = `${this.caption(step)}${score}`;
    this.words.textContent = words;
    this.canvas.setAttribute("aria-label", words);
    this.slider?.setAttribute("aria-valuetext", words);
  }
}
