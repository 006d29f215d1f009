import { appendFileSync, copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RealClock } from '@carelake/laptop/clock';
import { createEndpoints } from '@carelake/laptop/endpoints/server';
import { openS3Store } from '@carelake/laptop/endpoints/s3-store';
import { openWarehouse, warehouseFile, type Warehouse } from '@carelake/laptop/engines/warehouse';
import { PLACE } from '@carelake/laptop/runtime';
import type { Asked } from '../../cli/ask-again';
import { checkFolder, type Difference } from '../../cli/check';
import { silverObjects } from '../../cli/check/silver';
import { compareTables } from '../../cli/check/tables';
import { checkOwn, withSecond } from '../../cli/check/warehouse';
import { bucketFolder, filesUnder } from '../../cli/lake-files';
import type { Names } from '../../cli/folder';
import { cli, must, newFolder, runOf } from './laptop';

const NETWORK = ['--patients', '120', '--events', '1500', '--seed', '5'];

describe('carelake check', () => {
  const dataDir = newFolder('check');
  let names: Names;

  const check = (): Promise<Difference[]> => checkFolder(dataDir, names, () => undefined);
  const places = (found: readonly Difference[]): string[] => found.map((d) => d.where);

  beforeAll(async () => {
    await must(['start', '--once', '--json', '--data', dataDir, ...NETWORK]);
    names = runOf(dataDir).names!;
    expect(await check()).toEqual([]);
  });

  /** Changes the stopped folder's warehouse, looks, and puts the warehouse back. */
  async function after(change: (warehouse: Warehouse) => Promise<unknown>, second: Asked): Promise<Difference[]> {
    const file = warehouseFile(dataDir);
    copyFileSync(file, `${file}.kept`);
    const s3 = await openS3Store(dataDir, new RealClock());
    const warehouse = await openWarehouse({ dataDir, s3, threads: 1 });
    try {
      await change(warehouse);
      const at = { dataDir, s3, buckets: names.buckets };
      return [...(await checkOwn(at, warehouse)), ...(await compareTables(warehouse, second))];
    } finally {
      await warehouse.close();
      rmSync(`${file}.wal`, { force: true });
      copyFileSync(`${file}.kept`, file);
    }
  }

  /** A second warehouse of all of silver, as `carelake check` makes one. */
  async function withOther<T>(use: (second: Asked) => Promise<T>): Promise<T> {
    const s3 = await openS3Store(dataDir, new RealClock());
    const at = { dataDir, s3, buckets: names.buckets };
    return withSecond(
      at,
      await silverObjects(s3, names.buckets.silver!),
      () => undefined,
      (second) => use(remembering(second)),
    );
  }

  /** Asked the same again, a warehouse that nobody changes needs no second look. */
  function remembering(warehouse: Warehouse): Asked {
    const answers = new Map<string, ReturnType<Warehouse['queryEngine']>>();
    return {
      query: (sql) => warehouse.query(sql),
      queryEngine: (sql) => {
        if (!answers.has(sql)) answers.set(sql, warehouse.queryEngine(sql));
        return answers.get(sql)!;
      },
    };
  }

  /** Tables of core and ops that hold rows now, with a column to alter: never the lineage, which differs between warehouses. */
  async function tables(): Promise<{ table: string; column: string; type: string }[]> {
    const warehouse = await openWarehouse({ dataDir });
    try {
      const { rows } = await warehouse.queryEngine(
        `SELECT t.schema_name || '.' || t.table_name, last(c.column_name ORDER BY c.column_index), last(c.data_type ORDER BY c.column_index)
         FROM duckdb_tables() t JOIN duckdb_columns() c ON c.table_oid = t.table_oid
         WHERE t.schema_name IN ('core', 'ops') AND (c.column_name <> 'load_id' OR t.table_name IN ('load_lease'))
         GROUP BY 1 ORDER BY 1`,
      );
      const held: { table: string; column: string; type: string }[] = [];
      for (const [table, column, type] of rows.map((row) => row.map(String)) as [string, string, string][]) {
        const { rows: counted } = await warehouse.queryEngine(`SELECT count(*) FROM ${table}`);
        if (Number(counted[0]![0]) > 0) held.push({ table, column, type });
      }
      return held;
    } finally {
      await warehouse.close();
    }
  }

  const another = (column: string, type: string): string => {
    if (/CHAR/.test(type)) return `coalesce("${column}", '') || 'x'`;
    if (/INT|DECIMAL|DOUBLE/.test(type)) return `coalesce("${column}", 0) + 1`;
    if (type === 'BOOLEAN') return `NOT coalesce("${column}", false)`;
    if (type === 'DATE') return `coalesce("${column}", date '2001-01-01') + 1`;
    return `coalesce("${column}", timestamp '2001-01-01 00:00:00') + INTERVAL 1 day`;
  };

  it('names every table of which a row is gone, and every table of which a row is altered', async () => {
    const found = await tables();
    expect(found.length).toBeGreaterThanOrEqual(17);
    /** What loads did is written nowhere else: the counts of all loads tell of it. */
    const ofLoads = ['ops.load_count', 'ops.load_ledger', 'ops.loaded_object'];
    const unnamed: string[] = [];
    await withOther(async (second) => {
      for (const { table, column, type } of found) {
        const first = `rowid = (SELECT min(rowid) FROM ${table})`;
        const changes = { deleted: `DELETE FROM ${table} WHERE ${first}`, altered: `UPDATE ${table} SET "${column}" = ${another(column, type)} WHERE ${first}` }; // prettier-ignore
        for (const [how, sql] of Object.entries(changes)) {
          const seen = await after((warehouse) => warehouse.queryEngine(sql), second);
          const isNamed = seen.some(
            (d) => d.where === table || (ofLoads.includes(table) && d.where === 'conservation'),
          );
          if (!isNamed) unnamed.push(`${table} ${how}: ${JSON.stringify(seen)}`);
        }
      }
    });
    expect(unnamed).toEqual([]);
  });

  it('names a table that is gone, and a warehouse that is gone', async () => {
    const dropped = await withOther((second) =>
      after((warehouse) => warehouse.queryEngine('DROP TABLE core.provider_superseded CASCADE'), second),
    );
    expect(dropped).toContainEqual(
      expect.objectContaining({ rule: 'CHK-TABLE-03', where: 'core.provider_superseded' }),
    );
    const file = warehouseFile(dataDir);
    copyFileSync(file, `${file}.kept`);
    rmSync(file);
    expect(await check()).toEqual([expect.objectContaining({ rule: 'CHK-TABLE-03', where: 'warehouse' })]);
    copyFileSync(`${file}.kept`, file);
  });

  describe.each(['bronze', 'silver', 'quarantine', 'control'])('an object of %s', (zone) => {
    const object = (): string =>
      [...filesUnder(bucketFolder(dataDir, names.buckets[zone]!), zone === 'control' ? '.json' : '.parquet')].find(
        (path) => zone !== 'control' || path.includes('_ledger'),
      )!;

    it('is named when its file is altered or gone', async () => {
      const path = object();
      const bytes = readFileSync(path);
      try {
        appendFileSync(path, ' ');
        expect(await check()).toContainEqual(expect.objectContaining({ rule: 'CHK-OBJECT-01', where: zone }));
        rmSync(path);
        expect(await check()).toContainEqual(expect.objectContaining({ rule: 'CHK-OBJECT-02', where: zone }));
      } finally {
        writeFileSync(path, bytes);
      }
    });

    it('is missed when a client deleted it', async () => {
      const path = object();
      const bytes = readFileSync(path);
      const s3 = await openS3Store(dataDir, new RealClock());
      const key = path.slice(bucketFolder(dataDir, names.buckets[zone]!).length + 1);
      s3.delete(names.buckets[zone]!, key);
      expect(places(await check())).not.toEqual([]);
      await s3.put(names.buckets[zone]!, key, bytes);
      expect(existsSync(dirname(path))).toBe(true);
    });
  });

  it('names records that the stream handed on and that are nowhere', async () => {
    const endpoints = await createEndpoints({ dataDir, clock: new RealClock(), ...PLACE, workgroups: [names.workgroup], database: names.database }); // prettier-ignore
    const [{ shardId }] = endpoints.kinesis.putRecords(names.stream, [{ data: Buffer.from('{}'), partitionKey: 'p' }]);
    const next = endpoints.kinesis.end(names.stream, shardId);
    await endpoints.close();
    const marks = [...filesUnder(join(dataDir, 'esm'), '.json')].filter((file) => file.includes(shardId));
    const before = marks.map((file) => readFileSync(file));
    expect(await check()).toEqual([]);
    for (const file of marks) writeFileSync(file, JSON.stringify({ next }));
    expect(await check()).toEqual([expect.objectContaining({ rule: 'CHK-STREAM-01', count: 1 })]);
    marks.forEach((file, i) => writeFileSync(file, before[i]!));
  });

  // Of the folder that every test above damaged and mended: a damage that stayed would be named here.
  it('says on the command line that all agree, with exit code 0, and what does not, with 1', async () => {
    const fine = await cli(['check', '--json', '--data', dataDir]);
    expect([fine.code, JSON.parse(fine.stdout)]).toEqual([0, { differences: [] }]);
    const path = [...filesUnder(bucketFolder(dataDir, names.buckets.silver!), '.parquet')][0]!;
    const bytes = readFileSync(path);
    rmSync(path);
    const broken = await cli(['check', '--data', dataDir]);
    expect(broken.code).toBe(1);
    expect(broken.stdout).toMatch(/^CHK-OBJECT-02 silver: 1 stored objects are gone/);
    expect(broken.stdout).toContain('CHK-LEDGER-02 silver: 1 loaded objects are missing from silver');
    writeFileSync(path, bytes);
  });
});
