# sayso for the plugin managers of zsh, and for `source` from a checkout.
#
# With the client installed this does what `eval "$(sayso init zsh)"` does, so that the settings hold. Without it the
# key is there all the same, and says what is missing.

_sayso_folder=${${(%):-%x}:A:h}
'builtin' 'emulate' 'zsh' '-o' 'no_aliases' '-c' '
  if (( $+commands[sayso] )); then
    eval "$(sayso init zsh)"
  else
    source $_sayso_folder/sayso.zsh
  fi
  unset _sayso_folder
'
