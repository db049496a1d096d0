" qtune in Vim, through ALE 3: source this file from your vimrc, after ALE is on the runtimepath.
" `.env` is a shell script to Vim, or `env`; of a shell script the server says nothing.
for s:type in ['sh', 'env', 'yaml', 'python', 'toml', 'requirements']
  call ale#linter#Define(s:type, {
  \ 'name': 'qtune',
  \ 'lsp': 'stdio',
  \ 'executable': 'qtune',
  \ 'command': '%e lsp',
  \ 'project_root': {buffer -> empty(finddir('.git', expand('#' . buffer . ':p:h') . ';'))
  \   ? expand('#' . buffer . ':p:h')
  \   : fnamemodify(finddir('.git', expand('#' . buffer . ':p:h') . ';'), ':p:h:h')},
  \})
endfor
