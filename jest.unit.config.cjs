const all = require('./jest.config.cjs');

/** Suites that boot a whole platform, start the command line or check syntheses. */
const PLATFORMS = ['cli/refusals', 'cli/sql', 'e2e/', 'infra/external-checks', 'laptop/boot'];
/** Suites that run the warehouse's SQL, which no function runs itself. */
const ENGINES = ['load/end-to-end', 'load/takeover', 'migrate/rendered', 'migrate/warehouse', 'sql/'];

/** What is left is tried once more with the functions' own Node (scripts/test-node24.sh). */
module.exports = {
  ...all,
  testPathIgnorePatterns: [
    ...all.testPathIgnorePatterns,
    ...[...PLATFORMS, ...ENGINES].map((path) => `<rootDir>/test/${path}`),
  ],
  reporters: ['default', ['jest-junit', { outputDirectory: 'reports', outputName: 'jest-node24.xml' }]],
};
