import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { environmentNames, loadConfig } from '../config';
import { buildApp, newApp } from '../lib/app';
import { INVENTORY_FILE, inventoryOf, recordedInventories, type Inventory } from './inventory';

/** Records the stateful resources of an environment as they are now: `-c env=NAME`, or every environment without it. */
function main(args: string[]): void {
  const chosen = args.find((a) => a.startsWith('env='))?.slice('env='.length);
  const recorded: Record<string, Inventory> = recordedInventories();
  for (const env of chosen ? [chosen] : environmentNames()) recorded[env] = synthesized(env);
  const sorted = Object.fromEntries(Object.entries(recorded).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(INVENTORY_FILE, `${JSON.stringify(sorted, null, 2)}\n`);
  console.log('guard/inventory.json written; look at the difference before you commit it');
}

/** What the stacks keep, without the external checks, which would refuse the very change that is to be recorded. */
function synthesized(env: string): Inventory {
  const outdir = mkdtempSync(join(tmpdir(), 'carelake-inventory-'));
  try {
    process.env['CDK_VALIDATION'] = 'false';
    const app = newApp({ outdir });
    buildApp(app, loadConfig(env), { code: () => Code.fromInline('exports.handler = async () => {};') });
    const { stacks } = app.synth();
    return inventoryOf(Object.fromEntries(stacks.map((s) => [s.stackName, read(join(outdir, s.templateFile))])));
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

main(process.argv.slice(2));
