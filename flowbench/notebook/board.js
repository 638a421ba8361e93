// The board of a project. Python sends `view`, `detail` and `said`; the page says which button was clicked.

const ASKS = {
  done: ["What was done? (optional)", false],
  block: ["Why can it not go on?", true],
  skip: ["Why is it left out? (optional)", false],
};
const LABELS = { start: "Start", done: "Done", block: "Block", skip: "Skip" };
const PATIENCE = 3000; // milliseconds until the board says that the kernel takes longer

function render({ model, el }) {
  const { approvals: isApprovals } = model.get("about");
  const panel = make("section", "fb-panel fb-board");
  panel.setAttribute("aria-label", isApprovals ? "Approvals" : "Task board");
  panel.setAttribute("data-lm-suppress-shortcuts", "true");
  const head = make("div", "fb-head");
  const title = make("b", "fb-title");
  const filter = make("input", "fb-board-filter");
  filter.type = "search";
  filter.placeholder = "Filter";
  filter.setAttribute("aria-label", "Filter tasks");
  const said = make("span", "fb-said");
  said.setAttribute("role", "status");
  head.append(title, said);
  if (!isApprovals) head.append(filter);
  const note = make("div", "fb-note");
  const form = make("form", "fb-board-form");
  form.hidden = true;
  const asks = make("div", "fb-board-asks");
  const middle = make("div", "fb-board-middle");
  const columns = make("div", "fb-board-columns");
  const sheet = make("aside", "fb-facts fb-board-detail");
  sheet.hidden = true;
  middle.append(columns, sheet);
  panel.append(head, note, form, asks, middle);
  el.append(panel);

  const view = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
  let number = 0; // each message is delivered twice while the kernel is busy; the second one is known by its number
  let opened = "";
  let patience = 0;
  let typing = 0;
  const notes = new Map(); // approval -> what was typed

  const isGone = () => Boolean(model.get("gone"));

  function say(act, id = "", text = "") {
    if (!isGone()) model.send({ event: "board", view, n: (number += 1), do: act, id, text });
  }

  function tell(text, bad = false) {
    said.textContent = text;
    said.classList.toggle("fb-wrong", bad);
  }

  function act(name, id, text = "") {
    tell("…");
    clearTimeout(patience);
    patience = setTimeout(() => tell("The kernel has not answered yet."), PATIENCE);
    say(name, id, text);
  }

  function button(text, label, onClick, className = "fb-button") {
    const made = make("button", className, text);
    made.type = "button";
    made.setAttribute("aria-label", label);
    made.disabled = isGone();
    made.addEventListener("click", (event) => {
      event.stopPropagation();
      onClick(made);
    });
    return made;
  }

  function ask(name, id) {
    const [question, isNeeded] = ASKS[name];
    const words = make("label", "", `${LABELS[name]} ${id}`);
    const field = make("input", "fb-ask-reason");
    field.placeholder = question;
    field.required = isNeeded;
    field.setAttribute("aria-label", question);
    const send = make("button", "fb-button fb-main", LABELS[name]);
    send.type = "submit";
    form.replaceChildren(words, field, send, button("Cancel", "Cancel", () => (form.hidden = true)));
    form.hidden = false;
    form.onsubmit = (event) => {
      event.preventDefault();
      form.hidden = true;
      act(name, id, field.value);
    };
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault(); // JupyterLab takes the Enter key of a cell for its own
      event.stopPropagation();
      if (event.key === "Enter") form.requestSubmit();
      else form.hidden = true;
    });
    field.focus();
  }

  function card(task) {
    const made = make("article", "fb-card");
    made.dataset.status = task.status;
    made.dataset.id = task.id;
    made.classList.toggle("fb-picked", task.id === opened);
    const name = make("button", "fb-card-name");
    name.type = "button";
    name.append(make("b", "", task.title), make("code", "", task.id));
    name.addEventListener("click", () => open(task.id === opened ? "" : task.id));
    const facts = [];
    if (task.ready) facts.push("ready");
    if (!["todo", "in_progress", "done"].includes(task.status)) facts.push(task.status.replaceAll("_", " "));
    if (task.waits.length) facts.push(`waits for ${task.waits.map((id) => `.${id.split(".").pop()}`).join(", ")}`);
    if (task.assignee && task.status === "in_progress") facts.push(task.assignee);
    if (task.blueprint) facts.push(`⚙ ${task.blueprint}`);
    if (task.critical && task.status !== "done") facts.push("critical");
    made.append(name);
    if (facts.length) made.append(make("div", "fb-card-facts", facts.join(" · ")));
    if (task.acts.length) {
      const row = make("div", "fb-card-acts");
      for (const each of task.acts) {
        const made = button(LABELS[each], `${LABELS[each]} ${task.id}`, () => (ASKS[each] ? ask(each, task.id) : act(each, task.id)));
        if (each === "start" && task.waits.length) {
          made.disabled = true;
          made.title = `It waits for ${task.waits.join(", ")}`;
        }
        row.append(made);
      }
      made.append(row);
    }
    return made;
  }

  function fits(task, words) {
    const text = `${task.id} ${task.title} ${task.status} ${task.assignee}`.toLowerCase();
    return words.every((word) => text.includes(word));
  }

  function approval(each) {
    const made = make("div", "fb-ask");
    const headline = make("div", "fb-ask-head");
    headline.append(make("code", "", each.id), `${each.about} · asked by ${each.by}`);
    const reason = make("input", "fb-ask-reason");
    reason.placeholder = "Note (optional)";
    reason.setAttribute("aria-label", `Note on ${each.id}`);
    reason.value = notes.get(each.id) ?? "";
    reason.addEventListener("input", () => notes.set(each.id, reason.value));
    const row = make("div", "fb-ask-row");
    row.append(
      button("Approve", `Approve ${each.id}`, () => act("approved", each.id, reason.value), "fb-button fb-main"),
      button("Reject", `Reject ${each.id}`, () => act("rejected", each.id, reason.value), "fb-button fb-danger"),
      reason,
    );
    made.append(headline, make("div", "fb-ask-prompt", each.question));
    if (each.payload) made.append(make("pre", "", each.payload));
    made.append(row);
    return made;
  }

  function show() {
    const now = model.get("view");
    title.textContent = isApprovals ? `Approvals · ${now.title}` : now.title;
    note.textContent = isGone() ? "The kernel has gone; this is the board as it was. Run the cell again." : now.error;
    filter.disabled = false;
    const isTyped = asks.contains(document.activeElement);
    const ids = now.approvals.map((each) => each.id).join();
    if (!isTyped || ids !== asks.dataset.ids) asks.replaceChildren(...now.approvals.map(approval));
    asks.dataset.ids = ids;
    if (isApprovals && !now.approvals.length) asks.replaceChildren(make("div", "fb-now", "Nothing waits for a decision."));
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const held = document.activeElement?.getAttribute?.("aria-label");
    const hadFocus = columns.contains(document.activeElement);
    columns.replaceChildren(
      ...now.columns.map((column) => {
        const made = make("div", "fb-board-column");
        const fitting = column.tasks.filter((task) => fits(task, words));
        const more = column.total - column.tasks.length;
        const count = words.length && !more ? fitting.length : column.total;
        made.append(make("h4", "", `${column.name} · ${count}`), ...fitting.map(card));
        if (more > 0) made.append(make("div", "fb-card-facts", `… ${more.toLocaleString()} more; the filter finds them`));
        return made;
      }),
    );
    if (hadFocus && held) columns.querySelector(`[aria-label="${CSS.escape(held)}"]`)?.focus();
  }

  function open(id) {
    opened = id;
    sheet.hidden = !id;
    if (id) sheet.replaceChildren(make("div", "fb-now", "…"));
    say("open", id);
    show();
  }

  function look() {
    const told = model.get("detail");
    if (!opened || told.id !== opened) return;
    const top = make("div", "fb-facts-head");
    const close = button("×", "Close", () => open(""), "fb-close");
    close.disabled = false;
    top.append(make("b", "", told.title || told.id), make("code", "", told.id), close);
    const facts = make("div", "fb-facts-line", told.facts.map(([name, text]) => `${name}: ${text}`).join(" · "));
    sheet.replaceChildren(top, facts);
    if (told.error) sheet.append(make("div", "fb-note", told.error));
    sheet.append(markdown(told.body));
  }

  filter.addEventListener("input", () => {
    show();
    if (!model.get("view").cut) return;
    clearTimeout(typing);
    typing = setTimeout(() => say("filter", "", filter.value), 200);
  });
  const hear = () => {
    clearTimeout(patience);
    const { text = "", bad = false } = model.get("said");
    tell(text, bad);
  };
  model.on("change:view", show);
  model.on("change:detail", look);
  model.on("change:said", hear);
  model.on("change:gone", show);
  show();
  return () => {
    clearTimeout(patience);
    clearTimeout(typing);
  };
}

export default { initialize, render };
