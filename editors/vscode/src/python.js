// The interpreter that is selected in the Python extension, where that is installed.
'use strict';

const vscode = require('vscode');

/**
 * What is used of the Python extension's interface.
 * @typedef {object} Environments
 * @property {(resource?: import('vscode').Uri) => {path: string}} getActiveEnvironmentPath
 * @property {(path: {path: string}) => Promise<{executable: {uri?: import('vscode').Uri}} | undefined>} resolveEnvironment
 * @property {(listener: () => void) => import('vscode').Disposable} onDidChangeActiveEnvironmentPath
 */

/** @returns {Promise<Environments | undefined>} */
async function environments() {
  const extension = vscode.extensions.getExtension('ms-python.python');
  if (!extension) return undefined;
  try {
    return (await extension.activate())?.environments;
  } catch {
    return undefined; // it says so itself
  }
}

/** @returns {Promise<string | undefined>} */
async function selected() {
  const known = await environments();
  if (!known) return undefined;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const environment = await known.resolveEnvironment(known.getActiveEnvironmentPath(folder));
  return environment?.executable.uri?.fsPath;
}

module.exports = { environments, selected };
