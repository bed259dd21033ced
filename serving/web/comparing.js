// A picture before and after on one canvas: a slider, or the pointer, moves the line between them.

const SMALL = 256; // pixels that a small picture is enlarged to, at least
const LINE = 2;

const make = (tag, properties = {}) => Object.assign(document.createElement(tag), properties);

// By how many times a picture of that width is enlarged: a whole number, so that pixels stay squares.
export const enlargement = (width) => Math.max(1, Math.ceil(SMALL / width));

// How many columns of `width` show the picture before, at `share` of the way from 0 to 1.
export const columnsBefore = (share, width) => Math.round(Math.min(1, Math.max(0, share)) * width);

function paint(canvas, before, after, share) {
  const { width, height } = canvas;
  const at = columnsBefore(share, width);
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.clearRect(0, 0, width, height);
  context.drawImage(after, 0, 0, width, height);
  context.save();
  context.beginPath();
  context.rect(0, 0, at, height);
  context.clip();
  context.clearRect(0, 0, at, height);
  context.drawImage(before, 0, 0, width, height);
  context.restore();
  if (at > 0 && at < width) {
    context.fillStyle = "#4338b8";
    context.fillRect(at - LINE / 2, 0, LINE, height);
  }
}

// Both canvases as one figure, as large as the one after.
export function compared(before, after) {
  const scale = enlargement(after.width);
  const canvas = make("canvas", { width: after.width * scale, height: after.height * scale });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "Before on the left, after on the right");
  canvas.classList.toggle("smooth", scale === 1);
  const slider = make("input", { type: "range", min: 0, max: 1, step: 0.01, value: 0.5 });
  slider.setAttribute("aria-label", "How much is shown as it was before");
  const show = () => paint(canvas, before, after, Number(slider.value));
  const follow = (event) => {
    if (event.type === "pointermove" && !event.buttons) return;
    const box = canvas.getBoundingClientRect();
    slider.value = String((event.clientX - box.left) / box.width);
    show();
  };
  canvas.addEventListener("pointerdown", follow);
  canvas.addEventListener("pointermove", follow);
  slider.addEventListener("input", show);
  show();
  const figure = make("figure", { className: "answer compared" });
  figure.append(canvas, slider, make("figcaption", { textContent: "before | after" }));
  return figure;
}
