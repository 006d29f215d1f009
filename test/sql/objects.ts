import { ENTITIES, ENTITY_NAMES, type EntityContract, type EntityName } from '../../contracts';
import { ofFile, phaseStatements, readLoadSql, type Statement } from '../../core/load/load-sql';
import { aboutOf, type Phase } from '../../core/load/phases';
import { copyGroups } from '../../core/load/plan';
import { packSteps } from '../../core/load/statements';
import type { Engine } from './engines';
import { copied, factsOf, load, SQL, type Event, type LoadOptions } from './warehouse';

/** As many contract versions as a test likes, all with the columns of the newest. */
const MANY_VERSIONS = 40;
const everSince = <T extends { readonly since?: number }>(of: readonly T[]): T[] =>
  of.map((member) => ({ ...member, since: 1 }));
const many = (c: EntityContract): EntityContract => ({
  ...c,
  version: MANY_VERSIONS,
  fields: everSince(c.fields),
  identifiers:
    c.identifiers &&
    everSince(c.identifiers).map((i) => (i.assigned ? { ...i, assigned: { ...i.assigned, since: 1 } } : i)),
});
const sql = { ...readLoadSql(SQL), entities: Object.fromEntries(ENTITY_NAMES.map((e) => [e, many(ENTITIES[e])])) };

/** Silver objects by name, each of events of one entity, and which of them the ledger holds as standing or withdrawn. */
export class Objects {
  private readonly ledger = new Map<string, 'standing' | 'withdrawn'>();

  constructor(
    private readonly engine: Engine,
    private readonly events: Readonly<Record<string, readonly Event[]>>,
    /** Contract versions of objects, where they are not the newest. */
    private readonly versions: Readonly<Record<string, number>> = {},
  ) {}

  private versionOf = (name: string): number => this.versions[name] ?? MANY_VERSIONS;

  /** Events of all objects that stand. */
  get standing(): Event[] {
    return [...this.ledger].flatMap(([name, state]) => (state === 'standing' ? this.events[name]! : []));
  }

  /** Whether the ledger holds it, standing or withdrawn. */
  isKnown = (name: string): boolean => this.ledger.has(name);

  private entityOf = (name: string): EntityName => this.events[name]![0]!.entity;

  /** Takes it for loaded, as a listing of silver would. */
  assume(name: string): void {
    this.ledger.set(name, 'standing');
  }

  /** Loads new objects, in one load. */
  async load(loadId: string, names: readonly string[], options: LoadOptions = {}): Promise<void> {
    const events = names.flatMap((name) => this.events[name]!);
    const objects = ENTITY_NAMES.flatMap((e) => {
      const of = names.filter((name) => this.entityOf(name) === e);
      if (of.length > 1) throw new Error('one object of an entity per load');
      return of;
    });
    await load(this.engine, loadId, events, { ...options, objects, versions: objects.map(this.versionOf) });
    if (options.stopAfter === undefined) for (const name of names) this.ledger.set(name, 'standing');
  }

  /**
   * Withdraws objects, or lets them stand again: the statements of the load function, each phase in a transaction of its own.
   * @param stopAfter transactions after which it stops, as a crash would
   * @param from the transaction with which it goes on
   * @param role database role that does it
   */
  async change(
    loadId: string,
    changes: Readonly<Record<string, boolean>>,
    stopAfter = Infinity,
    from = 0,
    role?: string,
  ): Promise<void> {
    const names = Object.keys(changes);
    const groupOf = (name: string) => ({ entity: this.entityOf(name), version: this.versionOf(name), rows: 1 });
    const entities = new Set(names.map(this.entityOf));
    factsOf(this.engine, [...entities]);
    const standing = [...this.ledger.keys()].filter(
      (name) =>
        entities.has(this.entityOf(name)) && (name in changes ? !changes[name] : this.ledger.get(name) === 'standing'),
    );
    const phases = packSteps(sql, names.map(groupOf), [], { standing: standing.map(groupOf) }).flat();
    const rows = (of: readonly string[], entity: EntityName, version: number): Event[] =>
      of
        .filter((name) => this.entityOf(name) === entity && this.versionOf(name) === version)
        .flatMap((name) => [...this.events[name]!]);
    const bound = ({ sql: text, role }: Statement): string[] => {
      if (role.kind === 'copyList')
        return names.map(
          (name) =>
            `INSERT INTO batch_object VALUES ('${name}', '${this.entityOf(name)}', ${this.versionOf(name)}, ${this.events[name]!.length}, ${String(changes[name])})`,
        );
      if (role.kind !== 'copy') return [text];
      return copied(
        /^COPY (\w+)/.exec(text)![1]!,
        role.entity,
        rows(role.of === 'standing' ? standing : names, role.entity, role.version),
      );
    };
    const applies = (phase: Phase): boolean => /^(reread|more):/.test(phase);
    let applied = phases.slice(0, from).filter(applies).length;
    for (const phase of phases.slice(from, stopAfter)) {
      const { kind, entity } = aboutOf(phase);
      const groups = copyGroups((kind === 'keys' ? names : standing).map(groupOf));
      const statements = [...ofFile(sql, 'begin'), ...phaseStatements(sql, phase, groups)];
      const parameters = {
        load_id: loadId,
        object_count: String(names.length),
        key_fingerprint: 'f00d',
        entities_applied: String(applied),
      };
      await this.engine.batch(statements.flatMap(bound), parameters, role);
      if (applies(phase)) applied++;
      if (kind !== 'reread') continue;
      // Ledger and log of an entity change in one transaction.
      for (const name of names.filter((n) => this.entityOf(n) === entity))
        this.ledger.set(name, changes[name] ? 'withdrawn' : 'standing');
    }
  }
}
