// What an interpreter has installed of qtune.
'use strict';

const { execFile } = require('node:child_process');
const os = require('node:os');

const LOOK = "from importlib.util import find_spec as f; raise SystemExit(0 if not f('qtune') else 11 if f('pygls') else 12)";
/** @type {Record<number, import('./find').State>} */
const STATES = { 11: 'ready', 12: 'no-pygls' };

/**
 * Imports nothing, least of all from the current folder; `-P` is unknown before Python 3.11, where qtune cannot be either.
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

module.exports = { state };
