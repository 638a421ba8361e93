// The Markdown of a task as elements: headings, lists, fenced code, bold, code. Text alone gets in, never HTML.

function markdown(text) {
  const element = make("div", "fb-markdown");
  let list = null;
  let code = null;
  let words = null;
  for (const line of text.replace(/<!--[\s\S]*?-->/g, "").split(/\r?\n/)) {
    const fence = /^\s*(```|~~~)/.test(line);
    if (code) {
      if (fence) code = null;
      else code.textContent += `${line}\n`;
      continue;
    }
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    const item = /^\s*(?:[-*+]|\d+[.)])\s+(?:\[([ xX])\]\s+)?(.*)$/.exec(line);
    if (fence) {
      code = make("pre", "");
      element.append(code);
    } else if (heading) {
      element.append(spans(make(heading[1].length < 3 ? "h4" : "h5", ""), heading[2]));
    } else if (item) {
      list ??= element.appendChild(make("ul", ""));
      const box = item[1] === undefined ? "" : item[1] === " " ? "☐ " : "☑ ";
      list.append(spans(make("li", box ? "fb-check" : ""), box + item[2]));
    } else if (line.trim()) {
      words ??= element.appendChild(make("p", ""));
      if (words.childNodes.length) words.append(" ");
      spans(words, line.trim());
    }
    if (!item) list = null;
    if (!line.trim() || heading || item || fence) words = null;
  }
  return element;
}

function spans(element, text) {
  for (const part of text.split(/(`[^`]+`|\*\*[^*]+\*\*)/)) {
    if (/^`.+`$/.test(part)) element.append(make("code", "", part.slice(1, -1)));
    else if (/^\*\*.+\*\*$/.test(part)) element.append(make("b", "", part.slice(2, -2)));
    else if (part) element.append(part);
  }
  return element;
}
