// What is done with chosen pictures: one stage with a picture, and a slider where there is a way.

import { draw, number, save } from "./samples.js";

const STRIP = 9; // small pictures above a slider
const ROUND = 5000; // milliseconds there and back

export const isCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// One of several pictures that lie beside each other.
export function small(sample, spec) {
  const canvas = document.createElement("canvas");
  draw(canvas, sample, spec);
  return canvas;
}

export class Stage {
  // `caption(step)` words what step is shown; `name(step)` is the file's name; `onMove` hears of the
  // slider; `onZoom` gets what is to be enlarged.
  constructor(id, { caption, name, onMove, onZoom }) {
    this.section = document.getElementById(id);
    this.canvas = document.getElementById(`${id}-picture`);
    this.slider = document.getElementById(`${id}-slider`);
    this.strip = this.section.querySelector(".strip");
    this.words = this.section.querySelector(".caption");
    Object.assign(this, { caption, onMove, frames: [], scores: null, spec: null });
    this.timer = null; // of an animation under way
    this.slider?.addEventListener("input", () => {
      this.stop();
      this.render();
      if (this.frames.length) this.onMove(this.step);
    });
    this.player = document.getElementById(`${id}-play`);
    this.player?.addEventListener("click", () => (this.timer === null ? this.play(Infinity) : this.rest()));
    const enlarge = () => {
      this.stop();
      onZoom({ sample: this.frames[this.step], spec: this.spec, name: this.wording, file: name(this.step) });
    };
    this.canvas.addEventListener("click", enlarge);
    document.getElementById(`${id}-enlarge`).addEventListener("click", enlarge);
    document
      .getElementById(`${id}-download`)
      .addEventListener("click", () => save(this.canvas, name(this.step)));
  }

  get step() {
    return this.slider ? Number(this.slider.value) : 0;
  }

  // Goes there and back so many times, from where the slider is; the last time ends there.
  play(rounds) {
    this.stop();
    const last = this.frames.length - 1;
    if (last < 1) return;
    this.player.textContent = "Pause";
    const start = performance.now();
    this.began = this.slider.value;
    const phase = Math.acos(1 - (2 * this.step) / last);
    const frame = (now) => {
      const round = Math.max(0, now - start) / ROUND;
      const angle = phase + 2 * Math.PI * Math.min(round, rounds);
      this.slider.value = String(Math.round((last * (1 - Math.cos(angle))) / 2));
      this.render();
      if (round >= rounds) this.rest();
      else this.timer = requestAnimationFrame(frame);
    };
    this.timer = requestAnimationFrame(frame);
  }

  stop() {
    if (this.timer === null) return;
    cancelAnimationFrame(this.timer);
    this.timer = null;
    this.player.textContent = "Play";
  }

  // Stops where it is, for good: what stands there is now the request that is shown.
  rest() {
    this.stop();
    if (this.frames.length) this.onMove(this.step);
  }

  // What comes next begins where the slider stood before the animation.
  interrupt() {
    if (this.timer !== null) this.slider.value = this.began;
    this.stop();
  }

  close() {
    this.interrupt();
    this.frames = [];
    this.section.querySelector(".stage").hidden = true;
    for (const strip of this.section.querySelectorAll(".strip")) strip.replaceChildren();
    this.section.querySelector(".hint").hidden = false;
  }

  open() {
    this.section.querySelector(".stage").hidden = false;
    this.section.querySelector(".hint").hidden = true;
  }

  show(frames, scores, spec) {
    this.interrupt();
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
    const count = Math.min(STRIP, this.frames.length);
    const place = (i) => Math.round((i * (this.frames.length - 1)) / (count - 1));
    return Array.from({ length: count }, (_, i) => small(this.frames[place(i)], this.spec));
  }

  // What the picture on the stage is, in words.
  get wording() {
    const score = this.scores ? `, score ${number(this.scores[this.step])}` : "";
    return `${this.caption(this.step)}${score}`;
  }

  render() {
    if (!this.frames.length) return;
    const { step } = this;
    draw(this.canvas, this.frames[step], this.spec);
    const words = this.wording;
    this.words.textContent = words;
    this.canvas.setAttribute("aria-label", words);
    this.slider?.setAttribute("aria-valuetext", words);
  }
}
