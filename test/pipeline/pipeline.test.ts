import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';

interface Job {
  needs?: string;
  environment?: string;
  permissions?: Record<string, string>;
  steps: { uses?: string; run?: string; with?: Record<string, unknown> }[];
}

const workflow = load(readFileSync('.github/workflows/deploy.yml', 'utf8')) as {
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
};
const scripts = (JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }).scripts;
const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);

describe("the pipeline for users' own repositories", () => {
  test('runs only commands that exist', () => {
    const npmRuns = steps.flatMap((step) =>
      [...(step.run ?? '').matchAll(/npm (?:run )?(\w+)/g)].map((match) => match[1]!),
    );
    const ofNpm = ['ci', 'audit'];
    expect(npmRuns.filter((name) => !ofNpm.includes(name) && scripts[name] === undefined)).toEqual([]);
    expect(npmRuns).toEqual(expect.arrayContaining(['ci', 'test', 'typecheck', 'lint', 'sbom']));
  });

  test('scans what it installed before it builds, and stops at what the scan finds', () => {
    const build = workflow.jobs.build!.steps;
    const at = (command: string): number => build.findIndex((step) => step.run === command);
    const scans = ['npm audit --omit=dev --audit-level=high', 'npm audit signatures'].map(at);
    expect(scans.map((place) => place > at('npm ci') && place < at('npm test'))).toEqual([true, true]);
    expect(build.filter((step) => 'continue-on-error' in step || 'if' in step)).toEqual([]);
    // Every deployment waits for the build; none installs other versions than those it scanned.
    for (const job of ['diff', 'deploy-dev']) expect(workflow.jobs[job]!.needs).toBe('build');
    expect(steps.filter((step) => /npm (install|i|update)\b/.test(step.run ?? ''))).toEqual([]);
  });

  test('pins every action to one release', () => {
    const used = steps.flatMap((step) => (step.uses ? [step.uses] : []));
    expect(used.length).toBeGreaterThan(5);
    expect(used.filter((name) => !/@v\d+\.\d+\.\d+$/.test(name))).toEqual([]);
  });

  test('holds no long-lived key: AWS is reached by OpenID Connect alone', () => {
    const text = readFileSync('.github/workflows/deploy.yml', 'utf8');
    expect(text).not.toMatch(/AWS_SECRET_ACCESS_KEY|AWS_ACCESS_KEY_ID|secrets\./);
    expect(workflow.permissions).toEqual({ contents: 'read' });
    for (const name of ['diff', 'deploy-dev', 'deploy-prod'])
      expect(workflow.jobs[name]!.permissions).toEqual({ contents: 'read', 'id-token': 'write' });
  });

  test('production deploys the assembly that dev took, after dev, with an environment of its own for the approval', () => {
    expect(workflow.jobs['deploy-prod']).toMatchObject({ needs: 'deploy-dev', environment: 'prod' });
    expect(workflow.jobs['deploy-dev']).toMatchObject({ needs: 'build', environment: 'dev' });
    const deploys = ['deploy-dev', 'deploy-prod'].map((name) =>
      workflow.jobs[name]!.steps.map((step) => step.run ?? '').filter((run) => run.includes('cdk deploy')),
    );
    expect(deploys).toEqual([
      ['npx cdk deploy --all --require-approval never --app assemblies/dev'],
      ['npx cdk deploy --all --require-approval never --app assemblies/prod'],
    ]);
    const synthesized = workflow.jobs
      .build!.steps.map((step) => step.run ?? '')
      .filter((run) => run.includes('cdk synth'));
    expect(synthesized).toEqual([
      'npx cdk synth --quiet -c env=dev --output assemblies/dev',
      'npx cdk synth --quiet -c env=prod --output assemblies/prod',
    ]);
  });
});
