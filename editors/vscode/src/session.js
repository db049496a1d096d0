// One running server and its client: found, started, watched, started anew.
'use strict';

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const vscode = require('vscode');
const { CloseAction, ErrorAction, LanguageClient } = require('vscode-languageclient/node');
const { Crashes } = require('./crashes');
const { SELECTOR } = require('./documents');
const { find, installLine } = require('./find');
const { state } = require('./installed');
const { Notices } = require('./progress');
const python = require('./python');
const reportPage = require('./reportPage');

/** @typedef {import('./find').Found} Found */
/** @typedef {import('vscode-languageclient/node').ShowDocumentResult} Shown */

class Session {
  /**
   * @param {import('./status').Status} status
   * @param {import('vscode').OutputChannel} log
   */
  constructor(status, log) {
    this.status = status;
    this.log = log;
    this.crashes = new Crashes();
    this.notices = new Notices();
    /** @type {LanguageClient | undefined} */
    this.client = undefined;
    /** @type {Promise<unknown>} one start or stop after the other */
    this.last = Promise.resolve();
  }

  get runs() {
    return this.client?.isRunning() ?? false;
  }

  restart() {
    return this.after(async () => {
      await this.end();
      this.crashes = new Crashes();
      await this.begin();
    });
  }

  stop() {
    return this.after(() => this.end());
  }

  /** @param {() => Promise<void>} step */
  after(step) {
    this.last = this.last.then(step, step);
    return this.last;
  }

  async end() {
    const client = this.client;
    this.client = undefined;
    this.notices.endAll();
    // One that never came up cannot be stopped; one that is stuck is killed after two seconds.
    if (client?.needsStop()) await client.stop(2_000).catch((error) => this.log.appendLine(String(error)));
  }

  async begin() {
    const found = await find(place());
    if ('missing' in found) {
      this.status.off();
      void this.tellMissing(found);
      return;
    }
    this.log.appendLine(`qtune: ${[found.command, ...found.args].join(' ')} (${found.origin})`);
    const client = this.made(found);
    this.client = client;
    try {
      await client.start();
      this.status.ready();
    } catch (error) {
      this.client = undefined;
      this.status.off();
      this.log.appendLine(String(error));
      void this.tellBroken(found);
    }
  }

  /** @param {Found} found */
  made(found) {
    /** @type {LanguageClient} */
    const client = new LanguageClient(
      'qtune',
      'qtune',
      // Not in the workspace's folder: whatever it holds should be nobody's current folder.
      { command: found.command, args: found.args, options: { cwd: os.homedir() } },
      {
        documentSelector: SELECTOR,
        outputChannel: this.log,
        synchronize: { configurationSection: 'qtune' },
        diagnosticCollectionName: 'qtune',
        initializationFailedHandler: () => false,
        errorHandler: {
          error: (_error, _message, count) => ({
            action: (count ?? 0) <= 3 ? ErrorAction.Continue : ErrorAction.Shutdown,
            handled: true,
          }),
          closed: () => {
            this.closed(client);
            return { action: CloseAction.DoNotRestart, handled: true }; // that is done here
          },
        },
        middleware: {
          handleWorkDoneProgress: (token, value, next) => {
            if (!this.notices.take(client, token, value)) next(token, value);
          },
          executeCommand: (command, args, next) => this.ran(command, () => next(command, args)),
          window: {
            showDocument: async (params, next) =>
              (await reportPage.show(params.uri))
                ? { success: true }
                : /** @type {Shown} */ (await next(params, new vscode.CancellationTokenSource().token)),
          },
        },
      },
    );
    return client;
  }

  /**
   * Its process has ended unasked.
   * @param {LanguageClient} client
   */
  closed(client) {
    this.notices.endAll();
    if (client !== this.client || !this.runs) return; // it was stopped, or never came up: `begin` says why
    this.client = undefined;
    this.status.off();
    if (this.crashes.mayRestart(Date.now())) void this.after(() => this.begin());
    else void this.tell(vscode.l10n.t('The qtune server crashed five times in three minutes and stays off.'));
  }

  /**
   * @param {string} command
   * @param {() => unknown} next
   */
  async ran(command, next) {
    if (command !== 'qtune.runDoctor') return next();
    this.status.running();
    /** @type {import('./status').Outcome} */
    let outcome;
    try {
      outcome = /** @type {import('./status').Outcome} */ (await next());
      return outcome;
    } finally {
      this.status.done(outcome);
    }
  }

  /** @param {import('./find').Missing} missing */
  async tellMissing(missing) {
    const line = installLine(missing);
    const copy = vscode.l10n.t('Copy the command');
    const settings = vscode.l10n.t('Settings');
    const said =
      missing.missing === 'setting'
        ? vscode.l10n.t('qtune.path is "{0}", and no program has that path.', missing.path)
        : missing.missing === 'pygls'
          ? vscode.l10n.t('qtune is installed without its language server. Install it with: {0}', line)
          : vscode.l10n.t('qtune is not installed here. Install it with: {0}', line);
    const buttons = missing.missing === 'setting' ? [settings] : [copy, settings];
    const chosen = await vscode.window.showWarningMessage(said, ...buttons);
    if (chosen === copy) await vscode.env.clipboard.writeText(line);
    if (chosen === settings) {
      await vscode.commands.executeCommand('workbench.action.openSettings', 'qtune.path');
    }
  }

  /**
   * Asks the program itself why it does not serve: it says so when nobody speaks to it.
   * @param {Found} found
   */
  async tellBroken(found) {
    const said = await complaint(found);
    this.log.appendLine(said);
    if (said.includes('pygls')) {
      const interpreter = found.origin === 'python' ? found.command : '';
      await this.tellMissing({ missing: 'pygls', path: interpreter });
      return;
    }
    const first = said.split('\n').find((line) => line.trim()) ?? '';
    await this.tell(`${vscode.l10n.t('The qtune server did not start.')} ${first}`.trim());
  }

  /** @param {string} said */
  async tell(said) {
    const log = vscode.l10n.t('Show the log');
    const again = vscode.l10n.t('Start again');
    const chosen = await vscode.window.showErrorMessage(said, again, log);
    if (chosen === log) this.log.show();
    if (chosen === again) await this.restart();
  }
}

/** @returns {import('./find').Place} */
function place() {
  return {
    // The machine's own value: no workspace may name the program.
    setting: vscode.workspace.getConfiguration('qtune').inspect('path')?.globalValue?.toString().trim() ?? '',
    trusted: vscode.workspace.isTrusted,
    python: python.selected,
    state,
    isFile: (file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false,
    searched: process.env.PATH ?? process.env.Path ?? '',
    windows: process.platform === 'win32',
  };
}

/**
 * @param {Found} found
 * @returns {Promise<string>} what it writes to stderr
 */
function complaint(found) {
  return new Promise((resolve) => {
    const child = execFile(
      found.command,
      found.args,
      { cwd: os.homedir(), timeout: 10_000 },
      (error, _stdout, stderr) => resolve(stderr || String(error ?? '')),
    );
    child.stdin?.end();
  });
}

module.exports = { Session };
