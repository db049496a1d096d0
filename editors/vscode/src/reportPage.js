// The doctor's report as a tab: on a remote machine, where the GPU is, no browser could open its file.
'use strict';

const fs = require('node:fs/promises');
const vscode = require('vscode');

/** @type {import('vscode').WebviewPanel | undefined} */
let panel;

/**
 * @param {string} address
 * @returns {Promise<boolean>} false: no page of ours
 */
async function show(address) {
  const uri = vscode.Uri.parse(address);
  if (uri.scheme !== 'file' || !uri.path.endsWith('.html')) return false;
  const page = await fs.readFile(uri.fsPath, 'utf8'); // self-contained; its policy allows no script
  if (!panel) {
    panel = vscode.window.createWebviewPanel('qtune.report', vscode.l10n.t('qtune report'), vscode.ViewColumn.Active, {
      enableScripts: false,
      localResourceRoots: [],
      enableFindWidget: true,
    });
    panel.onDidDispose(() => (panel = undefined));
  }
  panel.webview.html = page;
  panel.reveal();
  return true;
}

module.exports = { show };
