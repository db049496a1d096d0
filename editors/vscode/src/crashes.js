// Whether a server that died is started again: not one that dies over and over.
'use strict';

const MANY = 4;
const WITHIN = 3 * 60 * 1000; // ms

class Crashes {
  constructor() {
    /** @type {number[]} */
    this.times = [];
  }

  /**
   * Counts a crash; false when it was one too many.
   * @param {number} now in ms
   */
  mayRestart(now) {
    this.times = [...this.times.filter((time) => now - time < WITHIN), now];
    return this.times.length <= MANY;
  }
}

module.exports = { Crashes };
