import { rmSync } from 'node:fs';
import { Command } from 'commander';
import { loadConfig } from '../../config';
import { readTemplates, synthesize } from '../assembly';
import { contextValue } from '../context';
import { costOf } from './model';
import { render } from './render';

const program = new Command('cost')
  .description('What an environment costs, from its synthesized templates and a dated price table')
  .option('-c, --context <env=NAME>', 'environment, as for cdk', 'env=dev')
  .option('--json', 'print the report as JSON and nothing else')
  .action((options: { context: string; json?: boolean }) => {
    const env = contextValue(options.context, 'env');
    loadConfig(env);
    const assembly = synthesize(env);
    try {
      const report = costOf(readTemplates(assembly));
      console.log(options.json ? JSON.stringify({ env, ...report }, null, 2) : render(env, report));
    } finally {
      rmSync(assembly, { recursive: true, force: true });
    }
  });

try {
  program.parse();
} catch (error) {
  console.error(`cost: ${(error as Error).message}`);
  process.exitCode = 1;
}
