// A JSON value as a tree that folds. What a person has opened or closed stays so from one value to the next.

const FEW = 30; // nodes that are all shown open

// pick(path, text): a value with a path of its own was clicked.
function makeTree(pick) {
  const element = make("div", "fb-tree");
  const folds = new Map(); // path in the tree -> open, where the person has said so

  const count = (twig) => 1 + twig.inner.reduce((sum, child) => sum + count(child), 0);

  // twig: see flowbench.notebook.tree. changed: paths that are marked, with all around them open.
  function show(twig, changed) {
    const scrolled = element.scrollTop;
    const isSmall = count(twig) <= FEW;
    element.replaceChildren(...twig.inner.map((child) => draw(child, "", isSmall, changed)), ...rest(twig));
    if (!twig.inner.length && !twig.more) element.append(make("div", "fb-twig", twig.text));
    element.scrollTop = scrolled;
  }

  function rest(twig) {
    return twig.more ? [make("div", "fb-twig fb-rest", `… ${twig.more.toLocaleString()} more`)] : [];
  }

  function draw(twig, around, isSmall, changed) {
    const id = `${around}/${twig.key}`;
    const isNew = twig.path && changed.includes(twig.path);
    const line = [make("span", "fb-key", twig.key), " ", make("span", "fb-value", twig.text)];
    if (!twig.inner.length && !twig.more) {
      const leaf = make(twig.path ? "button" : "div", "fb-twig");
      if (twig.path) {
        leaf.type = "button";
        leaf.title = `Write to ${twig.path}`;
        leaf.addEventListener("click", () => pick(twig.path, twig.text));
      }
      leaf.classList.toggle("fb-new", Boolean(isNew));
      leaf.append(...line);
      return leaf;
    }
    const branch = make("details", "fb-twig");
    const name = make("summary", "");
    name.classList.toggle("fb-new", Boolean(isNew));
    name.append(...line);
    const holdsNew = Boolean(twig.path) && changed.some((path) => path.startsWith(`${twig.path}.`));
    branch.open = holdsNew || (folds.get(id) ?? isSmall);
    name.addEventListener("click", () => folds.set(id, !branch.open));
    branch.append(name, ...twig.inner.map((child) => draw(child, id, isSmall, changed)), ...rest(twig));
    return branch;
  }

  return { element, show };
}
