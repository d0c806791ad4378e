// Reads supplement.txt and from-help.txt:
//
//   path: flags…       flags as in the table; -[abc] is -a -b -c without values
//   path!: flags…      the same, and complete: no other source adds to it
//   path / subs…       names of sub-commands; with an empty path, names of commands
//   path = other       another name of a command or sub-command
// "a|b" in a path stands for both, and so do paths with a comma between them. Of two statements about a
// flag the first counts. A line that starts with a blank continues the one above.
const ARITY = { "": "none", ":": "value", "=": "glued", "?": "optional" };

/** Adds the facts of `text` to `table`. */
export function addSupplement(table, text) {
  const statements = text.replace(/^#.*\n/gm, "").replace(/\n[ \t]+/g, " ").split("\n").filter((l) => l.trim());
  const complete = [];
  for (const statement of statements) {
    const [, head, kind, rest] = statement.match(/^(.*?)(!?:|\/|=)(?:\s+|$)(.*)$/) ?? fail(statement);
    const items = rest.split(/\s+/).filter(Boolean);
    for (const path of paths(head)) {
      if (kind === "/") for (const item of items) table.command([...path, item]);
      else if (kind === "=") {
        table.alias(path, items);
        complete.push(path);
      } else {
        table.command(path);
        if (items.includes("@")) table.runsCommand(path);
        const flags = flagsOf(items.filter((item) => item !== "@"));
        for (const [name, [arity, inherited]] of flags) table.flag(path, name, arity, inherited);
        if (kind === "!:") complete.push(path);
      }
    }
  }
  for (const path of complete) table.close(path);
}

/** The flags of one statement, by name; each may be stated once. */
function flagsOf(items) {
  const flags = new Map();
  for (const item of items.flatMap((item) => item.match(/^-\[(.+)\]$/)?.[1].split("").map((c) => "-" + c) ?? [item])) {
    const [, name, arity, inherited] = item.match(/^(-.+?)(?:(?<=..)([:=?]))?(\*?)$/) ?? fail(item);
    if (flags.has(name)) fail(`${items.join(" ")}: ${name} twice`);
    flags.set(name, [ARITY[arity ?? ""], inherited === "*"]);
  }
  return flags;
}

/** `a|b c, d` is `[["a", "c"], ["b", "c"], ["d"]]`. */
function paths(head) {
  return head.split(",").flatMap((path) =>
    path
      .split(/\s+/)
      .filter(Boolean)
      .reduce((all, word) => all.flatMap((p) => word.split("|").map((w) => [...p, w])), [[]]),
  );
}

function fail(text) {
  throw new Error(`cannot read: ${text}`);
}
