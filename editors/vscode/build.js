// Bundles the extension into dist/, with the licences of what is bundled beside it.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const esbuild = require('esbuild');

async function main() {
  const { metafile } = await esbuild.build({
    entryPoints: ['src/extension.js'],
    outfile: 'dist/extension.js',
    bundle: true,
    minify: true,
    metafile: true,
    platform: 'node',
    target: 'node18',
    external: ['vscode'],
    legalComments: 'none',
    logLevel: 'warning',
  });
  const packages = new Set(
    Object.keys(metafile.inputs)
      .map((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1])
      .filter((folder) => folder !== undefined),
  );
  const notices = [...packages].sort().map(notice);
  fs.writeFileSync('dist/NOTICES.txt', notices.join(`\n${'-'.repeat(80)}\n\n`));
}

/** @param {string} folder */
function notice(folder) {
  const { name, version, license } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const file = fs.readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (!file) throw new Error(`${name} has no licence text; the bundle may not hold it without`);
  return `${name} ${version} (${license})\n\n${fs.readFileSync(path.join(folder, file), 'utf8')}`;
}

main();
