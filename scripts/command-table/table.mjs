// Command facts being gathered, and how they are written down.

/** What can be a word of a path, and what can be a flag; the sources hold other things now and then. */
export const WORD = /^[A-Za-z0-9[.:][A-Za-z0-9_.:+-]*$/;
export const FLAG = /^-(-?[A-Za-z0-9][A-Za-z0-9_.:@+-]*|[?#@%!$^~.,=*+:])$/;

/** Flags that every command is taken to know, so that no line needs to say so. */
const EVERYWHERE = new Set(["--help", "--version"]);
/** From this many bytes of flags on, a line refers to an equal one instead of repeating it. */
const LONG = 40;
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
    this.#add(path, name, SUFFIX[arity] + (inherited ? "*" : ""));
  }

  #add(path, name, suffix) {
    const row = this.command(path);
    if (row.closed || row.flags.has(name) || !FLAG.test(name) || /[:*]$/.test(name)) return;
    row.flags.set(name, suffix);
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

  /** Keeps of `name` the names of its sub-commands, and its own flags, unless they are more bytes than `limit` says. */
  shorten(name, limit) {
    const below = this.#below(name);
    const subs = below.filter((key) => key.split(" ").length === 2);
    const kept = subs.reduce((sum, key) => sum + key.length + 2, 0) <= limit.subcommands ? subs : [];
    for (const key of below) {
      if (kept.includes(key)) this.#rows.get(key).flags.clear();
      else this.#rows.delete(key);
    }
    const row = this.#rows.get(name);
    const bytes = [...row.flags].reduce((sum, [flag, suffix]) => sum + flag.length + suffix.length + 1, 0);
    if (bytes > limit.flags) row.flags.clear();
  }

  /** Adds what `other` knows and this table does not. */
  merge(other) {
    for (const [key, row] of other.#rows) {
      const path = key.split(" ");
      this.command(path);
      if (row.alias) this.alias(path, row.alias.split(" "));
      if (row.runsCommand) this.runsCommand(path);
      for (const [name, suffix] of row.flags) this.#add(path, name, suffix);
    }
  }

  #below(name) {
    return [...this.#rows.keys()].filter((key) => key.startsWith(name + " "));
  }

  #row(key) {
    if (!this.#rows.has(key)) this.#rows.set(key, { flags: new Map(), alias: undefined });
    return this.#rows.get(key);
  }

  /** One sorted line per path; a line that would repeat a long earlier one names its path instead. */
  lines() {
    const parents = new Set([...this.#rows.keys()].map((key) => key.split(" ").slice(0, -1).join(" ")));
    const seen = new Map();
    return [...this.#rows.keys()].sort(byBytes).map((key) => {
      const row = this.#rows.get(key);
      const target = this.#rows.get(row.alias);
      if (target && target !== row && !target.alias && !row.flags.size) return `${key}\t> ${row.alias}`;
      const flags = this.#flags(key, parents.has(key));
      if (parents.has(key) || flags.length < LONG) return `${key}\t${flags}`;
      if (!seen.has(flags)) return seen.set(flags, key), `${key}\t${flags}`;
      return `${key}\t> ${seen.get(flags)}`;
    });
  }

  #flags(key, isParent) {
    const row = this.#rows.get(key);
    const inherited = this.#inherited(key);
    const flags = [...row.flags]
      .map(([name, suffix]) => [name, isParent ? suffix : suffix.replace("*", "")])
      .filter(([name, suffix]) => !EVERYWHERE.has(name) && inherited.get(name) !== suffix.replace("*", ""))
      .sort(([a], [b]) => byBytes(a, b))
      .map(([name, suffix]) => name + suffix);
    if (row.runsCommand) flags.push("@");
    return flags.join(" ");
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
}

const byBytes = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
