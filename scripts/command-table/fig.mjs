// Reads the built specs of the npm package @withfig/autocomplete into command facts.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { WORD } from "./table.mjs";

const DEPTH = 3;

/** Adds every spec of the folder `build`; of commands that `namesOnly` accepts just the sub-command names. */
export async function addFig(table, build, namesOnly) {
  // Folders hold parts of a spec, or its versions: they are reached by name or not at all.
  const files = readdirSync(build).filter((f) => f.endsWith(".js")).sort();
  for (const file of files) {
    const name = file.slice(0, -3);
    if (!WORD.test(name)) continue;
    const spec = await load(build, file);
    if (spec) await add(table, build, [name], spec, namesOnly(name));
  }
}

async function load(build, file) {
  const { default: spec } = await import(pathToFileURL(join(build, file)).href);
  return typeof spec === "object" ? spec : undefined;
}

async function add(table, build, path, spec, namesOnly) {
  table.command(path);
  if (typeof spec.loadSpec === "string" && existsSync(join(build, spec.loadSpec + ".js"))) {
    const other = await load(build, spec.loadSpec + ".js");
    if (other) spec = { ...other, ...spec, options: other.options, subcommands: other.subcommands, loadSpec: undefined };
  }
  if (!namesOnly) {
    for (const option of spec.options ?? []) addOption(table, path, option);
    if (argsOf(spec).some((a) => a.isCommand)) table.runsCommand(path);
  }
  if (path.length >= (namesOnly ? 2 : DEPTH)) return;
  for (const sub of spec.subcommands ?? []) {
    if (sub.hidden || sub.deprecated) continue;
    const [first, ...aliases] = [sub.name].flat().filter((n) => WORD.test(n));
    if (!first) continue;
    await add(table, build, [...path, first], sub, namesOnly);
    for (const alias of aliases) table.alias([...path, alias], [...path, first]);
  }
}

const argsOf = (thing) => (thing.args ? [thing.args].flat() : []);

function addOption(table, path, option) {
  if (option.hidden || option.deprecated) return;
  const args = argsOf(option);
  const glued = option.requiresSeparator || option.requiresEquals;
  const arity = !args.length ? "none" : args[0].isOptional ? "optional" : glued ? "glued" : "value";
  for (const name of [option.name].flat()) {
    const bare = name.replace(/=$/, "");
    table.flag(path, bare, bare !== name && arity !== "optional" ? "glued" : arity, !!option.isPersistent);
  }
}
