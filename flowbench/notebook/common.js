// What the panel and the stepper share: Python puts it in front of both.

const ABORT = { event: "abort" };

function make(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

// A widget outlives its kernel: nothing is sent any more and nobody hears the buttons. JupyterLab tells its models so
// when the kernel restarts or dies, and drops its connection when the kernel is shut down. `gone` lives in the model,
// for views that are made later; Python knows nothing of it.
function initialize({ model }) {
  const lose = () => model.set("gone", true);
  model.on("comm_live_update", lose);
  model.on("change:view", () => model.set("gone", false)); // news can only come from a kernel that is there
  const kernel = model.widget_manager?.kernel;
  kernel?.disposed?.connect(lose);
  return () => kernel?.disposed?.disconnect(lose);
}

function farewell(about) {
  if (!about.resume) return "The kernel has gone, and this run with it.";
  return `The kernel has gone. Run the cells above again, then: ${about.resume}`;
}
