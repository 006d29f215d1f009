import type { LoadObject } from '../../core/load/plan';
import { parseSilverKey, receiptKey, refusedKey } from '../../core/lake/names';
import { writeQuarantine } from '../../core/lake/parquet';
import { put, putIfAbsent, putOnce } from '../shared/s3';
import type { LoadContext } from './context';

/** The content of a receipt. */
export interface Receipt {
  readonly object: string;
  readonly load_id: string;
  readonly rows: number;
  readonly status: 'loaded' | 'refused' | 'withdrawn';
}

/** Writes the receipt of an object, unless it has one. */
export const writeReceipt = (c: LoadContext, receipt: Receipt): Promise<boolean> =>
  putIfAbsent(c.s3, c.controlBucket, receiptKey(receipt.object), JSON.stringify(receipt));

/** Writes the receipt of an object that is withdrawn or stands again, whatever it said before. */
export const replaceReceipt = (c: LoadContext, receipt: Receipt): Promise<void> =>
  put(c.s3, c.controlBucket, receiptKey(receipt.object), JSON.stringify(receipt), 'application/json');

/** Key of the quarantine record of a silver object: beside those of its arrival hour, under a name that ingest never gives. */
function refusalKey(object: string): string {
  const name = parseSilverKey(object)!;
  return `arrival=${name.arrivalHour}/load-${name.entity}-v${name.version}-${name.stem}.parquet`;
}

/**
 * Quarantines a silver object as a whole: a record that points at it, then the receipt that ends its being pending. Loading it again
 * after a repair takes removing the receipt.
 */
export async function refuseObject(c: LoadContext, loadId: string, o: LoadObject): Promise<void> {
  const name = parseSilverKey(o.object)!;
  const body = writeQuarantine([
    {
      recordSource: `${c.silverBucket}/${o.object}`,
      recordPosition: 'object',
      byteOffset: null,
      entity: o.entity,
      version: o.version,
      violations: [{ rule: 'LOAD-COPY-01', pointer: '' }],
      profile: null,
      arrivedAt: Date.parse(`${name.arrivalHour}:00:00Z`) * 1000,
      bronzeObject: `${c.silverBucket}/${o.object}`,
      bronzeRow: null,
      byteLength: o.bytes,
      sha256: null,
    },
  ]);
  await putOnce(c.s3, c.quarantineBucket, refusalKey(o.object), body);
  await put(c.s3, c.controlBucket, refusedKey(o.object), '{}', 'application/json');
  await writeReceipt(c, { object: o.object, load_id: loadId, rows: o.rows, status: 'refused' });
}
