// The interpreter that is selected in the Python extension, where that is installed, and what is installed in it.
'use strict';

const { execFile } = require('node:child_process');
const os = require('node:os');
const vscode = require('vscode');

const LOOK = "from importlib.util import find_spec as f; raise SystemExit(0 if not f('qtune') else 11 if f('pygls') else 12)";
/** @type {Record<number, import('./find').State>} */
const STATES = { 11: 'ready', 12: 'no-pygls' };

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

/**
 * Imports nothing of it; `-P` is unknown before Python 3.11, where qtune cannot be either.
 * @param {string} python
 * @returns {Promise<import('./find').State>}
 */
function state(python) {
  return new Promise((resolve) => {
    const child = execFile(python, ['-P', '-c', LOOK], { cwd: os.homedir(), timeout: 20_000 });
    child.on('error', () => resolve('no-qtune'));
    child.on('exit', (code) => resolve(STATES[code ?? 0] ?? 'no-qtune'));
  });
}

module.exports = { environments, selected, state };
