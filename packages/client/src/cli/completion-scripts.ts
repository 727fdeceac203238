/** They only hand the words on; what fits is decided by `complete`. Written for the oldest shells in use (bash 3.2 of macOS). */
export const COMPLETION_SCRIPTS = {
  bash: `_sparkctl() {
  local word
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do
    [ -n "$word" ] && COMPREPLY+=("$word")
  done < <(sparkctl __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _sparkctl sparkctl`,
  zsh: `#compdef sparkctl
_sparkctl() {
  local word about
  local -a found
  while IFS=$'\\t' read -r word about; do
    [[ -n $word ]] && found+=("\${word//:/\\\\:}:$about")
  done < <(sparkctl __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then _describe sparkctl found; else _files; fi
}
compdef _sparkctl sparkctl`,
  fish: `function __sparkctl_complete
  set -l words (commandline -opc)
  set -e words[1]
  set -l current (commandline -ct)
  sparkctl __complete $words "$current" 2>/dev/null
end
complete -c sparkctl -a '(__sparkctl_complete)'`,
} as const;
