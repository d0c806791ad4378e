//! `sayso completions`: the shells' completions from the command line's definition, and with the names of models, which
//! are asked for when somebody presses TAB.

use crate::cli::Cli;
use crate::init::Shell;
use clap::CommandFactory;

/// Asks for the names of models and puts them behind `sayso model use` and its like; the generated function does the rest.
const BASH: &str = r#"
_sayso_with_models() {
    local which=
    case "${COMP_WORDS[1]} ${COMP_WORDS[2]}" in
        'model use' | 'model verify' | 'model remove' | 'model bench') which=installed ;;
        'model pull') which=absent ;;
    esac
    _sayso "$@"
    if [[ -n $which && $COMP_CWORD -eq 3 && ${COMP_WORDS[3]} != -* ]]; then
        COMPREPLY=( $(compgen -W "$("${COMP_WORDS[0]}" model list --names "$which" 2>/dev/null)" -- "${COMP_WORDS[3]}") )
    fi
}
complete -F _sayso_with_models -o bashdefault -o default sayso
"#;

const FISH: &str = r#"
complete -c sayso -n "__fish_sayso_using_subcommand model; and __fish_seen_subcommand_from use verify remove bench" -f -a "(sayso model list --names installed 2>/dev/null)"
complete -c sayso -n "__fish_sayso_using_subcommand model; and __fish_seen_subcommand_from pull" -f -a "(sayso model list --names absent 2>/dev/null)"
"#;

/// The completion system puts options of `compadd` before the last argument.
const ZSH: &str = r#"(( $+functions[_sayso_models] )) ||
_sayso_models() {
    local -a names
    names=(${(f)"$(_call_program models sayso model list --names $@[-1] 2>/dev/null)"})
    (( $#names )) && compadd "${(@)argv[1,-2]}" -a names
}

"#;

/// The script that completes `sayso` in `shell`.
pub(crate) fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(clap_complete::Shell::from(shell), &mut Cli::command(), "sayso", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    match shell {
        Shell::Bash => script + BASH,
        Shell::Fish => script + FISH,
        Shell::Zsh => {
            // Arguments without a completion of their own end in a colon.
            let of_models = |line: &str| -> String {
                let which = match line {
                    _ if line.starts_with("':model -- ") => "absent",
                    _ if line.starts_with("':name -- ") || line.starts_with("'::name -- ") => "installed",
                    _ => return line.to_owned(),
                };
                line.replace(":' \\", &format!(":_sayso_models {which}' \\"))
            };
            let lines: Vec<String> = script.lines().map(of_models).collect();
            let script = lines.join("\n") + "\n";
            // Before the last block, which calls the whole the first time.
            let last = script.rfind("if [ \"$funcstack[1]\"").unwrap_or(script.len());
            [&script[..last], ZSH, &script[last..]].concat()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_model_is_completed() {
        let zsh = script(Shell::Zsh);
        assert_eq!(zsh.matches(":_sayso_models installed' \\").count(), 4);
        assert_eq!(zsh.matches(":_sayso_models absent' \\").count(), 1);
        assert!(zsh.find("_sayso_models() {") < zsh.find("if [ \"$funcstack[1]\""));
        // The hidden option that the scripts use exists.
        let list = Cli::command().try_get_matches_from(["sayso", "model", "list", "--names", "installed"]);
        assert!(list.is_ok(), "{list:?}");
    }
}
