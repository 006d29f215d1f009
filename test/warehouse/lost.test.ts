import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealClock } from '@carelake/laptop/clock';
import { openS3Store } from '@carelake/laptop/endpoints/s3-store';
import { openOrTell } from '@carelake/laptop/engines/lost-warehouse';
import { warehouseFile } from '@carelake/laptop/engines/warehouse';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'carelake-lost-'));
  writeFileSync(warehouseFile(dataDir), Buffer.alloc(5000));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));
const open = async () => openOrTell({ dataDir, s3: await openS3Store(dataDir, new RealClock()), memory: '256MB' });

test('a file that was cut short before anything was made in it is made again', async () => {
  const warehouse = await open();
  expect((await warehouse.query('SELECT 7')).rows).toEqual([[7]]);
  await warehouse.close();
});

test('a file in which tables were made is called damaged, and left as it is', async () => {
  mkdirSync(join(dataDir, 'custom-resources'));
  writeFileSync(join(dataDir, 'custom-resources', 'Migrations.json'), '{}');
  await expect(open()).rejects.toMatchObject({ name: 'DamagedState', path: warehouseFile(dataDir) });
});
