// The label to generate under: few are buttons beside each other, many are a list.

const MOST_BUTTONS = 14;

const make = (tag, properties = {}) => Object.assign(document.createElement(tag), properties);

export class Labels {
  // `changed` hears of every choice.
  constructor(root, changed) {
    Object.assign(this, { root, changed });
    root.addEventListener("change", changed);
  }

  // Options are [value, words]; what was chosen stays chosen.
  fill(name, options) {
    const before = this.value;
    const few = options.length <= MOST_BUTTONS;
    this.root.replaceChildren(...(few ? [this.buttons(name, options)] : this.list(name, options)));
    this.value = options.some(([value]) => value === before) ? before : (options[0]?.[0] ?? "");
  }

  buttons(name, options) {
    const group = make("fieldset", { className: "chips" });
    group.append(make("legend", { textContent: name }));
    for (const [value, words] of options) {
      const label = make("label", { className: "chip" });
      label.append(make("input", { type: "radio", name: "label", value }), make("span", { textContent: words }));
      group.append(label);
    }
    return group;
  }

  list(name, options) {
    const select = make("select", { id: "label" });
    select.append(...options.map(([value, words]) => new Option(words, value)));
    return [make("label", { htmlFor: "label", textContent: name }), select];
  }

  get value() {
    return this.root.querySelector("select")?.value ?? this.root.querySelector("input:checked")?.value ?? "";
  }

  set value(wanted) {
    const select = this.root.querySelector("select");
    if (select) select.value = wanted;
    else for (const input of this.root.querySelectorAll("input")) input.checked = input.value === wanted;
  }
}
