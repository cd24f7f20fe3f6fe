export const SHELLS = ["bash", "zsh", "fish"] as const;

/**
 * Each script asks `thulp-sessions __complete WORD...` with the words up to the cursor, the last one
 * unfinished, and gets a candidate a line, behind a tab what it is.
 */
export function completionScript(shell: (typeof SHELLS)[number]): string {
  return { bash: BASH, zsh: ZSH, fish: FISH }[shell];
}

// Bash parts the line at ":" and "=" too: what has no space between is put together again, and what bash
// holds for the beginning of the word is taken off the candidates. What a store holds is quoted, never run.
const BASH = `_thulp_sessions() {
  local rest=$COMP_LINE words=() n=-1 i space word cur head line quoted
  for ((i = 0; i <= COMP_CWORD; i++)); do
    space=\${rest%%[![:space:]]*}
    word=\${COMP_WORDS[i]}
    if [[ $n -ge 0 && -z $space ]]; then
      words[n]+=$word
    else
      n=$((n + 1))
      words[n]=$word
    fi
    rest=\${rest#"$space"}
    rest=\${rest#"$word"}
  done
  cur=\${COMP_WORDS[COMP_CWORD]}
  if [[ $cur == [:=] ]]; then cur=; fi
  head=\${words[n]%"$cur"}
  COMPREPLY=()
  while IFS= read -r line; do
    line=\${line%%$'\\t'*}
    printf -v quoted %q "\${line#"$head"}"
    COMPREPLY+=("$quoted")
  done < <(thulp-sessions __complete "\${words[@]:1:n}" 2>/dev/null)
  if [ \${#COMPREPLY[@]} -eq 0 ]; then
    while IFS= read -r line; do
      COMPREPLY+=("$line")
    done < <(compgen -f -- "$cur")
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
