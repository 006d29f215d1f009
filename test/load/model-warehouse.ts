import { ENTITIES, ENTITY_NAMES, type EntityName } from '../../contracts';
import type { Phase } from '../../core/load/phases';
import { loadNames, type LoadPlan } from '../../core/load/plan';
import { applyIndex, type Step } from '../../core/load/steps';
import type { Outcome, Submitted } from './fake-data';
import type { FakeS3 } from './fake-s3';

const refusal = (at: number, column: string): Outcome => ({
  status: 'FAILED',
  at,
  error: `ERROR: Cannot insert a NULL value into column ${column}`,
});

/**
 * What the load SQL decides, without its data: lease, guards, ledger, key fingerprint, objects that COPY refuses, and what one phase
 * leaves for a later one.
 */
export class ModelWarehouse {
  lease: string | null = null;
  fingerprint: string | null = null;
  /** Object → load that applied it. */
  readonly ledger = new Map<string, string>();
  readonly bad = new Set<string>();
  /** Dimensions with touched members, facts that the load under way restated, dimensions that may have members to prune. */
  readonly touched = new Set<string>();
  readonly restated = new Set<string>();
  readonly unreferenced = new Set<string>();
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
      if (this.lease === s.parameters['load_id']) {
        this.lease = null;
        this.restated.clear();
      }
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
    const phases = plan.steps[step];
    const refused = plan.objects.find(
      (o) => this.bad.has(o.object) && phases.some((p) => p === `dimension:${o.entity}` || p === `fact:${o.entity}`),
    );
    if (refused) {
      const at = s.sqls.findIndex((q) => q.startsWith(`COPY stage_${refused.entity} `));
      return { status: 'FAILED', at, error: this.copyError };
    }
    const before = [this.touched, this.restated, this.unreferenced].map((set) => [...set]);
    const left = this.run(phases);
    if (left) {
      // The transaction is rolled back.
      [this.touched, this.restated, this.unreferenced].forEach((set, i) => {
        set.clear();
        before[i].forEach((x) => set.add(x));
      });
      return refusal(
        s.sqls.findLastIndex((q) => q.startsWith('INSERT INTO ops.guard')),
        left,
      );
    }
    this.fingerprint ??= s.parameters['key_fingerprint'];
    this.lease = plan.load_id;
    this.commits.push(`${plan.load_id}-${step}`);
    if (phases.includes('close')) {
      for (const o of plan.objects) this.ledger.set(o.object, plan.load_id);
      this.lease = null;
    }
    return { status: 'FINISHED' };
  }

  /** Whether rows of a fact are there, which a member's change would leave behind. */
  private holds(fact: EntityName): boolean {
    return [...this.ledger.keys()].some((object) => object.startsWith(`${fact}/`));
  }

  /** Follows the phases of one transaction; the guard that raises, if one does. */
  private run(phases: readonly Phase[]): string | undefined {
    const facts = ENTITY_NAMES.filter((e) => ENTITIES[e].kind === 'fact');
    for (const phase of phases) {
      const [kind, entity] = phase.split(':') as [string, EntityName];
      if (kind === 'dimension') this.touched.add(entity);
      if (kind === 'fact') ENTITIES[entity].references.forEach((r) => this.unreferenced.add(r.entity));
      if (kind === 'fact' || kind === 'restate') this.restated.add(entity);
      if (kind === 'prune') this.unreferenced.delete(entity);
      if (kind !== 'close') continue;
      const behind = facts.filter((f) => !this.restated.has(f) && this.holds(f));
      if (behind.some((f) => ENTITIES[f].references.some((r) => this.touched.has(r.entity))))
        return 'touched_are_restated';
      if (this.unreferenced.size > 0) return 'unreferenced_are_pruned';
      this.touched.clear();
      this.restated.clear();
    }
    return undefined;
  }
}
