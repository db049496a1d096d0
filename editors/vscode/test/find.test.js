'use strict';

const assert = require('node:assert/strict');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { Crashes } = require('../src/crashes');
const { find, installLine } = require('../src/find');

const PYTHON = '/venv/bin/python';

/**
 * A machine with both: a Python that has qtune, and a qtune on PATH.
 * @param {Partial<import('../src/find').Place> & {files?: string[]}} [but]
 * @returns {import('../src/find').Place}
 */
function place({ files = ['/usr/bin/qtune'], ...but } = {}) {
  return {
    setting: '',
    trusted: true,
    python: async () => PYTHON,
    state: async () => 'ready',
    isFile: (file) => files.includes(file),
    searched: '/usr/local/bin:/usr/bin',
    windows: false,
    ...but,
  };
}

const ON_PATH = { command: '/usr/bin/qtune', args: ['lsp'], origin: 'path' };

test('the setting comes before the selected Python, and that before PATH', async () => {
  const set = await find(place({ setting: '/opt/qtune', files: ['/opt/qtune'] }));
  assert.deepEqual(set, { command: '/opt/qtune', args: ['lsp'], origin: 'setting' });
  const python = await find(place());
  assert.deepEqual(python, { command: PYTHON, args: ['-P', '-m', 'qtune', 'lsp'], origin: 'python' });
  assert.deepEqual(await find(place({ state: async () => 'no-qtune' })), ON_PATH);
  assert.deepEqual(await find(place({ python: async () => undefined })), ON_PATH);
});

test('a setting that names no program is said, and nothing else is started in its place', async () => {
  assert.deepEqual(await find(place({ setting: '/gone/qtune' })), { missing: 'setting', path: '/gone/qtune' });
});

test('a relative setting is none: it would mean another program in every folder', async () => {
  const found = await find(place({ setting: './qtune', files: ['./qtune', path.resolve('qtune')] }));
  assert.deepEqual(found, { missing: 'setting', path: './qtune' });
});

test('a setting may begin at home', async () => {
  const file = path.join(os.homedir(), 'bin/qtune');
  const found = await find(place({ setting: '~/bin/qtune', files: [file] }));
  assert.deepEqual(found, { command: file, args: ['lsp'], origin: 'setting' });
});

test('in a workspace that is not trusted its Python is not even asked', async () => {
  const asked = () => assert.fail('the interpreter was started');
  assert.deepEqual(await find(place({ trusted: false, python: asked, state: asked })), ON_PATH);
});

test('relative and empty entries of PATH are skipped: they lead into the workspace', async () => {
  const files = ['qtune', './bin/qtune', 'bin/qtune', '/usr/bin/qtune'];
  const nowhere = { searched: ':./bin:bin', python: async () => undefined, files };
  assert.deepEqual(await find(place(nowhere)), { missing: 'qtune', path: '' });
  assert.deepEqual(await find(place({ ...nowhere, searched: ':./bin:/usr/bin' })), ON_PATH);
});

test('on Windows PATH has semicolons and the program an ending', async () => {
  const file = 'C:\\Tools\\Scripts\\qtune.exe';
  const searched = '.;C:\\Windows;C:\\Tools\\Scripts';
  const found = await find(place({ windows: true, searched, files: [file], python: async () => undefined }));
  assert.deepEqual(found, { command: file, args: ['lsp'], origin: 'path' });
});

test('what is missing is named with the line that installs it there', async () => {
  const bare = await find(place({ state: async () => 'no-pygls', files: [] }));
  assert.deepEqual(bare, { missing: 'pygls', path: PYTHON });
  assert.equal(installLine({ missing: 'pygls', path: PYTHON }), '/venv/bin/python -m pip install "qtune[lsp]"');
  assert.equal(
    installLine({ missing: 'qtune', path: 'C:\\Program Files\\python.exe' }),
    '"C:\\Program Files\\python.exe" -m pip install "qtune[lsp]"',
  );
  assert.equal(installLine({ missing: 'qtune', path: '' }), 'pip install "qtune[lsp]"');
});

test('a server that crashes now and then is started again, one that does so over and over is not', () => {
  const rare = new Crashes();
  for (let hour = 0; hour < 50; hour++) assert.equal(rare.mayRestart(hour * 3_600_000), true);
  const loop = new Crashes();
  const answers = [0, 1, 2, 3, 4].map((second) => loop.mayRestart(second * 1_000));
  assert.deepEqual(answers, [true, true, true, true, false]);
});
