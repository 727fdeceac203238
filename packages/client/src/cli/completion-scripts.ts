/** They only hand the words on; what fits is decided by `complete`. Written for the oldest shells in use (bash 3.2 of macOS). */
export const COMPLETION_SCRIPTS = {
  // Bash breaks words at = and :, and what it replaces is the part after the last of them.
  bash: `_sparkctl() {
  local word words part joined head i
  words=() joined= head=
  for ((i = 1; i <= COMP_CWORD; i++)); do
    part="\${COMP_WORDS[i]}"
    case "$part" in
      =|:) joined=\${#words[@]} ;;
    esac
    if [ "\${joined:-0}" -gt 0 ]; then words[joined - 1]+="$part"; else words+=("$part"); fi
    case "$part" in =|:) ;; *) joined= ;; esac
  done
  word="\${words[\${#words[@]} - 1]}"
  case "$word" in *[=:]*) [ "$word" = "\${COMP_WORDS[COMP_CWORD]}" ] || head="\${word%"\${word##*[=:]}"}" ;; esac
  COMPREPLY=()
  while IFS=$'\\t' read -r word part; do
    [ -n "$word" ] && COMPREPLY+=("\${word#"$head"}")
  done < <(sparkctl __complete "\${words[@]}" 2>/dev/null)
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
