// The stepper of one paused run: what the next step will get, what the last one changed, and what to do.

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
  const ctx = makeTree(pick);
  for (const [name, shown] of [["Input of this step", input], ["ctx", ctx.element]]) {
    const column = make("div", "");
    shown.tabIndex = 0; // so that a keyboard can scroll it
    shown.setAttribute("aria-label", name);
    column.append(make("h4", "", name), shown);
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
  panel.append(row, changed, values, edit, note);
  el.append(panel);

  let isWaiting = false; // after a click, until Python answers
  let aborting = false;
  let sent = {}; // the last message
  let turn = model.get("view").turn; // clicks that Python has answered
  let shown = "";
  let pauses = 0; // seen so far; before the first one there is nothing to compare with

  function pick(place, text) {
    if (path.disabled) return;
    path.value = place;
    value.value = text.endsWith("…") ? "" : text; // what was cut is no JSON
    value.focus({ preventScroll: true });
    value.select();
  }
  function send(message) {
    isWaiting = true;
    sent = message;
    model.send(message);
    show();
  }
  // What stands in the fields and was not set goes along: Python sets it first, and does nothing more if that fails.
  const typed = () => (path.value.trim() || value.value.trim() ? { path: path.value, value: value.value } : {});
  function write() {
    if (!set.disabled && "path" in typed()) send({ event: "edit", ...typed() });
  }
  next.addEventListener("click", () => send({ event: "next", ...typed() }));
  go.addEventListener("click", () => send({ event: "go", ...typed() }));
  abort.addEventListener("click", () => {
    aborting = true;
    send(ABORT);
  });
  edit.dataset.lmSuppressShortcuts = "true"; // else Enter belongs to JupyterLab, which then edits the cell
  edit.addEventListener("submit", (event) => {
    event.preventDefault();
    write();
  });
  edit.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key !== "Enter" || event.isComposing || event.target === set) return;
    event.preventDefault();
    write();
  });

  function show() {
    const { state, pause, error } = model.get("view");
    const here = JSON.stringify(pause);
    if (pause && here !== shown) pauses += 1;
    shown = here;
    const isGone = Boolean(model.get("gone"));
    const isPaused = Boolean(pause) && !aborting && !isGone;
    panel.dataset.state = isGone ? "interrupted" : state;
    where.replaceChildren();
    if (isGone) where.append("Interrupted");
    else if (aborting) where.append("Aborting…");
    else if (pause) where.append("Paused before ", make("b", "", pause.agent), " at ", make("code", "", pause.address));
    else where.append("Running…");
    for (const element of [next, go, set, path, value]) element.disabled = !isPaused || isWaiting;
    abort.disabled = aborting || isGone;
    note.textContent = isGone ? farewell(model.get("about")) : error;
    if (!pause) return;
    input.textContent = pause.input;
    ctx.show(pause.ctx, pause.changed.map(([place]) => place));
    const nothing = pauses > 1 ? "Nothing has changed since the last pause." : "";
    changed.replaceChildren(pause.changed.length ? make("h4", "", "Changed since the last pause") : nothing);
    for (const [place, before, after] of pause.changed) {
      const line = make("div", "fb-change");
      line.append(make("code", "", place), " ");
      if (before) line.append(make("del", "", before), " ");
      if (before && after) line.append("→ ");
      if (after) line.append(make("ins", "", after));
      if (before && !after) line.append("removed");
      changed.append(line);
    }
  }

  model.on("change:view", () => {
    const hadFocus = panel.contains(document.activeElement) || document.activeElement === document.body;
    const view = model.get("view");
    const isAnswer = view.turn !== turn;
    turn = view.turn;
    if (isAnswer) {
      isWaiting = false;
      if ("path" in sent && !view.error) path.value = value.value = "";
    }
    show();
    if (!hadFocus || !view.pause) return; // a disabled element loses the focus
    const wanted = view.error ? value : sent.event === "edit" && isAnswer ? path : isAnswer || document.activeElement === document.body ? next : null;
    wanted?.focus({ preventScroll: true });
  });
  model.on("change:gone", show);
  show();
}

export default { initialize, render };
