// A quiz of pictures that are real or generated: what was clicked, and what the score says.
"use strict";

const NORMAL = 1.959963984540054; // 97.5 % of a standard normal distribution lie below it

// The 95 % interval of a share of which `hits` of `count` were seen. Wilson 1927.
function wilson(hits, count) {
  const share = hits / count;
  const square = (NORMAL * NORMAL) / count;
  const middle = (share + square / 2) / (1 + square);
  const half = (Math.sqrt((share * (1 - share) * square) + (square * square) / 4)) / (1 + square);
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

const percent = (share) => `${Math.round(100 * share)} %`;

function verdict(hits, count) {
  const [low, high] = wilson(hits, count);
  const words = `${hits} of ${count} right: ${percent(hits / count)}, with 95 % confidence between ${percent(low)} and ${percent(high)}.`;
  if (low > 0.5) return `${words} That is better than guessing: the pictures can be told apart.`;
  if (high < 0.5) return `${words} That is worse than guessing: the generated ones look more real.`;
  return `${words} Guessing gives 50 %, and this score does not differ from it for certain.`;
}

function play(quiz) {
  const key = quiz.dataset.key;
  const figures = [...quiz.querySelectorAll("figure")];
  let [hits, count] = [0, 0];
  figures.forEach((figure, i) => {
    const buttons = [...figure.querySelectorAll("button")];
    buttons.forEach((button) => {
      button.addEventListener("click", () => {
        const isRight = button.value === key[i];
        [hits, count] = [hits + Number(isRight), count + 1];
        for (const other of buttons) other.disabled = true;
        figure.classList.add(isRight ? "hit" : "miss");
        figure.querySelector("figcaption").textContent = `${isRight ? "✓" : "✗"} ${key[i] === "1" ? "real" : "generated"}`;
        quiz.querySelector("[role='status']").textContent = verdict(hits, count);
      });
    });
  });
  quiz.hidden = false;
}

const quiz = globalThis.document?.getElementById("quiz");
if (quiz) play(quiz);
