// A live terminal. Python sends the library once per page, then data; the page says what it has drawn, keys and sizes.

const LEAST = { cols: 20, rows: 5 };
const MOST = { cols: 400, rows: 200 }; // as the session clamps them
const SCROLLBACK = 2000; // lines
// Readable on their page. xterm.js could see to that itself, but then greys out what programs show inverted.
const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
const ON_LIGHT = [
  "#1f2328", "#c4201d", "#1a7f37", "#8a6d00", "#0550ae", "#9a1f9a", "#0f6b78", "#57606a",
  "#6e7781", "#d1242f", "#1f8a3b", "#9a7500", "#0969da", "#a83ba8", "#1b7c83", "#3d444d",
];
const ON_DARK = [
  "#484f58", "#f2686d", "#57c26b", "#d9b43a", "#6cb0f5", "#d48be0", "#4fc4cf", "#d0d7de",
  "#8b949e", "#ff8f8f", "#7ee08d", "#f0d060", "#9cccff", "#e8aef0", "#7fe0e8", "#ffffff",
];
const STATES = { running: "Running", done: "Done", failed: "Failed", cancelled: "Stopped" };
const page = (globalThis.flowbenchTerminals ??= { views: 0 });

function library(model, say) {
  page.library ??= new Promise((resolve) => (page.arrived = resolve));
  const hear = async (message, buffers) => {
    if (message.event !== "library") return;
    model.off("msg:custom", hear);
    if (page.isHere) return;
    const [xterm, fit] = await Promise.all(buffers.map(load));
    page.isHere = true;
    page.arrived({ Terminal: xterm.Terminal, FitAddon: fit.FitAddon });
  };
  if (!page.isHere) {
    model.on("msg:custom", hear);
    say({ do: "library" }); // each view asks: the kernel of the one that asked before may be gone
  }
  return page.library;
}

async function load(buffer) {
  const place = URL.createObjectURL(new Blob([buffer], { type: "text/javascript" }));
  try {
    return await import(/* webpackIgnore: true */ place);
  } finally {
    URL.revokeObjectURL(place);
  }
}

