import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TemplateResource {
  Type: string;
  Properties?: Record<string, unknown>;
  DependsOn?: string | string[];
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
  Metadata?: Record<string, unknown>;
}

export interface StackTemplate {
  /** Id in the app, which the CDK command line takes and prints. */
  id: string;
  /** Name in CloudFormation. */
  stack: string;
  environment: { account: string; region: string };
  template: { Resources: Record<string, TemplateResource>; Outputs?: Record<string, unknown> };
}

interface Artifact {
  type: string;
  environment?: string;
  displayName?: string;
  properties?: { templateFile?: string; stackName?: string; requiresBootstrapStackVersion?: number };
}

/**
 * Synthesizes one environment the way `cdk synth` does (the `app` command of cdk.json with the same context) and returns
 * the assembly's folder. The output of the app goes to stderr, so that tools with `--json` keep stdout for themselves.
 */
export function synthesize(
  environment: string,
  outdir = mkdtempSync(join(tmpdir(), 'carelake-assembly-')),
  app?: string,
): string {
  const settings = JSON.parse(readFileSync('cdk.json', 'utf8')) as { app: string; context?: Record<string, unknown> };
  const context = { ...settings.context, env: environment };
  const run = spawnSync(app ?? settings.app, {
    shell: true,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: JSON.stringify(context) },
  });
  if (run.status !== 0)
    throw new Error(
      `the app did not synthesize for env=${environment} (exit ${run.status}); run: npx cdk synth -c env=${environment}`,
    );
  return outdir;
}

/** The stacks of an assembly in the order of its manifest, with their templates. */
export function readTemplates(assembly: string): StackTemplate[] {
  const manifest = JSON.parse(readFileSync(join(assembly, 'manifest.json'), 'utf8')) as {
    artifacts: Record<string, Artifact>;
  };
  return Object.entries(manifest.artifacts)
    .filter(([, artifact]) => artifact.type === 'aws:cloudformation:stack')
    .map(([id, artifact]) => {
      const [, , account = '', region = ''] = (artifact.environment ?? '').split('/');
      return {
        id,
        stack: artifact.properties?.stackName ?? id,
        environment: { account, region },
        template: JSON.parse(
          readFileSync(join(assembly, artifact.properties!.templateFile!), 'utf8'),
        ) as StackTemplate['template'],
      };
    });
}

/** The bootstrap version that deploying the assembly asks for: the highest of its stacks. */
export function bootstrapVersion(assembly: string): number {
  const manifest = JSON.parse(readFileSync(join(assembly, 'manifest.json'), 'utf8')) as {
    artifacts: Record<string, Artifact>;
  };
  return Math.max(
    0,
    ...Object.values(manifest.artifacts).map((artifact) => artifact.properties?.requiresBootstrapStackVersion ?? 0),
  );
}
