import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { parseConfig, type CarelakeConfig } from '../../config';
import { ENVIRONMENTS } from '../../config/environments';
import { buildApp, newApp } from '../../lib/app';
import { readTemplates, type StackTemplate } from '../assembly';

/** Name of the managed policy that bounds every role where the bootstrap is without administrator rights. */
export const BOUNDARY = 'carelake-boundary';

/** A cloud environment as it may be deployed behind the boundary, with every option switched on that brings a type of resource. */
function boundedConfig(env: 'dev' | 'prod'): CarelakeConfig {
  const value = ENVIRONMENTS[env] as Record<string, Record<string, unknown>>;
  return parseConfig({
    ...value,
    permissionsBoundary: BOUNDARY,
    producers: ['arn:aws:iam::999999999999:role/producer'],
    network: { ...value.network, flowLogs: true },
    alarms: { ...value.alarms, emails: ['somebody@example.org'] },
  });
}

/** Synthesizes such an environment without its code and without the external checks. @returns the assembly's folder */
export function synthesizeBounded(env: 'dev' | 'prod'): string {
  const outdir = mkdtempSync(join(tmpdir(), 'carelake-bootstrap-'));
  const before = process.env.CDK_VALIDATION;
  process.env.CDK_VALIDATION = 'false';
  try {
    const app = newApp({ outdir });
    buildApp(app, boundedConfig(env), { code: () => Code.fromInline('exports.handler = async () => {};') });
    app.synth();
  } finally {
    if (before === undefined) delete process.env.CDK_VALIDATION;
    else process.env.CDK_VALIDATION = before;
  }
  return outdir;
}

const resourcesOf = (templates: StackTemplate[]) =>
  templates.flatMap(({ template }) => Object.entries(template.Resources));

/** Types of AWS that CloudFormation handles in these assemblies, sorted; custom resources are functions of the app itself. */
export const typesIn = (assemblies: string[]): string[] =>
  [...new Set(assemblies.flatMap((a) => resourcesOf(readTemplates(a)).map(([, r]) => r.Type)))]
    .filter((type) => type.startsWith('AWS::') && type !== 'AWS::CDK::Metadata')
    .sort();

/** Logical ids of a type in these assemblies, sorted. */
export const logicalIdsOf = (assemblies: string[], type: string): string[] =>
  [
    ...new Set(
      assemblies.flatMap((a) =>
        resourcesOf(readTemplates(a))
          .filter(([, r]) => r.Type === type)
          .map(([id]) => id),
      ),
    ),
  ].sort();
