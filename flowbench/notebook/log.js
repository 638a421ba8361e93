// The log of the live panel: the last lines that agents have printed, newest at the bottom.

function makeLog() {
  const element = make("details", "fb-log");
  element.open = true;
  element.hidden = true;
  const name = make("summary", "", "Log");
  const lines = make("div", "");
  lines.tabIndex = 0; // so that a keyboard can scroll it
  lines.setAttribute("role", "log");
  element.append(name, lines);

  // log: {"lines": [[agent, address, stream, text]], "before": number}
  function show({ lines: told = [], before = 0 }) {
    element.hidden = !told.length;
    const atEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 24;
    name.textContent = before ? `Log, the last ${told.length} of ${before + told.length} lines` : "Log";
    lines.replaceChildren(
      ...told.map(([agent, address, stream, text]) => {
        const row = make("p", "");
        row.dataset.stream = stream;
        const who = make("span", "", `${agent} ${address}`);
        who.title = `${agent} at ${address}`;
        row.append(who, make("bdi", "", text));
        return row;
      }),
    );
    if (atEnd) lines.scrollTop = lines.scrollHeight;
  }

  return { element, show };
}
