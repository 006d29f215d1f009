import { loadNames, type LoadPlan } from '../../core/load/plan';
import { applyIndex, type Step } from '../../core/load/steps';
import type { Outcome, Submitted } from './fake-data';
import type { FakeS3 } from './fake-s3';

const refusal = (at: number, column: string): Outcome => ({
  status: 'FAILED',
  at,
  error: `ERROR: Cannot insert a NULL value into column ${column}`,
});

/** What the load SQL decides, without its data: lease, guard, ledger, key fingerprint, and objects that COPY refuses. */
export class ModelWarehouse {
  lease: string | null = null;
  fingerprint: string | null = null;
  /** Object → load that applied it. */
  readonly ledger = new Map<string, string>();
  readonly bad = new Set<string>();
  /** How often each object's dimension or fact part was committed. */
  readonly commits: string[] = [];
  /** Objects for which a COPY ended this way, however often it is tried. */
  copyError =
    'Spectrum Scan Error: The length of the data column first_name is longer than the length defined in the table. Value: Wilhelmina';

  constructor(readonly s3: FakeS3) {}

  decide = (s: Pick<Submitted, 'sqls' | 'parameters' | 'name'>): Outcome => {
    if (s.name === 'lease-holder') return { status: 'FINISHED', rows: this.lease ? [[this.lease]] : [] };
    const [, load, step] = /^([0-9a-f]{32})-([a-z].*)$/.exec(s.name)!;
    const plan = this.s3.json<LoadPlan>('control', loadNames(load).plan);
    if (step === 'reconcile') return { status: 'FINISHED', rows: this.known(plan) };
    if (step === 'release' || step === 'release-holder') {
      if (this.lease === s.parameters['load_id']) this.lease = null;
      return { status: 'FINISHED' };
    }
    return this.apply(plan, applyIndex(step as Step)!, s);
  };

  private known(plan: LoadPlan): string[][] {
    return plan.objects.flatMap((o) => {
      const load = this.ledger.get(o.object);
      return load ? [[o.object, load, String(o.rows)]] : [];
    });
  }

  private apply(plan: LoadPlan, step: number, s: Pick<Submitted, 'sqls' | 'parameters'>): Outcome {
    const guard = s.sqls.findIndex((q) => q.startsWith('INSERT INTO ops.guard'));
    if (this.lease && this.lease !== plan.load_id) return refusal(guard, 'lease_is_ours');
    if (plan.objects.some((o) => this.ledger.has(o.object))) return refusal(guard, 'object_is_new');
    if (this.fingerprint && this.fingerprint !== s.parameters['key_fingerprint']) return refusal(guard, 'key_is_ours');
    const entities = plan.steps[step];
    const refused = plan.objects.find((o) => this.bad.has(o.object) && entities.includes(o.entity));
    if (refused) {
      const at = s.sqls.findIndex((q) => q.startsWith(`COPY stage_${refused.entity} `));
      return { status: 'FAILED', at, error: this.copyError };
    }
    this.fingerprint ??= s.parameters['key_fingerprint'];
    this.lease = plan.load_id;
    this.commits.push(`${plan.load_id}-${step}`);
    if (entities.includes('finish')) {
      for (const o of plan.objects) this.ledger.set(o.object, plan.load_id);
      this.lease = null;
    }
    return { status: 'FINISHED' };
  }
}
