import tseslint from 'typescript-eslint';
import prettier from 'eslint-config-prettier';

/**
 * Who may import whom. A room lists the rooms it may NOT reach, so that an import against the direction of the house
 * fails the lint instead of being found in review.
 */
const rooms = [
  'contracts',
  'profiles',
  'core',
  'lambdas',
  'lib',
  'config',
  'packages',
  'synthetic',
  'cli',
  'bench',
  'guard',
  'ops',
  'bin',
  'scripts',
  'test',
];
const mayImport = {
  contracts: [],
  profiles: ['contracts'],
  core: ['contracts', 'profiles'],
  lambdas: ['core', 'contracts', 'profiles'],
  config: [],
  lib: ['contracts', 'config'],
  packages: [],
  synthetic: ['contracts'],
  cli: ['synthetic', 'contracts', 'profiles', 'config', 'core', 'guard', 'ops'],
};

/** Rooms that may run the laptop; no other import reaches the package, by its name or by a path. */
const runTheLaptop = ['cli', 'bench', 'test'];
/** Rooms without side effects: records in, bytes and decisions out. */
const pure = ['contracts', 'core', 'profiles', 'synthetic'];

function forbidden(room) {
  const allowed = mayImport[room];
  const barred = allowed ? rooms.filter((r) => r !== room && !allowed.includes(r)) : ['packages'];
  const patterns = [
    {
      regex: `^(\\.\\./)+(${barred.join('|')})(/|$)`,
      message: allowed
        ? `${room}/ may import only: ${allowed.join(', ') || 'nothing of the other rooms'}`
        : 'the laptop is imported by its package name',
    },
  ];
  if (room !== 'packages' && !runTheLaptop.includes(room))
    patterns.push({ regex: '^@carelake/laptop(/|$)', message: 'only cli/, bench/ and test/ run the laptop' });
  if (pure.includes(room))
    patterns.push({
      group: ['@aws-sdk/*', 'aws-cdk-lib', 'aws-cdk-lib/*', '@aws-lambda-powertools/*'],
      message: `${room}/ is pure: no AWS packages`,
    });
  if (!['core', 'test'].includes(room))
    patterns.push({ regex: '^hyparquet-writer(/|$)', message: 'core/lake/parquet.ts writes all Parquet' });
  return patterns;
}

const directionRules = rooms.map((room) => ({
  files: [`${room}/**/*.ts`],
  rules: { 'no-restricted-imports': ['error', { patterns: forbidden(room) }] },
}));

export default tseslint.config(
  {
    ignores: [
      'node_modules/**',
      'build/**',
      'cdk.out/**',
      '.carelake/**',
      '.venv/**',
      '.node24/**',
      'reports/**',
      'coverage/**',
    ],
  },
  ...tseslint.configs.recommended,
  prettier,
  {
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-explicit-any': 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'no-console': 'off',
    },
  },
  {
    // A promise that nobody waits for ends the platform when it fails: `inBackground` hears it.
    files: ['packages/**/*.ts', 'cli/**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: { '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: false }] },
  },
  { files: ['**/*.cjs', '**/*.js'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
  ...directionRules,
);
