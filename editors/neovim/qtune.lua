-- qtune in Neovim: copy to ~/.config/nvim/lua/qtune.lua, and write require('qtune') into init.lua.

-- Neovim calls `.env` a shell script or `env`; of a shell script the server says nothing.
local filetypes = { 'sh', 'env', 'dotenv', 'yaml', 'python', 'toml', 'requirements', 'text' }
local cmd = { 'qtune', 'lsp' }
local markers = { 'pyproject.toml', '.env', '.git' }

if vim.fn.has('nvim-0.11') == 1 then
  vim.lsp.config('qtune', { cmd = cmd, filetypes = filetypes, root_markers = markers })
  vim.lsp.enable('qtune')
  return
end

-- Before 0.11: one client for each project folder.
local clients = {}

local function root_of(file)
  local folder = vim.fn.fnamemodify(file, ':p:h')
  local at = folder
  while true do
    for _, marker in ipairs(markers) do
      local path = at .. '/' .. marker
      if vim.fn.isdirectory(path) == 1 or vim.fn.filereadable(path) == 1 then
        return at
      end
    end
    local above = vim.fn.fnamemodify(at, ':h')
    if above == at then
      return folder
    end
    at = above
  end
end

vim.api.nvim_create_autocmd('FileType', {
  pattern = filetypes,
  callback = function(event)
    if vim.bo[event.buf].buftype ~= '' then
      return
    end
    local root = root_of(vim.api.nvim_buf_get_name(event.buf))
    if not (clients[root] and vim.lsp.get_client_by_id(clients[root])) then
      clients[root] = vim.lsp.start_client({ name = 'qtune', cmd = cmd, root_dir = root })
    end
    if clients[root] then
      vim.lsp.buf_attach_client(event.buf, clients[root])
    end
  end,
})
