import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Column } from '../../contracts/derive';
import { writeRows } from '../../core/lake/parquet';
import type { Cell } from '../../core/records/readers';
import { compare, type Probe } from './probe';
import type { SqlOutcome, Target } from './target';

const column = (name: string, parquet: Column['parquet'], redshift: string): Column => ({
  name,
  parquet,
  redshift,
  nullable: true,
  phi: 'none',
  role: 'payload',
  doc: '',
});

const COLUMNS = [
  column('a_text', 'string', 'varchar(64)'),
  column('a_time', 'timestamp', 'timestamp'),
  column('an_int', 'int32', 'integer'),
  column('a_bigint', 'int64', 'bigint'),
];
const TABLE = COLUMNS.map(({ name, redshift }) => `${name} ${redshift}`).join(', ');

/** A Parquet file by the writer of silver, with the column types of silver: pages of version 1. */
export const probeParquet = (rows: Cell[][] = TWO_ROWS): Uint8Array => writeRows(COLUMNS, rows);

/** Microseconds of an instant as silver stores it, an INT64. */
const micros = (iso: string, more = 0): number => Date.parse(iso) * 1000 + more;
const TWO_ROWS: Cell[][] = [
  ['São Paulo', micros('2026-03-08T07:30:00.125Z'), -7, 9007199254740993n],
  [null, null, null, null],
];
/** The same two rows by another writer, in pages of version 2. */
const pagesV2 = (): Uint8Array => readFileSync(join(__dirname, 'pages-v2.parquet'));

/** Times at the ends of what a record may say, before 1970 and after the 31 bits of seconds. */
const TIMES: [iso: string, more: number, text: string][] = [
  ['1900-01-01T00:00:00Z', 0, '1900-01-01 00:00:00'],
  ['1969-12-31T23:59:59Z', 999_999, '1969-12-31 23:59:59.999999'],
  ['2038-01-19T03:14:08Z', 1, '2038-01-19 03:14:08.000001'],
  ['2200-12-31T23:59:59Z', 999_999, '2200-12-31 23:59:59.999999'],
];
/** Few texts over many rows: silver's writer encodes them by a dictionary. */
const REPEATED: Cell[][] = Array.from({ length: 3000 }, (_, i) => [
  ['booked', 'noshow', 'fulfilled'][i % 3]!,
  0,
  i,
  1n,
]);

/** Writes a file and its manifest, copies it into a temporary table of these columns, and cleans up after itself. */
async function copied(target: Target, body: Uint8Array, columns: string, select: string): Promise<SqlOutcome> {
  const { control } = target.places;
  const prefix = `loads/verify-${randomUUID()}`;
  const [file, manifest] = [`${prefix}/probe.parquet`, `${prefix}/manifest.json`];
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

const rowsOf = (seen: SqlOutcome): unknown => (seen.ok ? seen.rows : `statement ${seen.failedAt + 1} failed`);
const SELECT_TWO =
  "SELECT a_text, CASE WHEN a_time = timestamp '2026-03-08 07:30:00.125' THEN 'same instant' END, CAST(an_int AS varchar(20)), CAST(a_bigint AS varchar(20)) FROM verify_copy ORDER BY an_int";
const EXPECT_TWO = [
  ['São Paulo', 'same instant', '-7', '9007199254740993'],
  [null, null, null, null],
];

/** What COPY makes of Parquet: of silver's own files, at the ends of their types, and of another writer's pages. */
export const copyProbes: Probe[] = [
  {
    id: 'copy-types',
    title: 'COPY of Parquet by a manifest keeps texts, instants, whole numbers and nulls (pages of version 1)',
    kind: 'copy',
    run: async (target) => compare(EXPECT_TWO, rowsOf(await copied(target, probeParquet(), TABLE, SELECT_TWO))),
  },
  {
    id: 'copy-pages-v2',
    title: 'COPY reads pages of version 2',
    kind: 'copy',
    note: "only other writers' files have such pages: where they are refused, nothing of the platform is",
    run: async (target) => compare(EXPECT_TWO, rowsOf(await copied(target, pagesV2(), TABLE, SELECT_TWO))),
  },
  {
    id: 'copy-times',
    title:
      "COPY keeps the instants of silver's INT64 timestamps: 1900, before 1970, after 2038, 2200, to the microsecond",
    kind: 'copy',
    async run(target) {
      const rows = TIMES.map(([iso, more], i): Cell[] => ['x', micros(iso, more), i, 0n]);
      const cases = TIMES.map(
        ([, , text], i) => `WHEN an_int = ${i} AND a_time = timestamp '${text}' THEN 'same instant'`,
      );
      const select = `SELECT CASE ${cases.join(' ')} ELSE 'another' END AS seen FROM verify_copy ORDER BY an_int`;
      const seen = await copied(target, probeParquet(rows), TABLE, select);
      return compare(TIMES.map(() => ['same instant']), rowsOf(seen)); // prettier-ignore
    },
  },
  {
    id: 'copy-decimal',
    title: "COPY keeps silver's decimals of 38 digits, 16 bytes each, plain and by a dictionary",
    kind: 'copy',
    async run(target) {
      const greatest = 29_999_999_999_999_999_999_999_999_999_999_999_999n;
      const orders = [0n, greatest, ...Array.from({ length: 300 }, () => 7n)];
      const wide = { ...column('an_order', 'decimal128', 'decimal(38,0)'), precision: 38, scale: 0 };
      const seen = [];
      for (const rows of [orders, orders.slice(0, 3)]) {
        const body = writeRows([wide], rows.map((order) => [order])); // prettier-ignore
        const select =
          'SELECT CAST(min(an_order) AS varchar(40)), CAST(max(an_order) AS varchar(40)), count(*) FROM verify_copy';
        seen.push(rowsOf(await copied(target, body, 'an_order decimal(38,0)', select)));
      }
      return compare([302, 3].map((n) => [['0', String(greatest), String(n)]]), seen); // prettier-ignore
    },
  },
  {
    id: 'copy-dictionary',
    title: 'COPY reads texts that are encoded by a dictionary',
    kind: 'copy',
    async run(target) {
      const select = 'SELECT a_text, count(*) FROM verify_copy GROUP BY a_text ORDER BY a_text';
      const seen = await copied(target, probeParquet(REPEATED), TABLE, select);
      return compare(['booked', 'fulfilled', 'noshow'].map((text) => [text, '1000']), rowsOf(seen)); // prettier-ignore
    },
  },
  {
    id: 'copy-too-long',
    title: 'COPY refuses a text longer in bytes than its column: nine letters, ten bytes, nine allowed',
    kind: 'copy',
    async run(target) {
      const narrow = TABLE.replace('varchar(64)', 'varchar(9)');
      const seen = await copied(target, probeParquet(), narrow, 'SELECT count(*) FROM verify_copy');
      return compare('COPY failed', !seen.ok && seen.failedAt === 1 ? 'COPY failed' : rowsOf(seen));
    },
  },
];
