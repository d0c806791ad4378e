// Reads fish's own listing of its completions (`complete` without arguments) into command facts.
//
// fish evaluates its completion files itself, with an empty PATH so that no tool of this machine can
// answer for them; what comes out is one normalised `complete …` line per rule.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WORD } from "./table.mjs";

const COMPLETIONS = "/usr/share/fish/completions";

/** Adds every command, sub-command and flag that fish knows to `table`. */
export function addFish(table, fish) {
  const names = readdirSync(COMPLETIONS).filter((f) => f.endsWith(".fish"));
  for (const name of names) table.command([name.slice(0, -5)]);
  const rules = list(fish).map(parseRule).filter(Boolean);
  // Sub-commands first: a flag's condition is only trusted when it names a known sub-command.
  for (const rule of rules) {
    if (rule.flags.length || rule.condition.kind !== "root" || /[($]/.test(rule.words)) continue;
    // Words, or one word, a tab (sometimes still written \\t) and its description; where lines follow, as
    // for "git submodule", they are what comes below that word.
    const described = rule.words.match(/^(\S+?)(?:\t|\\t)/);
    const entries = described ? [described[1]] : rule.words.split(/\s+/);
    for (const word of entries) {
      if (WORD.test(word)) table.command([rule.command, word]);
    }
  }
  for (const rule of rules) {
    for (const path of pathsOf(rule, table)) {
      for (const flag of rule.flags) {
        table.flag(path, flag, rule.arity, rule.condition.kind === "any" && path.length === 1);
      }
    }
  }
}

function list(fish) {
  const home = mkdtempSync(join(tmpdir(), "fish-"));
  const script = `for f in ${COMPLETIONS}/*.fish; source $f 2>/dev/null; end; complete`;
  const run = spawnSync(fish, ["--no-config", "-c", script], {
    env: { HOME: home, PATH: home },
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  rmSync(home, { recursive: true });
  if (run.error) throw run.error;
  return run.stdout.split("\n");
}

/** The words of one line in fish's quoting. */
function words(line) {
  const out = [];
  const word = /(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"\\])+/gs;
  for (const [raw] of line.matchAll(word)) {
    out.push(
      raw.replace(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|\\(.)/gs, (_, single, double, escaped) => {
        if (escaped !== undefined) return { t: "\t", n: "\n" }[escaped] ?? escaped;
        return (single ?? double).replace(/\\([\\'"])/g, "$1");
      }),
    );
  }
  return out;
}

function parseRule(line) {
  const [head, ...rest] = words(line);
  if (head !== "complete") return undefined;
  const rule = { command: undefined, flags: [], words: "", conditions: [], required: false };
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i];
    if (word === "-s") rule.flags.push("-" + rest[++i]);
    else if (word === "-l") rule.flags.push("--" + rest[++i]);
    else if (word === "-o") rule.flags.push("-" + rest[++i]);
    else if (word === "-a") rule.words = rest[++i] ?? "";
    else if (word === "-n") rule.conditions.push(rest[++i]);
    else if (word === "-d" || word === "--wraps" || word === "-w") i++;
    else if (word === "-p" || word === "--path") return undefined;
    else if (word === "--exclusive" || word === "--require-parameter") rule.required = true;
    else if (!word.startsWith("-") && rule.command === undefined) rule.command = word;
  }
  if (!WORD.test(rule.command ?? "")) return undefined;
  // A list of values without "required" is what fish files write for `--color[=WHEN]` and, carelessly,
  // for required values too: either way a value may follow.
  rule.arity = rule.required ? "value" : rule.words ? "optional" : "none";
  rule.condition = condition(rule.conditions.join("; and "));
  return rule;
}

/** What a condition says about where a rule holds: anywhere, at the root, or below certain words. */
function condition(text) {
  if (!text) return { kind: "any", sets: [] };
  const positive = text.replace(/(?:\bnot|!)\s+[^;&|]+/g, "");
  const sets = [];
  const below = /__fish_\w*(?:seen_(?:any_)?sub_?command(?:_from)?|(?:using|use)_(?:sub)?command|_using_command)\s+([^;&|()]+)/g;
  for (const [, list] of positive.matchAll(below)) {
    const found = list.replace(/["']/g, "").trim().split(/\s+/).filter((w) => WORD.test(w));
    if (found.length) sets.push(found);
  }
  if (sets.length) return { kind: "below", sets };
  const root = /use_subcommand|needs_(?:sub)?command|no_subcommand|is_first_(?:token|arg)|is_nth_token 1\b/;
  if (root.test(positive) || /(?:not|!)\s+__fish_\w*seen_sub/.test(text)) return { kind: "root", sets };
  return { kind: "other", sets };
}

function pathsOf(rule, table) {
  const { kind, sets } = rule.condition;
  if (kind !== "below") return [[rule.command]];
  const [outer, inner] = sets.length > 1 && sets[1].some((w) => table.has([rule.command, w])) &&
    !sets[0].some((w) => table.has([rule.command, w])) ? [sets[1], sets[0]] : sets;
  const paths = [];
  for (const first of outer) {
    if (!table.has([rule.command, first])) continue;
    if (!inner) paths.push([rule.command, first]);
    else for (const second of inner) if (second !== first) paths.push([rule.command, first, second]);
  }
  return paths;
}
