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

const directionRules = Object.entries(mayImport).map(([room, allowed]) => ({
  files: [`${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            group: rooms
              .filter((r) => r !== room && !allowed.includes(r))
              .flatMap((r) => [
                `**/../${r}/**`,
                `../${r}`,
                `../${r}/**`,
                `../../${r}/**`,
                `../../../${r}/**`,
                `../../../../${r}/**`,
              ]),
            message: `${room}/ may import only: ${allowed.join(', ') || 'nothing of the other rooms'}`,
          },
          ...(['cli', 'packages'].includes(room)
            ? []
            : [
                {
                  group: ['@carelake/laptop', '@carelake/laptop/**'],
                  message: 'only cli/, bench/ and test/ run the laptop',
                },
              ]),
          ...(['contracts', 'core', 'profiles', 'synthetic'].includes(room)
            ? [
                {
                  group: ['@aws-sdk/*', 'aws-cdk-lib', 'aws-cdk-lib/*', '@aws-lambda-powertools/*'],
                  message: `${room}/ is pure: no AWS packages`,
                },
              ]
            : []),
        ],
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['node_modules/**', 'build/**', 'cdk.out/**', '.carelake/**', '.venv/**', 'reports/**', 'coverage/**'] },
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
  { files: ['**/*.cjs', '**/*.js'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
  ...directionRules,
);
