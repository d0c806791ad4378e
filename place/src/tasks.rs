//! Tasks: what can be run in a folder, from the files that describe it.

use crate::git::text_of;
use crate::names::Names;
use crate::source::Source;
use crate::stamp::Stamps;
use std::path::Path;

/// Most names that are taken from one file. Hand-chosen on 2026-11-28.
const MAX_NAMES: usize = 2_000;

/// What can be run in a folder.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    pub(crate) scripts: Names,
    pub(crate) targets: Names,
    pub(crate) recipes: Names,
    pub(crate) packages: Names,
    pub(crate) services: Names,
}

/// Reads the scripts, targets, recipes, packages and services of a folder.
pub(crate) fn read(at: &Path, stamps: &mut Stamps) -> Tasks {
    let mut open = |name: &str| {
        let path = at.join(name);
        stamps.note(&path);
        text_of(&path)
    };
    let mut scripts = open("package.json").map(|text| package_scripts(&text)).unwrap_or_default();
    scripts.extend(open("pyproject.toml").map(|text| python_scripts(&text)).unwrap_or_default());
    let targets = ["GNUmakefile", "makefile", "Makefile"].iter().find_map(|name| open(name));
    let recipes = ["justfile", "Justfile", ".justfile"].iter().find_map(|name| open(name));
    let services = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];
    let services: Vec<String> =
        services.iter().find_map(|name| open(name)).map(|text| compose_services(&text)).unwrap_or_default();
    let cargo = open("Cargo.toml");
    Tasks {
        scripts: named(scripts, Source::Script),
        targets: named(targets.map(|text| make_targets(&text)).unwrap_or_default(), Source::Target),
        recipes: named(recipes.map(|text| just_recipes(&text)).unwrap_or_default(), Source::Target),
        packages: named(cargo.map(|text| cargo_names(at, &text)).unwrap_or_default(), Source::Package),
        services: named(services, Source::Service),
    }
}

fn named(names: Vec<String>, source: Source) -> Names {
    Names::new(names.into_iter().take(MAX_NAMES).map(|name| (name, source)))
}

fn package_scripts(text: &str) -> Vec<String> {
    let package: Option<serde_json::Value> = serde_json::from_str(text).ok();
    let scripts = package.as_ref().and_then(|package| package.get("scripts")?.as_object());
    scripts.into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

fn python_scripts(text: &str) -> Vec<String> {
    let Ok(project) = text.parse::<toml::Table>() else { return Vec::new() };
    let table = |path: &[&str]| {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(project.get(*first)?, |value, name| value.get(name))?.as_table()
    };
    let paths: [&[&str]; 4] = [
        &["project", "scripts"],
        &["tool", "poetry", "scripts"],
        &["tool", "pdm", "scripts"],
        &["tool", "poe", "tasks"],
    ];
    paths.iter().filter_map(|path| table(path)).flatten().map(|(name, _)| name.clone()).collect()
}

/// Words before the colon of a line that begins at the margin. Patterns, variables and special targets are none.
fn make_targets(text: &str) -> Vec<String> {
    let mut targets = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with(['\t', ' ', '#', '.'])) {
        let Some((names, rest)) = line.split_once(':') else { continue };
        if rest.starts_with('=') || rest.starts_with(":=") || names.contains(['=', '$', '%', '(']) {
            continue;
        }
        targets.extend(names.split_whitespace().map(str::to_owned));
    }
    targets
}

fn just_recipes(text: &str) -> Vec<String> {
    let name = |line: &str| {
        let (head, rest) = line.split_once(':')?;
        let name = head.split_whitespace().next()?.trim_start_matches('@');
        let is_name = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
        let is_setting =
            rest.starts_with('=') || matches!(name, "set" | "export" | "alias" | "import" | "mod");
        (is_name && !name.is_empty() && !is_setting).then(|| name.to_owned())
    };
    text.lines().filter(|line| !line.starts_with(['\t', ' ', '#', '['])).filter_map(name).collect()
}

/// The keys one level below `services:`. A parser of YAML would read the rest of the file, too, and nothing else is asked.
fn compose_services(text: &str) -> Vec<String> {
    let mut services = Vec::new();
    let mut indent = None;
    let mut inside = false;
    for line in text.lines() {
        let trimmed = line.trim_start();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let depth = line.len() - trimmed.len();
        if depth == 0 {
            inside = trimmed.starts_with("services:");
            continue;
        }
        if inside && depth == *indent.get_or_insert(depth) {
            services
                .extend(trimmed.split_once(':').map(|(name, _)| name.trim_matches(['"', '\'']).to_owned()));
        }
    }
    services
}

/// The package, its binaries, examples and tests, and the packages of a workspace.
fn cargo_names(at: &Path, text: &str) -> Vec<String> {
    let Ok(manifest) = text.parse::<toml::Table>() else { return Vec::new() };
    let mut names = own_names(&manifest);
    let members = manifest.get("workspace").and_then(|workspace| workspace.get("members")?.as_array());
    for member in members.into_iter().flatten().filter_map(toml::Value::as_str).take(MAX_NAMES) {
        let folders = match member.strip_suffix("/*") {
            None => vec![at.join(member)],
            Some(parent) => std::fs::read_dir(at.join(parent))
                .into_iter()
                .flatten()
                .flatten()
                .take(MAX_NAMES)
                .map(|entry| entry.path())
                .collect(),
        };
        for folder in folders {
            let text = text_of(&folder.join("Cargo.toml")).unwrap_or_default();
            names.extend(text.parse::<toml::Table>().iter().flat_map(own_names));
        }
    }
    names
}

fn own_names(manifest: &toml::Table) -> Vec<String> {
    let name = |table: &toml::Value| Some(table.get("name")?.as_str()?.to_owned());
    let mut names: Vec<String> = manifest.get("package").and_then(name).into_iter().collect();
    for part in ["bin", "example", "test", "bench"] {
        let tables = manifest.get(part).and_then(toml::Value::as_array);
        names.extend(tables.into_iter().flatten().filter_map(name));
    }
    names
}
