// The live panel of one run. Python sends `about` once, `svg` once and `view` at most ten times a second.

const WORDS = {
  running: "Running", paused: "Paused", done: "Done", failed: "Failed", cancelled: "Cancelled", interrupted: "Interrupted",
};
const SVG = "http://www.w3.org/2000/svg";

// Values from a run are shown as text only; the one piece of markup is the picture, which Python has cleaned.
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
  const graph = make("div", "fb-graph");
  panel.append(head, bar, now, note, graph);
  el.append(panel);

  let aborting = false;
  let isFollowing = true; // until the person scrolls to what they want to see
  for (const act of ["wheel", "pointerdown", "keydown", "touchstart"]) {
    graph.addEventListener(act, () => { isFollowing = false; }, { passive: true });
  }
  let nodes = new Map();
  let arrived = performance.now();
  let seen = arrived; // the clock stands still once the kernel has gone

  abort.addEventListener("click", () => {
    aborting = true; // shown at once: it must not depend on how soon the kernel answers
    model.send(ABORT);
    show();
  });

  function draw() {
    graph.innerHTML = model.get("svg");
    fit(graph.querySelector("svg"));
    nodes = new Map();
    for (const group of graph.querySelectorAll("g.node[id]")) {
      const shapes = [...group.children].filter(
        (child) => ["path", "polygon", "ellipse", "rect", "circle"].includes(child.tagName) && child.getAttribute("fill") !== "none",
      );
      nodes.set(group.id.replace(/^fb-/, ""), { group, shapes, status: "", count: "", badge: null });
    }
    colour();
  }

  // As large as the still picture that takes its place; a high one scrolls.
  function fit(svg) {
    const natural = parseInt(svg?.getAttribute("width"), 10);
    if (!natural) return;
    svg.style.width = `${Math.floor(natural * about.scale)}px`;
    svg.style.height = "auto";
  }

  function follow(node) {
    const [seen, it] = [graph.getBoundingClientRect(), node.group.getBoundingClientRect()];
    if (it.top >= seen.top && it.bottom <= seen.bottom) return;
    graph.scrollTop += (it.top + it.bottom - seen.top - seen.bottom) / 2;
  }

  function colour() {
    const { nodes: status = {}, counts = {} } = model.get("view");
    let started = null;
    for (const [id, node] of nodes) {
      const next = status[id] ?? "";
      if (next !== node.status) {
        node.status = next;
        if (next === "running") started = node; // the last one is the innermost
        const fill = about.colours[next] ?? "";
        for (const shape of node.shapes) {
          shape.style.fill = fill;
          shape.style.stroke = fill && `color-mix(in srgb, ${fill} 45%, #333)`;
          shape.style.strokeWidth = next === "running" ? "2" : "";
        }
      }
      const count = counts[id] ?? "";
      if (count !== node.count) {
        node.count = count;
        badge(node, count);
      }
    }
    if (started && isFollowing) follow(started);
  }

  function badge(node, count) {
    node.badge?.remove();
    node.badge = null;
    if (!count || !node.shapes.length) return;
    const box = node.shapes[0].getBBox();
    const wide = Math.max(count.length * 5.2 + 9, 13);
    const group = document.createElementNS(SVG, "g");
    group.setAttribute("class", "badge");
    const plate = document.createElementNS(SVG, "rect");
    const left = box.x + box.width - wide + 9;
    const top = box.y - 9.5; // above the corner: what lies below must not cover the label
    const paint = { fill: "#374151", stroke: "#fff", "stroke-width": 0.8 };
    for (const [name, value] of Object.entries({ x: left, y: top, width: wide, height: 13, rx: 6.5, ...paint })) {
      plate.setAttribute(name, value);
    }
    const text = document.createElementNS(SVG, "text");
    const look = { x: left + wide / 2, y: top + 9.65, "text-anchor": "middle", "font-family": "Helvetica,Arial,sans-serif", "font-size": 9, fill: "#fff" };
    for (const [name, value] of Object.entries(look)) text.setAttribute(name, value);
    text.textContent = count;
    group.append(plate, text);
    node.group.append(group);
    node.badge = group;
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
    const ended = view.done + view.failed + view.cancelled;
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
  model.on("change:view", () => {
    arrived = performance.now();
    show();
    colour();
  });
  model.on("change:gone", show);
  const timer = setInterval(() => model.get("view").over || tick(), 200);
  show();
  draw();
  return () => clearInterval(timer);
}

export default { initialize, render };
