// Which program is the server: the user's setting, the selected Python, or `qtune` on PATH; nothing that
// a workspace could have put in its place.
'use strict';

const os = require('node:os');
const path = require('node:path');

/**
 * `python` is known only for an interpreter, and is what the install line names.
 * @typedef {{command: string, args: string[], origin: 'setting' | 'python' | 'path'}} Found
 * @typedef {{missing: 'setting' | 'qtune' | 'pygls', path: string}} Missing
 * @typedef {'ready' | 'no-pygls' | 'no-qtune'} State
 *
 * What the search looks at; a test brings its own.
 * @typedef {object} Place
 * @property {string} setting `qtune.path`
 * @property {boolean} trusted whether the user trusts the workspace; if not, its Python may be anybody's program
 * @property {() => Promise<string | undefined>} python the interpreter selected in the Python extension
 * @property {(python: string) => Promise<State>} state what that interpreter has installed
 * @property {(file: string) => boolean} isFile
 * @property {string} searched the variable PATH
 * @property {boolean} windows
 */

/**
 * @param {Place} place
 * @returns {Promise<Found | Missing>}
 */
async function find(place) {
  if (place.setting) {
    const command = absolute(place.setting);
    return command && place.isFile(command)
      ? { command, args: ['lsp'], origin: 'setting' }
      : { missing: 'setting', path: place.setting };
  }
  const python = place.trusted ? await place.python() : undefined;
  const state = python ? await place.state(python) : 'no-qtune';
  if (python && state === 'ready') {
    // -P: not from the current folder, which may hold anybody's `qtune/`.
    return { command: python, args: ['-P', '-m', 'qtune', 'lsp'], origin: 'python' };
  }
  const command = onPath(place);
  if (command) return { command, args: ['lsp'], origin: 'path' };
  return { missing: state === 'no-pygls' ? 'pygls' : 'qtune', path: python ?? '' };
}

/**
 * `~/` is the home directory; a relative path is none, since it would depend on the open folder.
 * @param {string} setting
 */
function absolute(setting) {
  const file = setting.replace(/^~(?=[\\/])/, os.homedir());
  return path.isAbsolute(file) ? file : undefined;
}

/**
 * By hand: Windows would look into the current folder first, and a relative entry leads there too.
 * @param {Place} place
 */
function onPath(place) {
  const { join, isAbsolute } = place.windows ? path.win32 : path.posix;
  return place.searched
    .split(place.windows ? ';' : ':')
    .filter((folder) => isAbsolute(folder))
    .map((folder) => join(folder, place.windows ? 'qtune.exe' : 'qtune'))
    .find((file) => place.isFile(file));
}

/**
 * The line that installs what is missing, for the terminal.
 * @param {Missing} missing
 */
function installLine(missing) {
  if (!missing.path || missing.missing === 'setting') return 'pip install "qtune[lsp]"';
  const python = /\s/.test(missing.path) ? `"${missing.path}"` : missing.path;
  return `${python} -m pip install "qtune[lsp]"`;
}

module.exports = { find, installLine };
