import { join } from 'node:path';
import { loadConfig } from '../../config';
import { buildApp, bundledCode, newApp } from '../../lib/app';
import { ENVIRONMENTS } from './assemblies';

/** Writes the assembly of every environment into a folder: real bundles, without the external checks, which have their own tests. */
function main(folder: string): void {
  process.env.CDK_VALIDATION = 'false';
  const code = bundledCode();
  for (const env of ENVIRONMENTS) {
    const app = newApp({ outdir: join(folder, env) });
    buildApp(app, loadConfig(env), { code });
    app.synth();
  }
}

main(process.argv[2]!);
