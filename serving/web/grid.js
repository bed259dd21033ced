// The grid of pictures: a list box in which two or three are chosen.

import { view } from "./samples.js";

export const PLACES = ["A", "B", "C"];

export class Grid {
  // `root` has an event "picked" at every change of what is chosen; `onZoom(i)` hears of a picture to
  // be enlarged.
  constructor(root, onZoom) {
    Object.assign(this, { root, onZoom });
    this.cells = [];
    this.picks = [null, null, null];
    this.isSuggestion = false; // whether the page chose, and the next choice begins anew
    this.current = 0;
    root.addEventListener("keydown", (event) => this.key(event));
  }

  clear() {
    this.cells = [];
    this.picks = [null, null, null];
    this.isSuggestion = false;
    this.root.replaceChildren();
    this.tell();
  }

  tell() {
    this.root.dispatchEvent(new Event("picked"));
  }

  // Chooses for a reader who has not chosen yet.
  suggest(picks) {
    this.picks = picks;
    this.isSuggestion = true;
    this.mark();
    this.tell();
  }

  // Chooses what was chosen before.
  restore(picks) {
    this.picks = picks;
    this.mark();
    this.tell();
  }

  // Shows new cells; what was chosen stays chosen, though its picture may be gone from the grid.
  show(cells, spec) {
    this.cells = cells;
    this.current = 0;
    this.root.classList.toggle("table", spec.kind === "table");
    this.root.replaceChildren(...cells.map((cell, i) => this.element(cell, i, spec)));
    this.mark();
  }

  element(cell, i, spec) {
    const option = document.createElement("div");
    option.className = "cell";
    option.setAttribute("role", "option");
    const canvas = view(cell.sample, spec);
    canvas.setAttribute("aria-hidden", "true");
    canvas.classList.add("sample");
    const badge = Object.assign(document.createElement("span"), { className: "badge" });
    badge.setAttribute("aria-hidden", "true");
    const words = Object.assign(document.createElement("div"), { className: "words" });
    words.setAttribute("aria-hidden", "true");
    option.append(canvas, badge, words);
    if (canvas instanceof HTMLCanvasElement) option.append(this.enlarger(i));
    option.addEventListener("focus", () => {
      this.current = i;
    });
    option.addEventListener("click", () => {
      this.move(i);
      this.toggle(cell);
    });
    Object.assign(cell, { canvas, option, badge, words });
    return option;
  }

  // For pointers alone; the keyboard has Z.
  enlarger(i) {
    const element = Object.assign(document.createElement("span"), { className: "enlarge", textContent: "⤢", title: "Enlarge" });
    element.setAttribute("aria-hidden", "true");
    element.addEventListener("click", (event) => {
      event.stopPropagation();
      this.current = i;
      this.mark();
      this.onZoom(i);
    });
    return element;
  }

  place(cell) {
    return this.picks.indexOf(cell);
  }

  mark() {
    this.cells.forEach((cell, i) => {
      const place = this.place(cell);
      const chosen = place >= 0 ? `, chosen as ${PLACES[place]}` : "";
      cell.option.setAttribute("aria-selected", String(place >= 0));
      cell.option.setAttribute("aria-label", `${cell.name}${cell.scoreText ? `, ${cell.scoreText}` : ""}${chosen}`);
      cell.option.tabIndex = i === this.current ? 0 : -1;
      cell.option.title = cell.name;
      cell.badge.textContent = place >= 0 ? PLACES[place] : "";
      cell.badge.className = `badge ${(PLACES[place] ?? "").toLowerCase()}`;
      const lines = [...cell.short, cell.scoreText].filter(Boolean);
      cell.words.replaceChildren(...lines.map((line) => Object.assign(document.createElement("div"), { textContent: line })));
    });
  }

  // Chooses a picture for the first free place (the last one when all are taken), or lets it go.
  toggle(cell) {
    this.beginAnew();
    const place = this.place(cell);
    if (place >= 0) return this.set(place, null);
    const free = this.picks.indexOf(null);
    return this.set(free >= 0 ? free : PLACES.length - 1, cell);
  }

  beginAnew() {
    if (this.isSuggestion) this.picks = [null, null, null];
    this.isSuggestion = false;
  }

  set(place, cell) {
    if (cell) this.beginAnew();
    this.isSuggestion = false;
    const before = cell ? this.place(cell) : -1;
    if (before >= 0) this.picks[before] = null;
    this.picks[place] = cell;
    this.mark();
    this.tell();
  }

  get columns() {
    const top = this.cells[0]?.option.offsetTop;
    const next = this.cells.findIndex(({ option }) => option.offsetTop !== top);
    return next > 0 ? next : Math.max(1, this.cells.length);
  }

  move(to) {
    if (!this.cells.length) return;
    this.current = Math.max(0, Math.min(this.cells.length - 1, to));
    this.mark();
    this.cells[this.current].option.focus();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.cells.length) return;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns };
    const ends = { Home: 0, End: this.cells.length - 1 };
    const place = PLACES.indexOf(event.key.toUpperCase());
    if (event.key in steps) {
      const to = this.current + steps[event.key];
      if (to >= 0 && to < this.cells.length) this.move(to);
    } else if (event.key in ends) this.move(ends[event.key]);
    else if (event.key === "Enter" || event.key === " ") this.toggle(this.cells[this.current]);
    else if (place >= 0) this.set(place, this.cells[this.current]);
    else if (event.key.toUpperCase() === "Z") this.onZoom(this.current);
    else return;
    event.preventDefault();
  }
}
