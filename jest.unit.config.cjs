const all = require('./jest.config.cjs');

/** The suites that boot no whole platform and start no command line: what the functions' own Node is tried with. */
const platforms = ['cli/refusals', 'e2e/', 'infra/judges', 'laptop/boot', 'privilege/', 'verify/'];

module.exports = {
  ...all,
  testPathIgnorePatterns: platforms.map((path) => `<rootDir>/test/${path}`),
  reporters: ['default', ['jest-junit', { outputDirectory: 'reports', outputName: 'jest-node24.xml' }]],
};
