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
/** A command that is not an everyday one keeps its sub-commands, and its own flags, up to this many bytes each. */
const SHORT = 120;

const [build, output, fish = "/usr/bin/fish"] = process.argv.slice(2);
if (!output) {
  console.error("usage: extract.mjs FIG_BUILD_FOLDER OUTPUT [FISH]");
  process.exit(2);
}

const table = new Table();
addSupplement(table, read("supplement.txt"));
const everyday = new Set([...table.names(), ...wordsOf(read("everyday.txt"))]);
const unwanted = new Set(wordsOf(read("unwanted.txt")));
await addFig(table, build, (name) => CLOUDS.has(name));
addFish(table, fish);
for (const name of everyday) table.command([name]);
for (const name of table.names()) {
  if (unwanted.has(name) && !everyday.has(name)) table.drop(name);
  else if (!everyday.has(name)) table.shorten(name, SHORT);
}
const header = read("header.txt");
writeFileSync(output, header + table.lines().join("\n") + "\n");

function read(name) {
  return readFileSync(join(HERE, name), "utf8");
}

function wordsOf(text) {
  return text.replace(/^#.*$/gm, "").split(/\s+/).filter(Boolean);
}
