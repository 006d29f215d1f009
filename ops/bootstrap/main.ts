import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { executionStatements, packed, type HandlerActions } from './policies';
import { logicalIdsOf, synthesizeBounded, typesIn } from './synthesized';

const FOLDER = join(__dirname, '..', '..', 'docs', 'bootstrap');
const PYTHON = '.venv/deploy/bin/python';

/** What the registry's copy in the wheel says of these types. */
function handlerActions(types: string[]): HandlerActions {
  const run = spawnSync(PYTHON, [join(__dirname, 'handler_actions.py'), ...types], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr || `${PYTHON} is missing: run bash scripts/setup-deploy.sh`);
  return JSON.parse(run.stdout) as HandlerActions;
}

/** The committed files, by name, as they should be. */
async function derived(): Promise<Record<string, string>> {
  const assemblies = (['dev', 'prod'] as const).map(synthesizeBounded);
  try {
    const actions = handlerActions(typesIn(assemblies));
    const policies = packed(executionStatements(actions, logicalIdsOf(assemblies, 'AWS::SecretsManager::Secret')));
    const files = Object.fromEntries([
      ['handler-actions.json', actions],
      ...policies.map((policy, i): [string, unknown] => [`execution-policy-${i + 1}.json`, policy]),
    ]) as Record<string, unknown>;
    const style = { ...(await resolveConfig(join(FOLDER, 'x.json'))), parser: 'json' };
    const texts = Object.entries(files).map(async ([name, value]) => [
      name,
      await format(JSON.stringify(value), style),
    ]);
    return Object.fromEntries(await Promise.all(texts)) as Record<string, string>;
  } finally {
    for (const folder of assemblies) rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes the policies of the bootstrap from the templates and the handlers' own declarations; `--check` compares only. */
async function main(): Promise<void> {
  const check = process.argv.includes('--check');
  const wanted = await derived();
  const present = readdirSync(FOLDER).filter((name) => /^(execution-policy|handler-actions)/.test(name));
  const stale = [...new Set([...present, ...Object.keys(wanted)])].filter(
    (name) => !present.includes(name) || readFileSync(join(FOLDER, name), 'utf8') !== wanted[name],
  );
  if (check) {
    if (stale.length > 0) throw new Error(`docs/bootstrap: ${stale.join(', ')} differ; run npm run bootstrap:policies`);
    console.log('docs/bootstrap is what the templates and the handlers say');
    return;
  }
  for (const name of present) if (!wanted[name]) rmSync(join(FOLDER, name));
  for (const [name, text] of Object.entries(wanted)) writeFileSync(join(FOLDER, name), text);
  console.log(stale.length ? `written: ${stale.join(', ')}` : 'nothing changed');
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
