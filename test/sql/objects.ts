import { ENTITIES, ENTITY_NAMES, type EntityName } from '../../contracts';
import { ofFile, phaseStatements, readLoadSql, type Statement } from '../../core/load/load-sql';
import { phasesOf } from '../../core/load/phases';
import type { Engine } from './engines';
import { copied, load, SQL, type Event, type LoadOptions } from './warehouse';

const sql = readLoadSql(SQL);

/** Silver objects by name, each of events of one entity, and which of them the ledger holds as standing or withdrawn. */
export class Objects {
  private readonly ledger = new Map<string, 'standing' | 'withdrawn'>();

  constructor(
    private readonly engine: Engine,
    private readonly events: Readonly<Record<string, readonly Event[]>>,
  ) {}

  /** Events of all objects that stand. */
  get standing(): Event[] {
    return [...this.ledger].flatMap(([name, state]) => (state === 'standing' ? this.events[name]! : []));
  }

  /** Whether the ledger holds it, standing or withdrawn. */
  isKnown = (name: string): boolean => this.ledger.has(name);

  private entityOf = (name: string): EntityName => this.events[name]![0]!.entity;

  /** Loads new objects, in one load. */
  async load(loadId: string, names: readonly string[], options: LoadOptions = {}): Promise<void> {
    const events = names.flatMap((name) => this.events[name]!);
    const objects = ENTITY_NAMES.flatMap((e) => {
      const of = names.filter((name) => this.entityOf(name) === e);
      if (of.length > 1) throw new Error('one object of an entity per load');
      return of;
    });
    await load(this.engine, loadId, events, { ...options, objects });
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
    const entities = new Set(names.map(this.entityOf));
    const phases = phasesOf(entities, [], ENTITIES, true);
    const standing = [...this.ledger.keys()].filter((name) =>
      name in changes ? !changes[name] : this.ledger.get(name) === 'standing',
    );
    const rows = (of: readonly string[], entity: EntityName): Event[] =>
      of.filter((name) => this.entityOf(name) === entity).flatMap((name) => [...this.events[name]!]);
    const bound = ({ sql: text, role }: Statement): string[] => {
      if (role.kind === 'copyList')
        return names.map(
          (name) =>
            `INSERT INTO batch_object VALUES ('${name}', '${this.entityOf(name)}', ${ENTITIES[this.entityOf(name)].version}, ${this.events[name]!.length}, ${String(changes[name])})`,
        );
      if (role.kind !== 'copy') return [text];
      return copied(
        /^COPY (\w+)/.exec(text)![1]!,
        role.entity,
        rows(role.of === 'standing' ? standing : names, role.entity),
      );
    };
    let applied = 0;
    for (const phase of phases.slice(from, stopAfter)) {
      const [kind, entity] = phase.split(':') as [string, EntityName];
      const groups = kind === 'keys' || kind === 'reread' ? [{ entity, version: ENTITIES[entity].version }] : [];
      const statements = [...ofFile(sql, 'begin'), ...phaseStatements(sql, phase, groups)];
      const parameters = {
        load_id: loadId,
        object_count: String(names.length),
        key_fingerprint: 'f00d',
        entities_applied: String(applied),
      };
      await this.engine.batch(statements.flatMap(bound), parameters, role);
      if (kind !== 'reread') continue;
      applied++;
      // Ledger and log of an entity change in one transaction.
      for (const name of names.filter((n) => this.entityOf(n) === entity))
        this.ledger.set(name, changes[name] ? 'withdrawn' : 'standing');
    }
  }
}
