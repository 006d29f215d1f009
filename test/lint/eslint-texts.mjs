import { ESLint } from 'eslint';
import { text } from 'node:stream/consumers';

/** Lints texts as if they stood in the files named, without writing them; in a process of its own, as ESLint loads its configuration as an ES module. */
const eslint = new ESLint({
  overrideConfig: {
    linterOptions: { reportUnusedDisableDirectives: 'off' },
    // A file that is not there has no types.
    languageOptions: { parserOptions: { projectService: false } },
    rules: { '@typescript-eslint/no-floating-promises': 'off' },
  },
});
const found = [];
for (const { file, code } of JSON.parse(await text(process.stdin))) {
  const [result] = await eslint.lintText(code, { filePath: file });
  found.push(result.messages.map((m) => `${m.ruleId}: ${m.message}`));
}
process.stdout.write(JSON.stringify(found));
