// The doctor's progress as a notification that can be cancelled; a client of this kind shows it in the status
// bar by default, where it cannot.
'use strict';

const vscode = require('vscode');
const { WorkDoneProgressCancelNotification } = require('vscode-languageclient/node');

/** @typedef {import('vscode-languageclient/node').LanguageClient} LanguageClient */
/** @typedef {{report: (value: {message?: string, increment?: number}) => void, end: () => void, percent: number}} Shown */

class Notices {
  constructor() {
    /** @type {Map<string | number, Shown>} */
    this.shown = new Map();
  }

  /**
   * @param {LanguageClient} client
   * @param {string | number} token
   * @param {import('vscode-languageclient/node').WorkDoneProgressBegin
   *   | import('vscode-languageclient/node').WorkDoneProgressReport
   *   | import('vscode-languageclient/node').WorkDoneProgressEnd} value
   * @returns {boolean} false: not one to be shown like this
   */
  take(client, token, value) {
    if (value.kind === 'begin' && value.cancellable) {
      this.begin(client, token, value);
      return true;
    }
    const shown = this.shown.get(token);
    if (!shown) return false;
    if (value.kind === 'end') {
      this.shown.delete(token);
      shown.end();
    } else if (value.kind === 'report') {
      const percent = value.percentage ?? shown.percent;
      shown.report({ message: value.message, increment: Math.max(percent - shown.percent, 0) });
      shown.percent = Math.max(percent, shown.percent);
    }
    return true;
  }

  /**
   * @param {LanguageClient} client
   * @param {string | number} token
   * @param {import('vscode-languageclient/node').WorkDoneProgressBegin} value
   */
  begin(client, token, value) {
    const where = { location: vscode.ProgressLocation.Notification, cancellable: true, title: value.title };
    void vscode.window.withProgress(where, (progress, cancelled) => {
      cancelled.onCancellationRequested(() =>
        client.sendNotification(WorkDoneProgressCancelNotification.type, { token }),
      );
      progress.report({ message: value.message });
      return new Promise((resolve) => {
        this.shown.set(token, { report: (said) => progress.report(said), end: () => resolve(undefined), percent: 0 });
      });
    });
  }

  /** The server is gone, and will not end them. */
  endAll() {
    for (const shown of this.shown.values()) shown.end();
    this.shown.clear();
  }
}

module.exports = { Notices };
