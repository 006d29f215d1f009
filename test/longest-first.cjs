const Sequencer = require('@jest/test-sequencer').default;

/**
 * Suites that take longest on a fresh clone, the longest first: begun last, one of them would keep one core waiting for
 * the other. Jest itself knows durations only from an earlier run on the same machine.
 */
const LONGEST = [
  'e2e/withdraw',
  'e2e/rebuild',
  'e2e/faults',
  'e2e/full-disk',
  'e2e/chaos',
  'e2e/network',
  'privilege/usage',
  'e2e/alarms',
  'e2e/crash',
  'e2e/check',
  'e2e/own-file',
  'e2e/environment',
  'sql/withdraw',
  'e2e/check-rules',
  'sql/security',
  'sql/golden',
  'sql/order',
  'e2e/ingest',
  'sql/guards',
  'e2e/kaggle',
  'sql/property',
  'sql/conservation',
  'load/end-to-end',
  'privilege/denied',
  'laptop/boot',
  'sql/local-time',
  'migrate/warehouse',
  'cli/sql',
  'infra/external-checks',
  'ingest-file/outcomes',
  'infra/stacks',
  'cli/refusals',
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
