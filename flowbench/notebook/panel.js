// The live panel of one run. Python sends `about` and `svg` once, `view`, `facts`, `asks` and `log` at most ten times a second.

const WORDS = {
  running: "Running", paused: "Paused", done: "Done", failed: "Failed", cancelled: "Cancelled", interrupted: "Interrupted",
};
const PATIENCE = 1500; // milliseconds until the panel says that an answer may take longer

function render({ model, el }) {
  const about = model.get("about");
  const panel = make("section", "fb-panel");
  panel.setAttribute("aria-label", `Run of ${about.title}`);
  const head = make("div", "fb-head");
  const state = make("span", "fb-state");
  state.setAttribute("role", "status");
  const figures = make("span", "fb-figures");
  const abort = make("button", "fb-button fb-danger fb-abort", "Abort");
  abort.type = "button";
  head.append(state, make("span", "fb-title", about.title), figures);
  if (about.abortable) head.append(abort);
  const bar = make("div", "fb-bar");
  bar.setAttribute("role", "progressbar");
  bar.setAttribute("aria-label", "Progress");
  const filled = document.createElement("i");
  bar.append(filled);
  const now = make("div", "fb-now");
  const note = make("div", "fb-note");
  const graph = makeGraph(about.colours, about.strokes, about.scale, pick);
  const facts = makeFacts(() => graph.clear());
  const log = makeLog();
  const asks = makeAsks(model);
  const middle = make("div", "fb-middle");
  middle.append(graph.element, facts.element);
  panel.append(head, bar, now, note, asks.element, middle, log.element);
  el.append(panel);

  let aborting = false;
  let picked = "";
  let patience = 0;
  let arrived = performance.now();
  let seen = arrived; // the clock stands still once the kernel has gone

  abort.addEventListener("click", () => {
    aborting = true; // shown at once: it must not depend on how soon the kernel answers
    model.send(ABORT);
    show();
  });

  function pick(node, open) {
    picked = node;
    clearTimeout(patience);
    if (!node) facts.hide();
    else if (isGone()) facts.wait("The kernel has gone; nothing more is known of this node.");
    else if (model.get("view").over) facts.wait(`The run has ended. A cell with "%fb graph ${about.id}" tells of its nodes.`);
    else {
      facts.wait("…");
      patience = setTimeout(() => facts.wait("The kernel is busy with something else; this is shown as soon as it answers."), PATIENCE);
    }
    if (!isGone()) model.send({ event: "look", node, open }); // of a run that has ended nobody hears it
  }

  function tell() {
    const told = model.get("facts");
    if (!picked || told.node !== picked) return;
    clearTimeout(patience);
    facts.show(told, told.lines ?? []);
  }

  function draw() {
    graph.draw(model.get("svg"));
    colour();
  }

  function colour() {
    const { nodes, counts } = model.get("view");
    graph.colour(nodes, counts);
  }

  const isGone = () => Boolean(model.get("gone")) && !model.get("view").over;

  function show() {
    const view = model.get("view");
    const isStopping = aborting && !view.over && !isGone();
    panel.dataset.state = isGone() ? "interrupted" : view.state;
    const word = isStopping ? "Aborting…" : (WORDS[panel.dataset.state] ?? view.state);
    if (state.textContent !== word) state.textContent = word; // an unchanged status is not read out again
    abort.textContent = isStopping ? "Aborting…" : "Abort";
    abort.disabled = aborting || view.over || isGone();
    bar.toggleAttribute("data-unknown", view.fraction === null);
    bar.toggleAttribute("data-over", view.over || view.state === "paused" || isGone());
    filled.style.transform = view.fraction === null ? "" : `scaleX(${view.fraction})`;
    if (view.fraction === null) bar.removeAttribute("aria-valuenow");
    else bar.setAttribute("aria-valuenow", String(Math.round(100 * view.fraction)));
    note.textContent = isGone() && about.abortable ? farewell(about) : view.note; // else the stepper says it
    tick();
  }

  function tick() {
    const view = model.get("view");
    if (!isGone()) seen = performance.now();
    const since = view.over || view.state === "paused" ? 0 : (seen - arrived) / 1000;
    const ended = view.done + view.failed + view.cancelled + view.skipped;
    const number = view.of ? Number(view.of.slice(3)) : ended;
    const parts = [`${ended} ${view.of}`.trim() + (number === 1 ? " step" : " steps")];
    if (view.failed) parts.push(`${view.failed} failed`);
    parts.push(`${(view.seconds + since).toFixed(1)} s`);
    figures.textContent = parts.join(" · ");
    now.replaceChildren();
    view.running.forEach(([agent, address, seconds], place) => {
      if (place) now.append(" · ");
      now.append(make("b", "", agent), " ", make("code", "", address), ` ${(seconds + since).toFixed(1)} s`);
    });
    if (view.more) now.append(` · and ${view.more} more`);
  }

  model.on("change:svg", draw);
  model.on("change:facts", tell);
  model.on("change:log", () => log.show(model.get("log")));
  model.on("change:view", () => {
    arrived = performance.now();
    show();
    colour();
  });
  model.on("change:gone", show);
  const timer = setInterval(() => {
    if (model.get("view").over) return;
    tick();
    asks.tick();
  }, 200);
  show();
  draw();
  log.show(model.get("log"));
  return () => {
    clearInterval(timer);
    clearTimeout(patience);
  };
}

export default { initialize, render };
