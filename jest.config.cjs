/** ESM-only packages must be transformed, since jest runs the suite as CommonJS. */
const esmOnly = ['hyparquet', 'hyparquet-writer', 'fast-xml-parser', '@nodable', 'strnum'].join('|');

/**
 * Suites that boot a whole platform several times over, kill it or its engine, take its rights away one by one, or withdraw
 * objects, and those that bring the same facts in many orders: minutes of their own (`npm run test:platform`). `npm test` keeps one whole
 * run, and the SQL of every load on both engines.
 */
const WHOLE_PLATFORMS = [
  'e2e/backfill',
  'e2e/alarms',
  'e2e/chaos',
  'e2e/check',
  'e2e/crash',
  'e2e/damage',
  'e2e/environment',
  'e2e/faults',
  'e2e/fhir',
  'e2e/file-order',
  'e2e/full-disk',
  'e2e/held-stream',
  'e2e/hints',
  'e2e/ingest',
  'e2e/kaggle',
  'e2e/new-entity',
  'e2e/one-person',
  'e2e/own-file',
  'e2e/rebuild',
  'e2e/reference',
  'e2e/rules',
  'e2e/synthea',
  'e2e/throttled-stream',
  'e2e/units',
  'e2e/withdraw',
  'load/end-to-end',
  'load/engine-ends',
  'load/takeover',
  'migrate/views',
  'migrate/warehouse',
  'privilege/',
  'sql/ages',
  'sql/assigned',
  'sql/local-time',
  'sql/order',
  'sql/parts',
  'sql/people',
  'sql/property',
  'sql/reference',
  'sql/related',
  'sql/roles',
  'sql/security',
  'sql/states',
  'sql/units',
  'sql/value-sets',
  'sql/withdraw',
  'warehouse/process',
];

module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: WHOLE_PLATFORMS.map((path) => `<rootDir>/test/${path}`),
  transform: {
    '^.+\\.(t|j|mj)s$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly})/)`],
  moduleFileExtensions: ['ts', 'mjs', 'js', 'cjs', 'json', 'node'],
  modulePathIgnorePatterns: [
    '<rootDir>/cdk.out',
    '<rootDir>/build',
    '<rootDir>/.carelake',
    '<rootDir>/.venv',
    '<rootDir>/.node24',
  ],
  testTimeout: 120000,
  maxWorkers: 2,
  testSequencer: '<rootDir>/test/longest-first.cjs',
  reporters: ['default', ['jest-junit', { outputDirectory: 'reports', outputName: 'jest.xml' }]],
};
