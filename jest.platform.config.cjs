const all = require('./jest.config.cjs');

/** What `npm test` leaves out, and nothing else. */
module.exports = {
  ...all,
  testMatch: all.testPathIgnorePatterns.map((path) =>
    path.endsWith('/') ? `${path}**/*.test.ts` : `${path}*.test.ts`,
  ),
  testPathIgnorePatterns: [],
  setupFiles: ['<rootDir>/test/one-core.cjs'],
  testTimeout: 300000,
  reporters: ['default', ['jest-junit', { outputDirectory: 'reports', outputName: 'jest-platform.xml' }]],
};
