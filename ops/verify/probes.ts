import { randomUUID } from 'node:crypto';
import { parquetReadObjects } from 'hyparquet';
import type { Column } from '../../contracts/derive';
import { writeRows } from '../../core/lake/parquet';
import sqlProbes from './sql-probes.json';
import type { SqlOutcome, Target } from './target';

/** What a probe saw, in words and numbers of its own: never a name, an ARN, SQL or an error text of the account. */
export interface Observation {
  outcome: 'as expected' | 'differs' | 'could not run';
  expected: string;
  seen: string;
}

export interface Probe {
  id: string;
  title: string;
  kind: 'sql' | 'copy' | 'stream' | 'grants';
  note?: string;
  run(target: Target): Promise<Observation>;
}

const show = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
const compare = (expected: unknown, seen: unknown): Observation => ({
  outcome: show(expected) === show(seen) ? 'as expected' : 'differs',
  expected: show(expected),
  seen: show(seen),
});

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

const column = (name: string, parquet: Column['parquet'], redshift: string): Column => ({
  name,
  parquet,
  redshift,
  nullable: true,
  phi: 'none',
  role: 'payload',
  doc: '',
});

const COPY_COLUMNS = [
  column('a_text', 'string', 'varchar(64)'),
  column('a_time', 'timestamp', 'timestamp'),
  column('an_int', 'int32', 'integer'),
  column('a_bigint', 'int64', 'bigint'),
];

/** A Parquet file by the writer of silver, with the column types of silver: two rows, the second one of nulls. */
export function probeParquet(): Uint8Array {
  return writeRows(COPY_COLUMNS, [
    ['São Paulo', Date.UTC(2026, 2, 8, 7, 30, 0, 125) * 1000, -7, 9007199254740993n],
    [null, null, null, null],
  ]);
}

/** Writes the probe file and its manifest, copies it into a temporary table of these columns, and cleans up after itself. */
async function copied(target: Target, columns: string, select: string): Promise<SqlOutcome> {
  const { control } = target.places;
  const prefix = `loads/verify-${randomUUID()}`;
  const [file, manifest] = [`${prefix}/probe.parquet`, `${prefix}/manifest.json`];
  const body = probeParquet();
  const entries = [{ url: `s3://${control}/${file}`, mandatory: true, meta: { content_length: body.byteLength } }];
  await target.write(control, file, body);
  await target.write(control, manifest, Buffer.from(JSON.stringify({ entries })));
  try {
    return await target.sql([
      `CREATE TEMP TABLE verify_copy (${columns})`,
      `COPY verify_copy FROM 's3://${control}/${manifest}' IAM_ROLE default FORMAT AS PARQUET MANIFEST`,
      select,
    ]);
  } finally {
    await target.remove(control, file);
    await target.remove(control, manifest);
  }
}

const copyProbes: Probe[] = [
  {
    id: 'copy-types',
    title: 'COPY of Parquet by a manifest keeps texts, instants, whole numbers and nulls',
    kind: 'copy',
    async run(target) {
      const seen = await copied(
        target,
        'a_text varchar(64), a_time timestamp, an_int integer, a_bigint bigint',
        "SELECT a_text, CASE WHEN a_time = timestamp '2026-03-08 07:30:00.125' THEN 'same instant' END, CAST(an_int AS varchar(20)), CAST(a_bigint AS varchar(20)) FROM verify_copy ORDER BY an_int",
      );
      const expected = [
        ['São Paulo', 'same instant', '-7', '9007199254740993'],
        [null, null, null, null],
      ];
      return compare(expected, seen.ok ? seen.rows : `statement ${seen.failedAt + 1} failed`);
    },
  },
  {
    id: 'copy-too-long',
    title: 'COPY refuses a text longer in bytes than its column: nine letters, ten bytes, nine allowed',
    kind: 'copy',
    async run(target) {
      const seen = await copied(
        target,
        'a_text varchar(9), a_time timestamp, an_int integer, a_bigint bigint',
        'SELECT count(*) FROM verify_copy',
      );
      return compare(
        'COPY failed',
        seen.ok ? seen.rows : seen.failedAt === 1 ? 'COPY failed' : `statement ${seen.failedAt + 1} failed`,
      );
    },
  },
];

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

/** Every probe, in the order of a run: reading ones first. */
export const PROBES: readonly Probe[] = [...dialect, ...copyProbes, streamBehaviour, ...grants];

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
