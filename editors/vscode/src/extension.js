// qtune in VS Code: starts the installed `qtune lsp` and puts its commands within reach.
'use strict';

const vscode = require('vscode');
const python = require('./python');
const { Session } = require('./session');
const { Status } = require('./status');

const CALM = 500; // ms in which several changes of settings count as one

/** @type {Session | undefined} */
let session;

/** @param {import('vscode').ExtensionContext} context */
async function activate(context) {
  const log = vscode.window.createOutputChannel('qtune');
  const status = new Status();
  const running = (session = new Session(status, log));
  context.subscriptions.push(log, status);

  /** @param {string} id @param {() => unknown} action */
  const command = (id, action) => context.subscriptions.push(vscode.commands.registerCommand(id, action));
  command('qtune.server.restart', () => running.restart());
  command('qtune.server.log', () => log.show());
  command('qtune.doctor.run', () => ask(running, 'qtune.runDoctor'));
  command('qtune.report.open', () => ask(running, 'qtune.openReport'));

  /** @type {NodeJS.Timeout | undefined} */
  let waiting;
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => void running.restart(), CALM);
  };
  context.subscriptions.push(
    { dispose: () => clearTimeout(waiting) },
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('qtune.path')) soon();
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(soon),
  );
  await running.restart();
  void python.environments().then((known) => {
    if (known) context.subscriptions.push(known.onDidChangeActiveEnvironmentPath(soon));
  });
}

/**
 * A command of the server's, for the folder of the file at hand; a server that is off is started first.
 * @param {Session} running
 * @param {string} command
 */
async function ask(running, command) {
  await running.last;
  if (!running.runs) await running.restart();
  if (!running.runs) return undefined; // and it has been told why
  const open = vscode.window.activeTextEditor?.document.uri;
  const folder = (open && vscode.workspace.getWorkspaceFolder(open)) ?? vscode.workspace.workspaceFolders?.[0];
  return vscode.commands.executeCommand(command, folder?.uri.toString() ?? '');
}

function deactivate() {
  return session?.stop();
}

module.exports = { activate, deactivate };
