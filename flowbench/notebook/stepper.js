// The stepper of one paused run: what the next step will get, what the last one changed, and what to do.

const ABORT = { event: "abort" };

function make(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function button(text, className) {
  const element = make("button", `fb-button ${className}`, text);
  element.type = "button";
  return element;
}

function field(name, placeholder) {
  const label = make("label", "", name);
  const input = document.createElement("input");
  input.placeholder = placeholder;
  input.spellcheck = false;
  input.autocapitalize = "off";
  label.append(input);
  return [label, input];
}

function render({ model, el }) {
  const panel = make("section", "fb-panel fb-stepper");
  panel.setAttribute("aria-label", "Stepper");
  const row = make("div", "fb-step");
  const where = make("span", "fb-where");
  where.setAttribute("role", "status");
  const next = button("Next step", "fb-main fb-next");
  const go = button("Continue", "fb-go");
  const abort = button("Abort", "fb-danger fb-abort");
  row.append(where, next, go, abort);
  const values = make("div", "fb-values");
  const input = make("pre", "");
  const ctx = make("pre", "");
  for (const [name, pre] of [["Input of this step", input], ["ctx", ctx]]) {
    const column = make("div", "");
    pre.tabIndex = 0; // so that a keyboard can scroll it
    pre.setAttribute("aria-label", name);
    column.append(make("h4", "", name), pre);
    values.append(column);
  }
  const changed = make("div", "fb-changed");
  const edit = make("form", "fb-edit");
  const [pathLabel, path] = field("Write to ctx", "$.path");
  const [valueLabel, value] = field("JSON value", '"text", 42, [1, 2] ...');
  const set = button("Set", "fb-set");
  set.type = "submit";
  edit.append(pathLabel, valueLabel, set);
  const note = make("div", "fb-note");
  note.setAttribute("role", "alert");
  panel.append(row, values, changed, edit, note);
  el.append(panel);

  let isWaiting = false; // after a click, until Python says something new
  let aborting = false;
  let shown = "";
  let turns = 0; // pauses seen; before the first one there is nothing to compare with

  function send(message) {
    isWaiting = true;
    model.send(message);
    show();
  }
  next.addEventListener("click", () => send({ event: "next" }));
  go.addEventListener("click", () => send({ event: "go" }));
  abort.addEventListener("click", () => {
    aborting = true;
    send(ABORT);
  });
  edit.addEventListener("submit", (event) => {
    event.preventDefault();
    send({ event: "edit", path: path.value, value: value.value });
  });

  function show() {
    const { state, pause, error } = model.get("view");
    const here = JSON.stringify(pause);
    if (pause && here !== shown) turns += 1;
    shown = here;
    const isPaused = Boolean(pause) && !aborting;
    panel.dataset.state = state;
    where.replaceChildren();
    if (aborting) where.append("Aborting…");
    else if (pause) where.append("Paused before ", make("b", "", pause.agent), " at ", make("code", "", pause.address));
    else where.append("Running…");
    for (const element of [next, go, set, path, value]) element.disabled = !isPaused || isWaiting;
    abort.disabled = aborting;
    note.textContent = error;
    if (!pause) return;
    input.textContent = pause.input;
    ctx.textContent = pause.ctx;
    const nothing = turns > 1 ? "Nothing has changed since the last pause." : "";
    changed.replaceChildren(pause.changed.length ? "Changed since the last pause: " : nothing);
    pause.changed.forEach((place, index) => {
      if (index) changed.append(" ");
      changed.append(make("code", "", place));
    });
  }

  model.on("change:view", () => {
    const hadFocus = panel.contains(document.activeElement) || document.activeElement === document.body;
    const { pause, error } = model.get("view");
    const isEdited = isWaiting && pause && path.value && !error;
    isWaiting = false;
    show();
    if (isEdited) path.value = value.value = "";
    if (hadFocus && pause && !isEdited && !error) next.focus({ preventScroll: true }); // a disabled button loses the focus
  });
  show();
}

export default { render };
