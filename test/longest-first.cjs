const Sequencer = require('@jest/test-sequencer').default;

/**
 * Suites that take longest on a fresh clone, the longest first: begun last, one of them would keep one core waiting for
 * the other. Jest itself knows durations only from an earlier run on the same machine.
 */
const LONGEST = [
  'e2e/network',
  'e2e/own-file',
  'e2e/kaggle',
  'e2e/crash',
  'load/end-to-end',
  'infra/external-checks',
  'sql/golden',
  'sql/property',
  'privilege/usage',
  'cli/refusals',
  'privilege/denied',
  'privilege/database',
  'laptop/boot',
  'sql/guards',
  'ingest-file/outcomes',
];

const rank = (test) => {
  const at = LONGEST.findIndex((name) => test.path.endsWith(`/test/${name}.test.ts`));
  return at < 0 ? LONGEST.length : at;
};

module.exports = class extends Sequencer {
  sort(tests) {
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b));
  }
};
module.exports.LONGEST = LONGEST;
