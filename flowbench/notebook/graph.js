// The graph of the live panel: colours, counts, and which node a person has picked.

const SVG = "http://www.w3.org/2000/svg";

// colours, strokes: {status: colour}. scale: of the natural size. pick(id, open): a node was picked, "" for none; open: the folds
// that a person has opened.
function makeGraph(colours, strokes, scale, pick) {
  const element = make("div", "fb-graph");
  let isFollowing = true; // until the person scrolls to what they want to see
  for (const act of ["wheel", "pointerdown", "keydown", "touchstart"]) {
    element.addEventListener(act, () => { isFollowing = false; }, { passive: true });
  }
  let nodes = new Map();
  let picked = "";
  const open = new Set();
  const fold = make("button", "fb-button fb-fold", "Fold all");
  fold.type = "button";
  fold.addEventListener("click", () => {
    open.clear();
    choose("");
  });

  function draw(svg) {
    element.innerHTML = svg; // the one piece of markup, which Python has cleaned; all else is shown as text
    fit(element.querySelector("svg"));
    nodes = new Map();
    for (const group of element.querySelectorAll("g.node[id]")) {
      const shapes = [...group.children].filter(
        (child) => ["path", "polygon", "ellipse", "rect", "circle"].includes(child.tagName) && child.getAttribute("fill") !== "none",
      );
      const id = group.id.replace(/^fb-/, "");
      nodes.set(id, { group, shapes, status: "", count: "", badge: null });
      if (id === "start" || id === "end") continue;
      group.setAttribute("tabindex", "0");
      group.setAttribute("role", "button");
      group.setAttribute("aria-label", group.querySelector("title")?.textContent ?? id);
      group.addEventListener("click", () => choose(id === picked ? "" : id));
      group.addEventListener("keydown", (event) => {
        if (!["Enter", " ", "Escape"].includes(event.key)) return;
        event.preventDefault();
        event.stopPropagation(); // else they are JupyterLab's
        choose(event.key === "Escape" || id === picked ? "" : id);
      });
    }
    if (open.size) element.prepend(fold);
    mark();
  }

  // As large as the still picture that takes its place; a high one scrolls.
  function fit(svg) {
    const natural = parseInt(svg?.getAttribute("width"), 10);
    if (!natural) return;
    svg.style.width = `${Math.floor(natural * scale)}px`;
    svg.style.height = "auto";
  }

  function choose(id) {
    if (nodes.get(id)?.group.classList.contains("fold")) {
      open.add(id); // the picture comes anew, with what is in it
      isFollowing = false;
      id = "";
    }
    picked = id;
    mark();
    pick(id, [...open]);
  }

  function mark() {
    for (const [id, { group }] of nodes) group.classList.toggle("fb-picked", id === picked);
  }

  function follow(node) {
    const [seen, it] = [element.getBoundingClientRect(), node.group.getBoundingClientRect()];
    if (it.top >= seen.top && it.bottom <= seen.bottom) return;
    element.scrollTop += (it.top + it.bottom - seen.top - seen.bottom) / 2;
  }

  function colour(status = {}, counts = {}) {
    let started = null;
    for (const [id, node] of nodes) {
      const next = status[id] ?? "";
      if (next !== node.status) {
        node.status = next;
        if (next === "running") started = node; // the last one is the innermost
        const fill = colours[next] ?? "";
        for (const shape of node.shapes) {
          shape.style.fill = fill;
          shape.style.stroke = strokes[next] ?? "";
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
    const corner = cornerOf(node.shapes[0]);
    const wide = Math.max(count.length * 5.2 + 9, 13);
    const group = document.createElementNS(SVG, "g");
    group.setAttribute("class", "badge");
    group.setAttribute("pointer-events", "none"); // a click on it is one on the node below
    const plate = document.createElementNS(SVG, "rect");
    const left = corner.x - wide + 9;
    const top = corner.y - (wide < 30 ? 9.5 : 12.5); // above the corner: what lies below must not cover the label
    const paint = { fill: "#374151", stroke: "#fff", "stroke-width": 0.8 };
    for (const [name, value] of Object.entries({ x: left, y: top, width: wide, height: 13, rx: 6.5, ...paint })) {
      plate.setAttribute(name, value);
    }
    const text = document.createElementNS(SVG, "text");
    const look = { x: left + wide / 2, y: top + 9.65, "text-anchor": "middle", "font-family": "Helvetica,Arial,sans-serif", "font-size": 9, fill: "#fff" };
    for (const [name, value] of Object.entries(look)) text.setAttribute(name, value);
    text.textContent = count;
    group.append(plate, text);
    node.group.parentNode.append(group); // behind all others, so that no arrow is drawn over it
    node.badge = group;
  }

  // Where the outline is furthest right in its upper half, as in the still picture.
  function cornerOf(shape) {
    const box = shape.getBBox();
    const middle = box.y + box.height / 2 - 1; // the tips of a hexagon lie on the middle: not there
    const points = [...(shape.points ?? [])].filter((point) => point.y <= middle);
    if (!points.length) return { x: box.x + box.width, y: box.y };
    return points.reduce((best, point) => (point.x > best.x || (point.x === best.x && point.y < best.y) ? point : best));
  }

  return { element, draw, colour, clear: () => choose("") };
}

// What is known of the picked node. close(): the person wants it no more.
function makeFacts(close) {
  const element = make("aside", "fb-facts");
  element.setAttribute("aria-live", "polite");
  element.hidden = true;

  function part(name, text, className = "") {
    if (!text) return;
    element.append(make("h4", "", name), make("pre", className, text));
  }

  // facts: of flowbench.notebook.visits.look. lines: [[agent, address, stream, text]] of this node.
  function show(facts, lines) {
    const scrolled = element.scrollTop;
    element.replaceChildren();
    element.hidden = false;
    const head = make("div", "fb-facts-head");
    const button = make("button", "fb-close", "×");
    button.type = "button";
    button.setAttribute("aria-label", "Close");
    button.addEventListener("click", close);
    head.append(make("b", "", facts.agent || "Node"), " ", make("code", "", facts.address ?? facts.node), button);
    element.append(head);
    if (facts.visits) {
      const counted = ["done", "failed", "cancelled", "skipped"].filter((name) => facts[name]).map((name) => `${facts[name]} ${name}`);
      const when = new Date(facts.started * 1000).toLocaleTimeString();
      element.append(make("div", "fb-facts-line", `${facts.status} in ${facts.seconds.toFixed(3)} s, began ${when}${facts.recorded ? ", from the journal" : ""}`));
      if (facts.visits > 1) element.append(make("div", "fb-facts-line", `last of ${facts.visits} visits: ${counted.join(", ")}; ${facts.total.toFixed(3)} s in all`));
    } else if (!facts.running.length) {
      element.append(make("div", "fb-facts-line", facts.below ? `${facts.below} steps inside have ended.` : "Not reached yet."));
    }
    for (const [address] of facts.running) element.append(make("div", "fb-facts-line", `running now: ${address}`));
    if (facts.more) element.append(make("div", "fb-facts-line", `and ${facts.more} more`));
    part("input", facts.input);
    part("output", facts.output);
    part("parts", facts.parts);
    part(facts.wrong ? `error at ${facts.wrong}` : facts.status === "skipped" ? "reason" : "error", facts.error, "fb-wrong");
    part("log", lines.map(([, , , text]) => text).join("\n"));
    element.scrollTop = scrolled;
  }

  function wait(text) {
    element.hidden = false;
    element.replaceChildren(make("div", "fb-facts-line", text));
  }

  return { element, show, wait, hide: () => { element.hidden = true; } };
}
