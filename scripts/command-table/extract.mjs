#!/usr/bin/env node
// Writes speech/data/commands.txt again from its sources. See README.md beside this file.
//
// usage: extract.mjs FIG_BUILD_FOLDER OUTPUT [FISH]
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { addFig } from "./fig.mjs";
import { addFish } from "./fish.mjs";
import { addSupplement } from "./supplement.mjs";
import { Table } from "./table.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
/** Clouds whose flags would be most of the table: the names of their services are enough. */
const CLOUDS = new Set(["aws", "az", "gcloud"]);
/** A command that is not an everyday one keeps its sub-commands, and its own flags, up to this many bytes. */
const SHORT = { subcommands: 400, flags: 100 };

const [build, output, fish = "/usr/bin/fish"] = process.argv.slice(2);
if (!output) {
  console.error("usage: extract.mjs FIG_BUILD_FOLDER OUTPUT [FISH]");
  process.exit(2);
}

const table = new Table();
addSupplement(table, read("supplement.txt"));
addSupplement(table, read("from-help.txt"));
const found = new Table();
await addFig(found, build, (name) => CLOUDS.has(name));
addFish(found, fish);
const everyday = new Set(wordsOf(read("everyday.txt")));
const unwanted = new Set(wordsOf(read("unwanted.txt")));
for (const name of found.names()) {
  if (unwanted.has(name)) found.drop(name);
  else if (!everyday.has(name)) found.shorten(name, SHORT);
}
table.merge(found);
const header = read("header.txt");
writeFileSync(output, header + table.lines().join("\n") + "\n");

function read(name) {
  return readFileSync(join(HERE, name), "utf8");
}

function wordsOf(text) {
  return text.replace(/^#.*$/gm, "").split(/\s+/).filter(Boolean);
}
