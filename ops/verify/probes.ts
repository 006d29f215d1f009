import { randomUUID } from 'node:crypto';
import { parquetReadObjects } from 'hyparquet';
import { copyProbes } from './copy-probes';
import { compare, type Observation, type Probe } from './probe';
import sqlProbes from './sql-probes.json';
import type { Target } from './target';

export type { Observation, Probe } from './probe';

/** Probes of SQL that AWS's documentation answers in two ways or not at all. */
const UNSURE = new Set(['sql-epoch-2038', 'sql-epoch-fraction', 'sql-trailing-blanks']);

/** Numbers of the two engines compare by value: one writes 0.25 where the other writes 0.250. */
const plain = (value: string | null): string | null =>
  value !== null && /^-?\d+\.\d+$/.test(value) ? String(Number(value)) : value;

interface SqlProbe {
  id: string;
  title: string;
  sql: string[];
  expect: (string | null)[][] | 'error';
  /** Statements of a batch that must fail before the probe looks. */
  after?: string[];
  note?: string;
}

const dialect = (sqlProbes as SqlProbe[]).map((probe): Probe => ({
  id: `sql-${probe.id}`,
  title: probe.title,
  kind: 'sql',
  note: probe.note,
  async run(target) {
    if (probe.after && (await target.sql(probe.after)).ok) return compare('error', 'the batch that must fail did not');
    const seen = await target.sql(probe.sql);
    return compare(probe.expect, seen.ok ? seen.rows.map((row) => row.map(plain)) : 'error');
  },
}));

const envelope = (id: string, payload: Record<string, unknown>, entity = 'clinic'): Buffer =>
  Buffer.from(
    JSON.stringify({
      event_id: id,
      entity,
      schema_version: 1,
      op: 'upsert',
      source_system: 'carelake-verify',
      effective_at: '2026-01-05T08:00:00Z',
      recorded_at: '2026-01-05T08:00:00Z',
      payload,
    }),
  );

/** Rule ids of the quarantined records with these sequence numbers, sorted. */
async function quarantined(target: Target, sequences: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const key of (await target.list(target.places.quarantine, 'arrival=')).slice(-50)) {
    const bytes = await target.get(target.places.quarantine, key);
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    for (const row of await parquetReadObjects({ file, columns: ['record_position', 'rule_ids'] })) {
      if (sequences.includes(String(row.record_position))) found.push(String(row.rule_ids));
    }
  }
  return found.sort();
}

const streamBehaviour: Probe = {
  id: 'stream-poison',
  title: 'of four records in one batch the two bad ones are quarantined by rule and the good ones pass',
  kind: 'stream',
  async run(target) {
    const clinic = { clinic_id: 'carelake-verify', clinic_name: 'Carelake verify' };
    const records = [
      envelope('verify-1', clinic),
      Buffer.from('{"event_id":'),
      envelope('verify-2', clinic, 'no-such-entity'),
      envelope('verify-1', clinic),
    ];
    const sequences = await target.put(records.map((data) => ({ data, key: 'carelake-verify' })));
    const bad = [sequences[1]!, sequences[2]!];
    const deadline = Date.now() + 240_000;
    let seen: string[] = [];
    while (seen.length < bad.length && Date.now() < deadline) {
      await new Promise((done) => setTimeout(done, target.name === 'laptop' ? 250 : 5000));
      seen = await quarantined(target, sequences);
    }
    return compare(['DQ-FMT-02', 'ENV-ENTITY'].sort(), seen);
  },
};

/** Each statement stands first in a batch whose second one always fails: nothing of it can ever stay. */
const REFUSED = [
  { id: 'drop', title: 'drop a table of the warehouse', sql: 'DROP TABLE core.dim_date' },
  {
    id: 'create',
    title: 'create a table among those of the warehouse',
    sql: 'CREATE TABLE core.verify_probe (v integer)',
  },
  { id: 'delete', title: 'delete rows of a fact', sql: 'DELETE FROM core.appointment WHERE 1 = 0' },
  { id: 'identified', title: 'read identified rows', sql: 'SELECT count(*) FROM gold_phi.obt_appointment' },
];

const grants = REFUSED.map(({ id, title, sql }): Probe => ({
  id: `grants-${id}`,
  title: `an analyst may not ${title}`,
  kind: 'grants',
  note: 'expects the caller to be an analyst (database role reader); an administrator is allowed to, and is told so',
  async run(target) {
    const seen = await target.sql([sql, "SELECT CAST('x' AS integer)"]);
    return compare('refused', !seen.ok && seen.failedAt === 0 ? 'refused' : 'allowed');
  },
}));

const roleByTag: Probe = {
  id: 'role-by-tag',
  title: 'a database role named by the tag RedshiftDbRoles is active: its holder reads the counts of conservation',
  kind: 'grants',
  note: 'expects the caller to be an analyst: an IAM role tagged RedshiftDbRoles=reader that may call tag:GetResources and tag:GetTagKeys',
  async run(target) {
    const seen = await target.sql(['SELECT count(*) FROM ops.conservation WHERE 1 = 0']);
    return compare('allowed', seen.ok ? 'allowed' : 'refused');
  },
};

const tokenReuse: Probe = {
  id: 'token-reuse',
  title: 'a statement sent again with its token is not run again, and another one under that token is refused',
  kind: 'sql',
  async run(target) {
    const token = randomUUID();
    const first = await target.submit('SELECT 1', token);
    const again = await target.submit('SELECT 1', token);
    const other = await target.submit('SELECT 2', token);
    return compare(
      ['same statement', 'refused'],
      [
        again === first ? 'same statement' : 'another statement',
        other === undefined ? 'refused' : other === first ? 'the first statement' : 'run as well',
      ],
    );
  },
};

/** Every probe, in the order of a run: what the documentation leaves open first, since a deployment depends on it. */
export const PROBES: readonly Probe[] = [
  ...copyProbes,
  ...dialect.filter((probe) => UNSURE.has(probe.id)),
  roleByTag,
  tokenReuse,
  ...dialect.filter((probe) => !UNSURE.has(probe.id)),
  streamBehaviour,
  ...grants,
];

/** Runs the probes one after another; one that throws is an observation of its own and stops nothing. */
export async function observe(
  target: Target,
  probes: readonly Probe[] = PROBES,
  onProgress?: (id: string) => void,
): Promise<Record<string, Observation>> {
  const seen: Record<string, Observation> = {};
  for (const probe of probes) {
    onProgress?.(probe.id);
    try {
      seen[probe.id] = await probe.run(target);
    } catch (error) {
      // The message of a service names accounts and objects; its class does not.
      seen[probe.id] = {
        outcome: 'could not run',
        expected: '',
        seen: error instanceof Error ? error.name : 'unknown error',
      };
    }
  }
  return seen;
}