function render({ model, el }) {
  const about = model.get("about");
  const panel = make("section", "fb-panel fb-terminal");
  panel.setAttribute("aria-label", `Terminal: ${about.title}`);
  panel.setAttribute("data-lm-suppress-shortcuts", "true"); // keys are the program's, not the notebook's
  const head = make("div", "fb-head");
  const state = make("span", "fb-state");
  state.setAttribute("role", "status");
  const title = make("code", "fb-title", about.title);
  const figures = make("span", "fb-figures");
  const abort = make("button", "fb-button fb-danger fb-abort", "Abort");
  abort.type = "button";
  abort.title = "End the program and all that it has started";
  head.append(state, title, figures, abort);
  const note = make("div", "fb-note");
  const box = make("div", "fb-screen");
  panel.append(head, note, box);
  el.append(panel);

  const view = `${Date.now().toString(36)}-${(page.views += 1)}-${Math.random().toString(36).slice(2, 8)}`;
  let number = 0; // each message is delivered twice while the kernel is busy; the second one is known by its number
  let terminal = null;
  let replays = 0; // what programs ask of a terminal was answered the first time
  let isDisposed = false;
  let isAborting = false;
  const undo = [];

  function say(what) {
    if (!model.get("gone")) model.send({ event: "terminal", view, n: (number += 1), ...what });
  }

  abort.addEventListener("click", () => {
    isAborting = true; // shown at once: it must not depend on how soon the kernel answers
    model.send(ABORT);
    show();
  });

  function show() {
    const { state: now, words, over } = model.get("view");
    const isGone = Boolean(model.get("gone")) && !over;
    panel.dataset.state = isGone ? "interrupted" : now;
    const word = isGone ? "Interrupted" : isAborting && !over ? "Aborting…" : STATES[now];
    if (state.textContent !== word) state.textContent = word;
    abort.disabled = isAborting || over || isGone;
    abort.textContent = isAborting && !over && !isGone ? "Aborting…" : "Abort";
    note.textContent = isGone ? "The kernel has gone, and this terminal with it." : over ? words : "";
    if (terminal) terminal.options.disableStdin = over || isGone;
  }

  function hear(message) {
    if (message.event !== "data" || !terminal) return;
    if (message.reset) terminal.reset();
    if (message.again) replays += 1;
    terminal.write(message.text, () => {
      if (message.again) replays -= 1;
      say({ do: "drawn", at: message.at });
    });
  }

  function look() {
    if (terminal) say({ do: document.hidden ? "leave" : "greet" });
  }

  function open({ Terminal, FitAddon }) {
    if (isDisposed) return;
    const face = getComputedStyle(box);
    terminal = new Terminal({
      rows: about.rows,
      cols: about.columns || 80,
      scrollback: SCROLLBACK,
      fontFamily: face.fontFamily,
      fontSize: parseFloat(face.fontSize) || 13,
      theme: theme(box),
      screenReaderMode: false,
    });
    const fit = new FitAddon();
    terminal.loadAddon(fit);
    terminal.open(box);
    const line = terminal.element.querySelector(".xterm-screen").clientHeight / terminal.rows;
    const frame = box.offsetHeight - box.clientHeight + 2 * parseFloat(getComputedStyle(terminal.element).paddingTop || 0);
    box.style.height = `${Math.ceil(line * about.rows + frame)}px`;
    terminal.attachCustomKeyEventHandler((event) => {
      const isCopy = event.ctrlKey && !event.altKey && event.code === "KeyC" && terminal.hasSelection();
      return !isCopy; // the browser copies; without a selection it interrupts
    });
    terminal.onData((text) => replays || say({ do: "keys", text }));
    terminal.onTitleChange((text) => (title.title = text));
    let told = "";
    const resize = () => {
      const found = box.clientWidth && box.clientHeight ? fit.proposeDimensions() : undefined; // scrolled out of sight
      if (!found || !(found.cols > 0) || !(found.rows > 0)) return;
      const cols = about.columns || Math.min(Math.max(found.cols, LEAST.cols), MOST.cols);
      const rows = Math.min(Math.max(found.rows, LEAST.rows), MOST.rows);
      if (cols !== terminal.cols || rows !== terminal.rows) terminal.resize(cols, rows);
      figures.textContent = `${cols} × ${rows}`;
      if (told === `${cols} ${rows}`) return;
      told = `${cols} ${rows}`;
      say({ do: "size", columns: cols, rows });
    };
    let waiting = 0;
    const sizes = new ResizeObserver(() => {
      clearTimeout(waiting);
      waiting = setTimeout(resize, 80);
    });
    sizes.observe(box);
    const looks = new MutationObserver(() => {
      for (const pause of [50, 600]) setTimeout(() => isDisposed || (terminal.options.theme = theme(box)), pause); // the sheet loads later
    });
    looks.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-name", "class"] });
    undo.push(() => clearTimeout(waiting), () => sizes.disconnect(), () => looks.disconnect(), () => terminal.dispose());
    resize();
    show();
    document.addEventListener("visibilitychange", look);
    undo.push(() => document.removeEventListener("visibilitychange", look));
    look();
  }

  for (const name of ["keydown", "keyup", "keypress", "paste", "copy", "contextmenu", "wheel"]) {
    box.addEventListener(name, (event) => event.stopPropagation());
  }
  model.on("msg:custom", hear);
  model.on("change:view", show);
  model.on("change:gone", show);
  undo.push(() => model.off("msg:custom", hear), () => model.off("change:view", show), () => model.off("change:gone", show));
  show();
  library(model, say).then(open);
  return () => {
    isDisposed = true;
    undo.forEach((act) => act());
  };
}

function theme(box) {
  const face = getComputedStyle(box);
  const [red, green, blue] = (face.backgroundColor.match(/[\d.]+/g) ?? [255, 255, 255]).map(Number);
  const names = [...COLOURS, ...COLOURS.map((name) => `bright${name[0].toUpperCase()}${name.slice(1)}`)];
  const palette = red + green + blue > 3 * 127 ? ON_LIGHT : ON_DARK;
  return {
    background: face.backgroundColor,
    foreground: face.color,
    cursor: face.color,
    cursorAccent: face.backgroundColor,
    selectionBackground: "rgba(80, 140, 220, 0.4)",
    ...Object.fromEntries(names.map((name, at) => [name, palette[at]])),
  };
}

export default { initialize, render };
