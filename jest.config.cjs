/** ESM-only packages must be transformed, since jest runs the suite as CommonJS. */
const esmOnly = ['hyparquet', 'hyparquet-writer', 'fast-xml-parser', '@nodable', 'strnum'].join('|');

module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
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
