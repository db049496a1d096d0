// One word in the status bar: what the doctor found when it last ran; a click runs it.
'use strict';

const vscode = require('vscode');

/**
 * The answer of `qtune.runDoctor`; null where it was cancelled, or gave no report.
 * @typedef {{error: number, warning: number, info: number} | null | undefined} Outcome
 */

class Status {
  constructor() {
    this.item = vscode.window.createStatusBarItem('qtune.status', vscode.StatusBarAlignment.Left);
    this.item.name = 'qtune';
    this.item.command = 'qtune.doctor.run';
    this.rest = '$(pulse) qtune';
    this.told = vscode.l10n.t('Run the doctor: what stands between you and a fine-tuned model?');
    this.ready();
  }

  dispose() {
    this.item.dispose();
  }

  ready() {
    this.show(this.rest, this.told);
    this.item.show();
  }

  off() {
    this.show('$(circle-slash) qtune', vscode.l10n.t('The qtune server does not run.'));
    this.item.show();
  }

  running() {
    this.show('$(sync~spin) qtune', vscode.l10n.t('The doctor is looking …'));
  }

  /** @param {Outcome} outcome */
  done(outcome) {
    if (outcome) {
      const { error, warning } = outcome;
      const counts = [error ? `$(error) ${error}` : '', warning ? `$(warning) ${warning}` : ''].filter(Boolean);
      this.rest = counts.length ? `qtune ${counts.join(' ')}` : '$(pass) qtune';
      const when = new Date().toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
      this.told = vscode.l10n.t('The doctor at {0}: errors {1}, warnings {2}. Click to run it again.', when, error, warning);
    }
    this.ready();
  }

  /**
   * @param {string} text
   * @param {string} tooltip
   */
  show(text, tooltip) {
    this.item.text = text;
    this.item.tooltip = tooltip;
  }
}

module.exports = { Status };
