// The documents that the server is asked about.
'use strict';

/**
 * By name as well as by language: another extension may call `.env` a properties file or a shell script.
 * @type {import('vscode-languageclient/node').DocumentSelector}
 */
const SELECTOR = [
  { scheme: 'file', language: 'dotenv' },
  { scheme: 'file', pattern: '**/{.env,.env.*,*.env}' },
  { scheme: 'file', language: 'yaml' },
  { scheme: 'file', language: 'python' },
  { notebook: { scheme: 'file', notebookType: 'jupyter-notebook' }, language: 'python' },
  { scheme: 'file', language: 'pip-requirements' },
  { scheme: 'file', pattern: '**/*{requirements,constraints}*.{txt,in}' },
  { scheme: 'file', pattern: '**/requirements/*.{txt,in}' },
  { scheme: 'file', pattern: '**/pyproject.toml' },
];

module.exports = { SELECTOR };
