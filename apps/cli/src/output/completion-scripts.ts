export const SHELLS = ["bash", "zsh", "fish"] as const;

/**
 * Each script asks `thulp-sessions __complete WORD...` with the words up to the cursor, the last one
 * unfinished, and gets a candidate a line, behind a tab what it is.
 */
export function completionScript(shell: (typeof SHELLS)[number]): string {
  return { bash: BASH, zsh: ZSH, fish: FISH }[shell];
}

const BASH = `_thulp_sessions() {
  local IFS=$'\\n' cur="\${COMP_WORDS[COMP_CWORD]}"
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  COMPREPLY=($(thulp-sessions __complete "\${words[@]}" 2>/dev/null | cut -f1))
  if [ \${#COMPREPLY[@]} -eq 0 ]; then
    COMPREPLY=($(compgen -f -- "$cur"))
  fi
}
complete -o nosort -F _thulp_sessions thulp-sessions 2>/dev/null || complete -F _thulp_sessions thulp-sessions
`;

const ZSH = `_thulp_sessions() {
  local -a candidates described
  local line
  candidates=("\${(@f)$(thulp-sessions __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in $candidates; do
    [[ -n $line ]] && described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  if (( \${#described} )); then
    _describe -V 'thulp-sessions' described
  else
    _files
  fi
}
compdef _thulp_sessions thulp-sessions
`;

const FISH = `function __thulp_sessions_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l candidates (thulp-sessions __complete $words[2..-1] 2>/dev/null)
    if test (count $candidates) -gt 0
        printf '%s\\n' $candidates
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c thulp-sessions -f -k -a '(__thulp_sessions_complete)'
`;
