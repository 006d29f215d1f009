const Sequencer = require('@jest/test-sequencer').default;

/**
 * Suites that take longest on a fresh clone, the longest first: begun last, one of them would keep one core waiting for
 * the other. Jest itself knows durations only from an earlier run on the same machine.
 */
const LONGEST = [
  'e2e/hints-stopped',
  'e2e/hints-served',
  'e2e/check',
  'e2e/withdraw',
  'e2e/faults',
  'e2e/rebuild',
  'e2e/chaos',
  'e2e/fhir',
  'e2e/new-entity',
  'sql/withdraw',
  'e2e/full-disk',
  'e2e/alarms',
  'e2e/check-rules',
  'e2e/rebuild-running',
  'e2e/crash',
  'e2e/held-stream',
  'e2e/own-file',
  'e2e/damage',
  'privilege/usage',
  'e2e/fhir-parts',
  'e2e/network',
  'e2e/environment',
  'privilege/database',
  'e2e/units',
  'e2e/synthea',
  'e2e/reference',
  'sql/related',
  'sql/parts',
  'load/engine-ends',
  'sql/order',
  'load/end-to-end',
  'e2e/backfill',
  'e2e/throttled-stream',
  'privilege/denied',
  'e2e/file-order',
  'migrate/warehouse',
  'migrate/rendered',
  'sql/conservation',
  'sql/golden',
  'sql/guards',
  'sql/local-time',
  'e2e/kaggle',
  'e2e/rules',
  'sql/people',
  'sql/security',
  'sql/states',
  'sql/property',
  'laptop/boot',
  'load/takeover',
  'sql/reference',
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
