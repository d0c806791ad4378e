// Reads supplement.txt: facts written by hand, believed before all other sources.
//
//   path: flags…       flags as in the table; -[abc] is -a -b -c without values
//   path!: flags…      the same, and complete: no other source adds to it
//   path / subs…       names of sub-commands; with an empty path, names of commands
//   path = other       another name of a command or sub-command
// A path with "a|b" stands for both; a line that starts with a blank continues the one above.
const ARITY = { "": "none", ":": "value", "=": "glued", "?": "optional" };

export function addSupplement(table, text) {
  const statements = text.replace(/^#.*\n/gm, "").replace(/\n[ \t]+/g, " ").split("\n").filter((l) => l.trim());
  const complete = [];
  for (const statement of statements) {
    const [, head, kind, rest] = statement.match(/^(.*?)(!?:|\/|=)(?:\s+|$)(.*)$/) ?? fail(statement);
    const items = rest.split(/\s+/).filter(Boolean);
    for (const path of alternatives(head.trim().split(/\s+/).filter(Boolean))) {
      if (kind === "/") for (const item of items) table.command([...path, item]);
      else if (kind === "=") table.alias(path, items);
      else {
        table.command(path);
        for (const item of items) addFlag(table, path, item);
        if (kind === "!:") complete.push(path);
      }
    }
  }
  for (const path of complete) table.close(path);
}

function addFlag(table, path, item) {
  const pack = item.match(/^-\[(.+)\]$/);
  if (item === "@") table.runsCommand(path);
  else if (pack) for (const letter of pack[1]) table.flag(path, "-" + letter, "none", false);
  else {
    const [, name, arity, inherited] = item.match(/^(-.+?)(?:(?<=..)([:=?]))?(\*?)$/) ?? fail(item);
    table.flag(path, name, ARITY[arity ?? ""], inherited === "*");
  }
}

/** `["a|b", "c"]` is `[["a", "c"], ["b", "c"]]`. */
function alternatives(words) {
  return words.reduce((paths, word) => paths.flatMap((p) => word.split("|").map((w) => [...p, w])), [[]]);
}

function fail(text) {
  throw new Error(`supplement.txt: cannot read "${text}"`);
}
