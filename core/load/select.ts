import { ENTITY_NAMES } from '../../contracts';
import { isLoadable, parseSilverKey } from '../lake/names';
import type { ControlState } from './control-state';
import { MAX_VERSIONS } from './plan';

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
 * Silver objects of one listing without a receipt: those that can be loaded, and keys of those that cannot, because their name is no
 * silver key.
 * @param silver keys with sizes, in any order
 * @param receipts silver keys for which a receipt stands
 */
export function withoutReceipt(
  silver: readonly Listed[],
  receipts: ReadonlySet<string>,
): { pending: Listed[]; unreadable: string[] } {
  const open = silver.filter((s) => !receipts.has(s.object));
  return {
    pending: open.filter((s) => isLoadable(s.object)),
    unreadable: open.filter((s) => !isLoadable(s.object)).map((s) => s.object),
  };
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

const failedObjects = (state: ControlState): Set<string> => new Set(state.failedGroups.flatMap((g) => g.objects));

/** Whether more pending objects would not make the next batch larger. */
export function isFull(pending: readonly Listed[], state: ControlState, caps: Caps): boolean {
  const batch = nextBatch(pending, state, caps).length;
  const failed = failedObjects(state);
  return batch >= caps.objects || batch < pending.filter((p) => !failed.has(p.object)).length;
}

/** Of objects those of as many contract versions of an entity as one load copies, the first ones. */
export function withinVersions(objects: readonly string[]): string[] {
  const versions = new Map<string, Set<number>>();
  return objects.filter((object) => {
    const { entity, version } = parseSilverKey(object)!;
    const taken = versions.get(entity) ?? new Set();
    if (taken.size < MAX_VERSIONS) versions.set(entity, taken.add(version));
    return taken.has(version);
  });
}

/** As many pending objects, oldest first, as a load may hold; those of failed groups are left out, since they would stop the others. */
export function nextBatch(pending: readonly Listed[], state: ControlState, caps: Caps): Listed[] {
  const failed = failedObjects(state);
  const batch: Listed[] = [];
  const versions = new Map<string, Set<number>>();
  let bytes = 0;
  for (const listed of pending.filter((p) => !failed.has(p.object)).sort(order)) {
    if (batch.length >= caps.objects || (batch.length > 0 && bytes + listed.bytes > caps.bytes)) break;
    const { entity, version } = parseSilverKey(listed.object)!;
    const held = versions.get(entity) ?? new Set();
    versions.set(entity, held.add(version));
    if (held.size > MAX_VERSIONS) break;
    batch.push(listed);
    bytes += listed.bytes;
  }
  return batch;
}

/**
 * Which objects of failed groups to try next: of the smallest group that failed as it is, half; of one that is partly loaded, all that is
 * left. What loads is settled; what does not is a smaller group. So the bad object among n is found in some log2(n) rounds, and objects
 * that only failed by a fault that has passed are loaded in two.
 * @param state without objects that are settled
 */
export function nextToIsolate(state: ControlState): string[] {
  const smallest = [...state.failedGroups].sort(
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
