import { copyFileSync, existsSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { RealClock } from '@carelake/laptop/clock';
import { openS3Store } from '@carelake/laptop/endpoints/s3-store';
import { openWarehouse, warehouseFile } from '@carelake/laptop/engines/warehouse';
import type { AnswersDocument } from '../../cli/answers';
import { cli, Cli, keySecretFile, must, newFolder, runOf, tablesOf } from './laptop';

const secret = keySecretFile();
const args = (dataDir: string, events: number) => [
  'start', '--once', '--json', '--data', dataDir, '--key-secret-file', secret,
  '--patients', '300', '--events', `${events}`, '--seed', '11',
]; // prettier-ignore
const EVENTS = 6000;

describe('a warehouse that lost what it held', () => {
  let undisturbed: Record<string, string[]>;
  const finished = newFolder('finished');
  const file = warehouseFile(finished);

  beforeAll(async () => {
    await must(args(finished, EVENTS));
    undisturbed = await tablesOf(finished);
  });

  const dropped = async (sql: string): Promise<void> => {
    const warehouse = await openWarehouse({ dataDir: finished, s3: await openS3Store(finished, new RealClock()) });
    await warehouse.queryEngine(sql);
    await warehouse.checkpoint();
    await warehouse.close();
  };

  it('is filled again by the next start when it went back to a time before its loads, whatever journals and receipts say', async () => {
    const kept = `${file}.kept`;
    copyFileSync(file, kept);
    // As its file was before the loads: nothing of them, while receipts, plans and the answers of the Data API are all there.
    await dropped(
      `BEGIN; ${['core.appointment', 'core.appointment_superseded', 'ops.loaded_object', 'ops.load_ledger', 'ops.load_count', 'core.patient_superseded', 'core.clinic_superseded', 'core.provider_superseded', 'core.dim_patient_history WHERE event_id IS NOT NULL OR is_inferred', 'core.dim_clinic_history WHERE event_id IS NOT NULL OR is_inferred', 'core.dim_provider_history WHERE event_id IS NOT NULL OR is_inferred'].map((t) => `DELETE FROM ${t}`).join('; ')}; COMMIT`,
    );
    const document = JSON.parse(await must(args(finished, EVENTS))) as AnswersDocument;
    expect(document.run.ingest.received).toBe(0);
    expect(document.run.load.read).toBe(document.load.read);
    expect(await tablesOf(finished)).toEqual(undisturbed);
    rmSync(kept);
  });

  it('is filled again when the end of its log is cut off after a kill in the middle of loads', async () => {
    const dataDir = newFolder('torn');
    const run = new Cli(args(dataDir, EVENTS));
    await run.until('everything in the stream', () => (runOf(dataDir)?.sent === EVENTS ? true : undefined));
    const wal = `${warehouseFile(dataDir)}.wal`;
    await run.until('a load in the log of the warehouse', () => existsSync(wal) && statSync(wal).size > 300_000 ? true : undefined); // prettier-ignore
    await run.kill();
    truncateSync(wal, statSync(wal).size - 3000);
    await must(args(dataDir, EVENTS));
    expect(await tablesOf(dataDir)).toEqual(undisturbed);
  });

  it.each([
    ['a table was dropped', () => dropped('DROP TABLE core.patient_superseded CASCADE')],
    ['rows were changed by hand', () => dropped(`UPDATE core.dim_patient_history SET zip5 = '00000' WHERE is_current`)],
    ['its file is gone', async () => rmSync(file)],
    ['its file is no warehouse any more', async () => truncateSync(file, 5000)],
  ])('is made again by carelake rebuild when %s', async (_, lose) => {
    await lose();
    const had = existsSync(file) && statSync(file).size;
    const refused = await cli(['rebuild', '--data', finished]);
    expect([refused.code, existsSync(file) && statSync(file).size]).toEqual([2, had]);
    expect(refused.stderr).toMatch(/carelake rebuild .*--yes/);
    const rebuilt = JSON.parse(await must(['rebuild', '--yes', '--json', '--data', finished])) as { load: { read: number } };
    expect(rebuilt.load.read).toBeGreaterThan(EVENTS * 0.9);
    expect(await tablesOf(finished)).toEqual(undisturbed);
    expect(JSON.parse(await must(['check', '--json', '--data', finished]))).toEqual({ differences: [] });
  }); // prettier-ignore

  it('a rebuild that is killed is finished by the next start', async () => {
    const run = new Cli(['rebuild', '--yes', '--data', finished]);
    const wal = `${file}.wal`;
    await run.until('the first rows of the new warehouse', () => existsSync(join(finished, 'endpoint.json')) && existsSync(wal) && statSync(wal).size > 200_000 ? true : undefined); // prettier-ignore
    await run.kill();
    await must(args(finished, EVENTS));
    expect(await tablesOf(finished)).toEqual(undisturbed);
    expect(readFileSync(join(finished, 'run.json'), 'utf8')).toContain('complete');
  });
});
