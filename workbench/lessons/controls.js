// What a reader presses, types and moves: the browser's own elements, which keyboards and screen readers know.
// Python says what to show (`spec`), gets each action as a message, and answers by `said` and `answered`.

const WAITING_MS = 400;
// Each control loads this file anew: a counter would begin again, and labels would name another control's field.
const newId = () => `wb-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  if (tag === "input" || tag === "button") element.dataset.lmSuppressShortcuts = "true"; // arrows are ours, not JupyterLab's
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function makeHtml(tag, attributes, html) {
  const element = make(tag, attributes);
  element.innerHTML = html;
  return element;
}

function button(text, type = "button") {
  return make("button", { type, class: "wb-button" }, text);
}

// One of several answers. The reply comes by the button: arrow keys move through the choices.
function choice(spec, send) {
  const group = newId();
  const form = make("form", {});
  const fieldset = make("fieldset", {}, makeHtml("legend", {}, spec.question));
  spec.choices.forEach((html, index) => {
    const radio = make("input", { type: "radio", name: group, value: index, required: "" });
    fieldset.append(make("label", { class: "wb-choice" }, radio, makeHtml("span", {}, html)));
  });
  form.append(fieldset, button(spec.button, "submit"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send({ chosen: Number(form.elements[group].value) });
  });
  return form;
}

// A line of text; sent when it is left, or by the Enter key.
function text(spec, send) {
  const id = newId();
  const input = make("input", { id, type: "text", inputmode: "decimal", autocomplete: "off", placeholder: spec.placeholder });
  input.value = spec.value;
  let sent = spec.value;
  const commit = () => { if (input.value !== sent) { sent = input.value; send({ text: sent }); } };
  input.addEventListener("change", commit);
  input.addEventListener("keydown", (event) => { if (event.key === "Enter") commit(); }); // not every page makes it a change
  const form = make("form", {}, makeHtml("div", { class: "wb-question" }, spec.question),
    make("div", { class: "wb-row" }, make("label", { for: id }, spec.label), input));
  form.addEventListener("submit", (event) => event.preventDefault());
  return form;
}

// Lines that change places. The focus goes with the line that is moved.
function order(spec, send, announce) {
  const now = spec.lines.map((_, index) => index);
  const rows = spec.lines.map((_, place) => ({ up: button(""), down: button(""), line: make("code", { class: "wb-line" }), place }));
  const draw = () => rows.forEach(({ up, down, line, place }) => {
    line.textContent = spec.lines[now[place]];
    for (const [move, arrow, word] of [[up, "↑", "Up"], [down, "↓", "Down"]]) {
      move.replaceChildren(make("span", { "aria-hidden": "true" }, `${arrow} `), word);
      move.setAttribute("aria-label", `${word}: line ${place + 1}, ${line.textContent.trim()}`);
    }
  });
  const swap = (place, step) => {
    const target = place + step;
    [now[place], now[target]] = [now[target], now[place]];
    draw();
    const [same, other] = step < 0 ? [rows[target].up, rows[target].down] : [rows[target].down, rows[target].up];
    (same.disabled ? other : same).focus();
    announce(`Line ${place + 1} is line ${target + 1} now.`);
  };
  for (const { up, down, place } of rows) {
    up.disabled = place === 0;
    down.disabled = place === rows.length - 1;
    up.addEventListener("click", () => swap(place, -1));
    down.addEventListener("click", () => swap(place, 1));
  }
  draw();
  const done = button(spec.button);
  done.addEventListener("click", () => send({ order: [...now] }));
  const list = make("ol", { class: "wb-lines" }, ...rows.map(({ up, down, line }) => make("li", {}, up, down, line)));
  return make("fieldset", {}, makeHtml("legend", {}, spec.question), list, done);
}

// One slider for each parameter; what it says is in `labels`, or follows from the first value and the step.
function sliders(spec, send) {
  const started = spec.sliders.map(({ at }) => at);
  const inputs = spec.sliders.map(({ name, last, at }) => {
    const input = make("input", { id: newId(), type: "range", min: 0, max: last, step: 1, name });
    input.value = at;
    return input;
  });
  const outputs = inputs.map(({ id }) => make("output", { for: id }));
  const said = ({ labels, low, step }, at) =>
    labels ? labels[at] : (low + at * step).toLocaleString("en-US", { maximumSignificantDigits: 4 });
  const read = () => inputs.forEach((input, index) => {
    outputs[index].textContent = said(spec.sliders[index], Number(input.value));
    input.setAttribute("aria-valuetext", outputs[index].textContent);
  });
  const moved = () => send({ places: Object.fromEntries(inputs.map(({ name, value }) => [name, Number(value)])) });
  inputs.forEach((input) => {
    input.addEventListener("input", read);
    input.addEventListener("change", moved);
  });
  const back = button(spec.button);
  back.addEventListener("click", () => {
    inputs.forEach((input, index) => { input.value = started[index]; });
    read();
    moved();
  });
  read();
  const rows = inputs.map((input, index) =>
    make("div", { class: "wb-row" }, make("label", { for: input.id }, spec.sliders[index].label), input, outputs[index]));
  return make("div", { role: "group", "aria-label": spec.label }, ...rows, back);
}

function buttons(spec, send) {
  const pressed = ({ name, label }) => {
    const made = button(label);
    made.addEventListener("click", () => send({ pressed: name }));
    return made;
  };
  return make("div", { class: "wb-row", role: "group", "aria-label": spec.label }, ...spec.buttons.map(pressed));
}

const KINDS = { choice, text, order, sliders, buttons };

function render({ model, el }) {
  const spec = model.get("spec");
  const said = make("div", { role: "status", class: spec.quiet ? "wb-said wb-unseen" : "wb-said" });
  let waits = false, next = null, timer = 0;
  // While the kernel computes only the newest action waits.
  const send = (action) => {
    if (waits) { next = action; return; }
    waits = true;
    timer = setTimeout(() => {
      said.textContent = "Waiting for the kernel …";
      said.classList.remove("wb-unseen");
    }, WAITING_MS);
    model.send(action);
  };
  const answered = () => {
    clearTimeout(timer);
    waits = false;
    said.innerHTML = model.get("said");
    said.classList.toggle("wb-unseen", Boolean(spec.quiet));
    if (next !== null) { const action = next; next = null; send(action); }
  };
  model.on("change:answered", answered);
  el.classList.add("wb-controls");
  el.append(KINDS[spec.kind](spec, send, (words) => { said.textContent = words; }), said);
  if (model.get("said")) said.innerHTML = model.get("said");
  return () => { clearTimeout(timer); model.off("change:answered", answered); };
}

export default { render };
