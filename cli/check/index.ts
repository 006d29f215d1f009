import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RealClock } from '@carelake/laptop/clock';
import { noteFull } from '@carelake/laptop/disk';
import type { KinesisStore } from '@carelake/laptop/endpoints/kinesis-store';
import { openKinesisStore } from '@carelake/laptop/endpoints/kinesis-store';
import { pathOfKey } from '@carelake/laptop/endpoints/s3-keys';
import { openS3Store } from '@carelake/laptop/endpoints/s3-store';
import type { S3Store } from '@carelake/laptop/endpoints/s3-types';
import { openWarehouse, warehouseFile, type Warehouse } from '@carelake/laptop/engines/warehouse';
import { askingAgain } from '../ask-again';
import type { Names } from '../folder';
import { bucketFolder } from '../lake-files';
import { zonesOf } from '../laptop';
import { differenceOf, type Difference } from './difference';
import { checkObjects } from './objects';
import { checkRecords } from './records';
import { checkWarehouse } from './warehouse';

export { CHECK_RULES, type Difference } from './difference';

type Tell = (detail: string) => void;

/** The opened stores of a data folder. */
export interface Stores {
  readonly s3: S3Store;
  readonly kinesis: KinesisStore;
  readonly warehouse: Warehouse;
}

/** Holds the objects of a folder that nobody serves to what was noted when they were stored. */
export function checkFolderObjects(dataDir: string, names: Names): Promise<Difference[]> {
  const zoneOf = (bucket: string) =>
    Object.keys(names.buckets).find((zone) => names.buckets[zone] === bucket) ?? bucket;
  return checkObjects(dataDir, zoneOf, (bucket, key) => join(bucketFolder(dataDir, bucket), pathOfKey(key)));
}

/**
 * Compares what opened stores hold: the stream with bronze, bronze and landing with silver, quarantine and held batches, silver with
 * ledger and receipts, and the warehouse with a second one made from silver. Nothing may be under way meanwhile.
 */
export async function checkStores(dataDir: string, names: Names, stores: Stores, tell: Tell): Promise<Difference[]> {
  const at = { dataDir, buckets: names.buckets, zones: zonesOf(dataDir, names), stream: names.stream, ...stores };
  // An engine's words about what it cannot read may quote it.
  const orUnreadable = (where: string, found: Promise<Difference[]>): Promise<Difference[]> =>
    found.catch((error: Error) => {
      // The second warehouse needs the room of the first.
      if (/^(ERROR: )?disk full|no space left on device/i.test(error.message)) throw noteFull(join(dataDir, 'check'));
      return differenceOf('CHK-OBJECT-03', where, ['an object or a table is no longer readable']);
    });
  tell('the records');
  const records = await orUnreadable('bronze, silver, quarantine, failed, control', checkRecords(at));
  return [
    ...records,
    ...(await orUnreadable('silver, warehouse', checkWarehouse(at, askingAgain(stores.warehouse), tell))),
  ];
}

/**
 * Compares the whole of a data folder that nobody serves.
 * @returns what does not agree; nothing is changed
 */
export async function checkFolder(dataDir: string, names: Names, tell: Tell): Promise<Difference[]> {
  tell('the objects');
  const objects = await checkFolderObjects(dataDir, names);
  if (!existsSync(warehouseFile(dataDir)))
    return [...objects, ...differenceOf('CHK-TABLE-03', 'warehouse', ['there is no warehouse'])];
  const clock = new RealClock();
  const s3 = await openS3Store(dataDir, clock);
  const kinesis = openKinesisStore(join(dataDir, 'kinesis'), { clock, region: names.region, account: names.account });
  try {
    const warehouse = await openWarehouse({ dataDir, s3 });
    try {
      return [...objects, ...(await checkStores(dataDir, names, { s3, kinesis, warehouse }, tell))];
    } finally {
      await warehouse.close();
    }
  } finally {
    kinesis.close();
  }
}
