//! Programs, commands and words of which the search for faults knows something that the table of commands does not say.
//! Hand-chosen, 2026-11-28.

/// Programs for which a lone dash is standard input or output, or text. Hand-chosen, 2026-11-28.
pub(super) const READS_DASH: [&str; 76] = [
    "awk",
    "base64",
    "bash",
    "bc",
    "bsdtar",
    "bzip2",
    "cat",
    "cmp",
    "column",
    "comm",
    "convert",
    "cpio",
    "csplit",
    "curl",
    "cut",
    "diff",
    "echo",
    "egrep",
    "expand",
    "ffmpeg",
    "fgrep",
    "file",
    "fmt",
    "fold",
    "gawk",
    "gpg",
    "grep",
    "gunzip",
    "gzip",
    "head",
    "hexdump",
    "join",
    "jq",
    "less",
    "magick",
    "mawk",
    "md5sum",
    "more",
    "mysql",
    "nl",
    "node",
    "nvim",
    "od",
    "pandoc",
    "parallel",
    "paste",
    "patch",
    "perl",
    "php",
    "pr",
    "printf",
    "psql",
    "python",
    "python3",
    "rg",
    "ruby",
    "sed",
    "seq",
    "sh",
    "sha1sum",
    "sha256sum",
    "shuf",
    "sort",
    "split",
    "tac",
    "tail",
    "tar",
    "tee",
    "tr",
    "uniq",
    "vi",
    "vim",
    "wc",
    "wget",
    "xargs",
    "zcat",
];
/// Programs that take a sign as an argument. Hand-chosen, 2026-11-28.
pub(super) const TAKES_SIGN: [&str; 12] =
    ["awk", "column", "cut", "egrep", "gawk", "grep", "join", "paste", "rg", "sed", "sort", "tr"];
/// Commands whose arguments are any words, or expressions in which signs stand apart.
pub(super) const FREE_WORDS: [&str; 14] = [
    "[", "[[", "((", "alias", "case", "echo", "expr", "for", "function", "let", "printf", "say", "set",
    "test",
];
/// Shell words that a command follows.
pub(super) const BEFORE_COMMAND: [&str; 10] =
    ["!", "(", "do", "elif", "else", "if", "then", "time", "until", "while"];
/// Programs that run any `PROGRAM-NAME` as `PROGRAM NAME`.
pub(super) const HOSTS: [&str; 5] = ["cargo", "docker", "gh", "git", "kubectl"];
/// Sub-commands that take any words, so that these are no part of a hyphenated name: `git show branch`.
pub(super) const FREE_SUBCOMMANDS: [&str; 4] = ["commit", "diff", "merge", "show"];
/// Sub-commands whose first argument is a name that may also be that of a flag: `npm install save`.
pub(super) const NAMING_SUBCOMMANDS: [&str; 26] = [
    "add", "branch", "checkout", "config", "create", "delete", "describe", "disable", "edit", "enable",
    "explain", "get", "help", "info", "install", "remove", "restart", "rm", "search", "set", "show", "start",
    "stop", "switch", "tag", "view",
];
