import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface StackFixture {
  readonly id: string;
  readonly dependsOn?: string[];
  readonly template: object;
  /** Asset hash → folder in the assembly. */
  readonly assets?: Record<string, string>;
}

/** Writes an assembly as the CDK does: manifest, templates, asset manifests. @returns the folder. */
export function writeAssembly(dir: string, stacks: readonly StackFixture[]): string {
  mkdirSync(dir, { recursive: true });
  const artifacts: Record<string, object> = {};
  for (const { id, dependsOn = [], template, assets = {} } of stacks) {
    const files = Object.fromEntries(
      Object.entries(assets).map(([hash, path]) => [
        hash,
        { source: { path, packaging: 'zip' }, destinations: { here: { objectKey: `${hash}.zip` } } },
      ]),
    );
    writeFileSync(join(dir, `${id}.assets.json`), JSON.stringify({ files }));
    writeFileSync(join(dir, `${id}.template.json`), JSON.stringify(template));
    artifacts[id] = {
      type: 'aws:cloudformation:stack',
      properties: { templateFile: `${id}.template.json`, stackName: `carelake-test-${id.toLowerCase()}` },
      dependencies: [...dependsOn, `${id}.assets`],
    };
    artifacts[`${id}.assets`] = { type: 'cdk:asset-manifest', properties: { file: `${id}.assets.json` } };
  }
  writeFileSync(join(dir, 'manifest.json'), JSON.stringify({ version: '55.0.0', artifacts }));
  return dir;
}
