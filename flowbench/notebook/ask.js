// The forms in a run's panel: one for each question that waits for a person, and a line for each that was answered.

function makeAsks(model) {
  const element = make("div", "fb-asks");
  const open = make("div", "");
  open.setAttribute("aria-live", "polite");
  const more = make("div", "fb-ask-more");
  const told = make("ul", "fb-told");
  element.append(open, more, told);
  const forms = new Map(); // id -> form: what somebody types must survive each refresh

  function button(text, className, type = "button") {
    const made = make("button", `fb-button ${className}`, text);
    made.type = type;
    return made;
  }

  function makeForm(question) {
    const form = make("form", "fb-ask");
    form.dataset.kind = question.kind;
    form.dataset.id = question.id;
    form.dataset.lmSuppressShortcuts = "true"; // else Enter and letters belong to JupyterLab
    form.setAttribute("aria-label", `Question of ${question.who}`);
    const head = make("div", "fb-ask-head");
    const clock = make("span", "fb-ask-clock");
    head.append(make("code", "", question.who), clock);
    form.append(head, make("div", "fb-ask-prompt", question.prompt));
    if (question.note) form.append(make("div", "fb-ask-note", question.note));
    if (question.about) {
      const about = make("details", "");
      about.open = question.about.length < 400;
      const text = make("pre", "", question.about);
      text.tabIndex = 0;
      about.append(make("summary", "", question.face === "bridge" ? "What the step said" : "Input of the step"), text);
      form.append(about);
    }
    const error = make("div", "fb-ask-error", "");
    error.id = `fb-error-${Math.random().toString(36).slice(2)}`;
    error.setAttribute("role", "alert");
    const row = make("div", "fb-ask-row");
    const controls = [];
    const isSent = { now: false };

    function send(message) {
      if (isSent.now || model.get("gone")) return;
      isSent.now = true; // shown at once: it must not depend on how soon the kernel answers
      error.textContent = "";
      model.send({ event: "answer", id: question.id, ...message });
      update(question);
    }

    const reason = document.createElement("input");
    reason.placeholder = question.kind === "approve" ? "reason (optional)" : "why not (optional)";
    reason.setAttribute("aria-label", "Reason");
    reason.className = "fb-ask-reason";
    const no = button(question.kind === "approve" ? "Reject" : question.face === "bridge" ? "Leave it" : "Decline", "fb-danger fb-no");
    no.addEventListener("click", () => send({ ok: false, reason: reason.value }));

    let field = null;
    if (question.kind === "approve") {
      const yes = button("Approve", "fb-main fb-yes");
      yes.addEventListener("click", () => send({ ok: true, reason: reason.value }));
      row.append(yes, no, reason);
      controls.push(yes, no, reason);
    } else if (question.kind === "choice") {
      for (const choice of question.choices) {
        const pick = button(choice, "fb-choice");
        if (question.has_default && choice === question.default) pick.title = "the default";
        pick.addEventListener("click", () => send({ ok: true, value: choice }));
        row.append(pick);
        controls.push(pick);
      }
      row.append(no, reason);
      controls.push(no, reason);
    } else {
      field = document.createElement("textarea");
      field.rows = question.kind === "json" ? 3 : 2;
      field.spellcheck = question.kind === "text";
      field.className = question.kind === "json" ? "fb-ask-field fb-code" : "fb-ask-field";
      field.placeholder = question.kind === "json" ? '"text", 42, {"a": [1, 2]} ...' : "";
      field.setAttribute("aria-label", question.kind === "json" ? "Answer as JSON" : "Answer");
      field.setAttribute("aria-describedby", error.id);
      form.append(field);
      const answer = button("Answer", "fb-main fb-yes", "submit");
      row.append(answer, no, reason);
      controls.push(field, answer, no, reason);
      field.addEventListener("input", () => { // what is wrong is said while one can see it, once something was wrong
        if (error.textContent) error.textContent = wrongWith(question, field.value);
        mark(error.textContent);
      });
    }
    function mark(wrong) {
      if (wrong) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    }
    form.append(error, row);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!field) return;
      const wrong = wrongWith(question, field.value);
      error.textContent = wrong;
      mark(wrong);
      if (wrong) field.focus({ preventScroll: true });
      else send({ ok: true, value: field.value });
    });
    form.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.isComposing || event.key !== "Enter") return;
      if (event.target === reason) event.preventDefault(); // neither yes nor no by accident
      if (event.target === field && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        form.requestSubmit();
      }
    });

    function update(now) {
      const isGone = Boolean(model.get("gone"));
      if (now.turn !== undefined && now.turn !== seen && now.error) {
        isSent.now = false;
        error.textContent = now.error;
        if (field) mark(now.error);
      }
      seen = now.turn ?? seen;
      for (const control of controls) control.disabled = isSent.now || isGone;
      form.toggleAttribute("data-sent", isSent.now);
      tick();
    }
    let seen = question.turn;

    function tick() {
      if (isSent.now) clock.textContent = "sent…";
      else if (question.until === null) clock.textContent = `waits for ${Math.max((Date.now() - question.asked) / 1000, 0).toFixed(0)} s`;
      else {
        const left = Math.max((question.until - Date.now()) / 1000, 0).toFixed(0);
        const then = question.has_default ? `then: ${question.default}` : "then the step fails";
        clock.textContent = `${left} s left, ${then}`;
      }
    }
    return { form, update, tick };
  }

  function wrongWith(question, text) {
    if (question.kind !== "json") return text ? "" : "say something, or decline";
    if (!text.trim()) return "say something: a JSON value";
    try {
      JSON.parse(text);
      return "";
    } catch (wrong) {
      return `this is no JSON: ${wrong.message}`;
    }
  }

  function show() {
    const asks = model.get("asks");
    const waiting = asks.open ?? [];
    const ids = new Set(waiting.map((each) => each.id));
    for (const [id, { form }] of forms) {
      if (ids.has(id)) continue;
      form.remove();
      forms.delete(id);
    }
    for (const question of waiting) {
      const about = { ...question, turn: asks.turn };
      if (!forms.has(question.id)) {
        forms.set(question.id, makeForm(about));
        open.append(forms.get(question.id).form);
      }
      forms.get(question.id).update(about);
    }
    more.textContent = asks.more ? `and ${asks.more} more wait behind these` : "";
    told.replaceChildren(
      ...(asks.told ?? []).map((each) => {
        const row = make("li", "");
        row.dataset.ok = each.ok;
        row.append(make("code", "", each.who), " ", make("q", "", each.prompt), " ", make("b", "", each.text));
        if (each.value) row.append(" ", make("span", "", each.value));
        return row;
      }),
    );
    element.hidden = !waiting.length && !told.childElementCount;
  }

  model.on("change:asks", show);
  model.on("change:gone", show);
  show();
  return { element, tick: () => forms.forEach((each) => each.tick()) };
}
