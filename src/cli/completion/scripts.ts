/** What a shell has to know: it asks `sluice complete` with the words typed so far; exit status 3 means that files are wanted. */
export const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# sluice completion bash > /etc/bash_completion.d/sluice
_sluice() {
  local line IFS=$'\\n'
  mapfile -t COMPREPLY < <(sluice complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null; echo "=$?")
  line=\${COMPREPLY[-1]}
  unset 'COMPREPLY[-1]'
  [ "$line" = "=3" ] && mapfile -t COMPREPLY < <(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _sluice sluice
`,
  zsh: `#compdef sluice
# sluice completion zsh > "\${fpath[1]}/_sluice"
_sluice() {
  local -a found
  found=("\${(@f)$(sluice complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  local ended=$?
  if (( ended == 3 )); then _files; else compadd -- \${found:#}; fi
}
_sluice "$@"
`,
  fish: `# sluice completion fish > ~/.config/fish/completions/sluice.fish
function __sluice_complete
  set -l words (commandline -opc) (commandline -ct)
  sluice complete $words[2..-1] 2>/dev/null
  test $status -eq 3; and __fish_complete_path (commandline -ct)
end
complete -c sluice -f -a '(__sluice_complete)'
`,
};
