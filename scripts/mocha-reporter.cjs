// Mocha's own reporter, and the counts in a file for scripts/test.mjs.
const { writeFileSync } = require('node:fs');
const Mocha = require('mocha');

const Base = process.env.SPARK_REPORT === 'spec' ? Mocha.reporters.Spec : Mocha.reporters.Dot;

module.exports = class CountingReporter extends Base {
  constructor(runner, options) {
    super(runner, options);
    const skipped = [];
    runner.on('pending', (test) => skipped.push(test.fullTitle()));
    runner.once('end', () => {
      const { passes, failures, pending } = runner.stats;
      writeFileSync(process.env.SPARK_COUNTS, JSON.stringify({ passes, failures, pending, skipped }));
    });
  }
};
