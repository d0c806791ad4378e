// Command facts being gathered, and how they are written down.

/** What can be a word of a path, and what can be a flag; the sources hold other things now and then. */
export const WORD = /^[A-Za-z0-9[.:][A-Za-z0-9_.:+-]*$/;
export const FLAG = /^-(-?[A-Za-z0-9][A-Za-z0-9_.:@+-]*|[?#@%!$^~.,=*+:])$/;

const SUFFIX = { none: "", value: ":", glued: "=", optional: "?" };

/** Paths to flags; the first source to state a flag's arity is believed, later ones only add flags. */
export class Table {
  #rows = new Map();

  command(path) {
    let row;
    for (let n = 1; n <= path.length; n++) {
      const key = path.slice(0, n).join(" ");
      const closed = row?.closed;
      if (closed && !this.#rows.has(key)) return row;
      row = this.#row(key);
      row.closed ||= closed;
    }
    return row;
  }

  has(path) {
    return this.#rows.has(path.join(" "));
  }

  /** `path` is another name of `target`. */
  alias(path, target) {
    const row = this.command(path);
    if (!row.closed) row.alias ??= target.join(" ");
  }

  runsCommand(path) {
    const row = this.command(path);
    if (!row.closed) row.runsCommand = true;
  }

  /** No later source may add to `path` or below it. */
  close(path) {
    this.command(path).closed = true;
  }

  flag(path, name, arity, inherited) {
    const row = this.command(path);
    if (row.closed || row.flags.has(name) || !FLAG.test(name) || /[:*]$/.test(name)) return;
    row.flags.set(name, SUFFIX[arity] + (inherited ? "*" : ""));
  }

  /** The commands themselves, without their sub-commands. */
  names() {
    return [...this.#rows.keys()].filter((key) => !key.includes(" "));
  }

  /** Forgets `name` and all below it. */
  drop(name) {
    for (const key of this.#below(name)) this.#rows.delete(key);
    this.#rows.delete(name);
  }

  /** Keeps of `name` the names of its sub-commands, and its own flags, each only up to `limit` bytes. */
  shorten(name, limit) {
    const below = this.#below(name);
    const subs = below.filter((key) => key.split(" ").length === 2);
    const kept = subs.reduce((sum, key) => sum + key.length + 2, 0) <= limit ? subs : [];
    for (const key of below) {
      if (kept.includes(key)) this.#rows.get(key).flags.clear();
      else this.#rows.delete(key);
    }
    const row = this.#rows.get(name);
    const bytes = [...row.flags].reduce((sum, [flag, suffix]) => sum + flag.length + suffix.length + 1, 0);
    if (bytes > limit) row.flags.clear();
  }

  #below(name) {
    return [...this.#rows.keys()].filter((key) => key.startsWith(name + " "));
  }

  #row(key) {
    if (!this.#rows.has(key)) this.#rows.set(key, { flags: new Map(), alias: undefined });
    return this.#rows.get(key);
  }

  /** One sorted line per path. */
  lines() {
    const lines = [];
    for (const [key, row] of this.#rows) {
      const target = row.alias && row.alias !== key && this.#rows.get(row.alias);
      if (target && !target.alias && !row.flags.size) {
        lines.push(`${key}\t> ${row.alias}`);
        continue;
      }
      const inherited = this.#inherited(key);
      const flags = [...row.flags]
        .filter(([name, suffix]) => inherited.get(name) !== suffix.replace("*", ""))
        .map(([name, suffix]) => (this.#isParent(key) ? [name, suffix] : [name, suffix.replace("*", "")]))
        .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
        .map(([name, suffix]) => name + suffix);
      if (row.runsCommand) flags.push("@");
      lines.push(`${key}\t${flags.join(" ")}`);
    }
    return lines.sort((a, b) => (a < b ? -1 : 1));
  }

  /** Flags that the parents of `key` hand down, with their suffix. */
  #inherited(key) {
    const found = new Map();
    const words = key.split(" ");
    for (let n = words.length - 1; n > 0; n--) {
      for (const [name, suffix] of this.#rows.get(words.slice(0, n).join(" "))?.flags ?? []) {
        if (suffix.endsWith("*") && !found.has(name)) found.set(name, suffix.replace("*", ""));
      }
    }
    return found;
  }

  #parents;
  #isParent(key) {
    this.#parents ??= new Set([...this.#rows.keys()].map((k) => k.split(" ").slice(0, -1).join(" ")));
    return this.#parents.has(key);
  }
}
