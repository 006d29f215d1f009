import { ENTITIES, ENTITY_NAMES, type EntityName } from '../contracts';
import type { EntityContract } from '../contracts/types';
import { ingestCore, type IngestCoreResult } from './ingest-core';
import { type Found, n } from './line';

/** Each key comes once, and members and facts are named as often as a busy clinic's system would. */
const MEMBERS = 5000;

/** Makes records of an entity: the examples of its contract, with its own key and those of what it names told apart. */
function recordsOf(contract: EntityContract): (i: number) => string {
  const examples = contract.fields.flatMap((f) => (f.example === undefined ? [] : [[f.name, f.example] as const]));
  const payload = Object.fromEntries(examples);
  const isText = (name: string): boolean => contract.fields.find((f) => f.name === name)?.type === 'string';
  const own = contract.naturalKey.filter((name) => isText(name) && payload[name] !== undefined).slice(-1);
  const named = [...contract.references, ...(contract.relations ?? [])]
    .map(({ field }) => field)
    .filter((name) => isText(name) && payload[name] !== undefined);
  return (i) => {
    const numbered: Record<string, string> = {};
    for (const name of named) numbered[name] = `${payload[name]}-${(i * 7919) % MEMBERS}`;
    for (const name of own) numbered[name] = `${payload[name]}-${i}`;
    return JSON.stringify({
      event_id: `${contract.name}-${i}`,
      entity: contract.name,
      schema_version: contract.version,
      op: 'upsert',
      source_system: 'clinic-ehr',
      effective_at: '2024-03-10T00:50:00-05:00',
      recorded_at: '2024-03-10T05:51:00.25Z',
      payload: { ...payload, ...numbered },
    });
  };
}

export type EntityResult = IngestCoreResult & { entity: EntityName };

/** The ingest core by entity, each with records that have every member of which the contract gives an example. */
export async function entitiesCore(
  log: (line: string) => void,
  opts: { batchSize?: number; batches?: number; reps?: number } = {},
): Promise<EntityResult[]> {
  const results: EntityResult[] = [];
  for (const entity of ENTITY_NAMES) {
    log(entity);
    const record = recordsOf(ENTITIES[entity]);
    results.push({ entity, ...(await ingestCore({ batches: 2, reps: 5, ...opts, record })) });
  }
  return results;
}

/** Least share of the floor at which an entity is read. */
const GOAL = 0.12;

export async function entities(_full: boolean, log: (line: string) => void): Promise<Found> {
  const results = await entitiesCore(log);
  return {
    details: results,
    lines: results.map((r) => ({
      what: `ingest core: ${r.entity}, ${r.bytesPerRecord} bytes`,
      measured: `${n(r.platform)} records per CPU s`,
      against: `${n(r.floor)} (base64 + JSON.parse)`,
      ratio: r.ratio,
      goal: `≥ ${GOAL} of the floor`,
      reached: r.ratio >= GOAL,
    })),
  };
}
