import { ENTITY_NAMES } from '../../contracts';
import { parseSilverKey } from '../lake/names';
import type { Board } from './board';

/** One listed silver object. */
export interface Listed {
  readonly object: string;
  readonly bytes: number;
}

/** How much one load may hold. A single object above `bytes` is still loaded, alone. */
export interface Caps {
  readonly objects: number;
  readonly bytes: number;
}

/**
 * Silver objects of one listing without a receipt.
 * @param silver keys with sizes, in any order
 * @param receipts silver keys for which a receipt stands
 */
export function withoutReceipt(silver: readonly Listed[], receipts: ReadonlySet<string>): Listed[] {
  return silver.filter((s) => !receipts.has(s.object) && parseSilverKey(s.object));
}

/** Arrival hour first, then dimensions before facts, then name: what came first is loaded first. */
function order(a: Listed, b: Listed): number {
  const [x, y] = [parseSilverKey(a.object)!, parseSilverKey(b.object)!];
  if (x.arrivalHour !== y.arrivalHour) return x.arrivalHour < y.arrivalHour ? -1 : 1;
  return (
    ENTITY_NAMES.indexOf(x.entity) - ENTITY_NAMES.indexOf(y.entity) ||
    (a.object < b.object ? -1 : a.object > b.object ? 1 : 0)
  );
}

const suspectedOn = (board: Board): Set<string> => new Set(board.suspects.flatMap((s) => s.objects));

/** Whether more pending objects would not make the next batch larger. */
export function isFull(pending: readonly Listed[], board: Board, caps: Caps): boolean {
  const batch = nextBatch(pending, board, caps).length;
  const suspected = suspectedOn(board);
  return batch >= caps.objects || batch < pending.filter((p) => !suspected.has(p.object)).length;
}

/** As many pending objects, oldest first, as a load may hold; suspects are left out, since they would stop the others. */
export function nextBatch(pending: readonly Listed[], board: Board, caps: Caps): Listed[] {
  const suspected = suspectedOn(board);
  const batch: Listed[] = [];
  let bytes = 0;
  for (const listed of pending.filter((p) => !suspected.has(p.object)).sort(order)) {
    if (batch.length >= caps.objects || (batch.length > 0 && bytes + listed.bytes > caps.bytes)) break;
    batch.push(listed);
    bytes += listed.bytes;
  }
  return batch;
}

/**
 * Which suspects to try next: of the smallest group that failed as it is, half; of one that is partly cleared, all that is left. If
 * they load, they are cleared; if not, they are a smaller group. So the culprit among n is found in some log2(n) rounds, and objects
 * that only failed by a fault that has passed are loaded in two.
 * @param board without objects that are settled
 */
export function nextSuspects(board: Board): string[] {
  const smallest = [...board.suspects].sort(
    (a, b) => a.objects.length - b.objects.length || (a.objects[0] < b.objects[0] ? -1 : 1),
  )[0];
  if (!smallest) return [];
  const { objects, size } = smallest;
  return objects.length < size ? [...objects] : objects.slice(0, Math.ceil(objects.length / 2));
}

/** First arrival hour (`YYYY-MM-DDTHH`) of a window that ends now. */
export function windowStart(nowMs: number, hours: number): string {
  return new Date(nowMs - hours * 3_600_000).toISOString().slice(0, 13);
}

/** Rows of a Parquet footer, and how long the footer is; undefined where the bytes do not end like a Parquet file. */
export function footerLength(tail: Uint8Array): number | undefined {
  if (tail.length < 12) return undefined;
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  const isParquet = view.getUint32(tail.length - 4, true) === 0x31524150;
  return isParquet ? view.getUint32(tail.length - 8, true) + 8 : undefined;
}
