import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { parquetMetadata } from 'hyparquet';
import { ENTITY_NAMES, PUBLISHED } from '../../contracts';
import type { LoadObject } from '../../core/load/plan';
import { footerLength, isFull, withoutReceipt, type Caps, type Listed } from '../../core/load/select';
import type { ControlState } from '../../core/load/control-state';
import { parseSilverKey, receiptKey, receiptSubject, silverPrefix } from '../../core/lake/names';
import { inParallel, list, statusOf } from '../shared/s3';

/** Listings under way at the same time. */
const LISTINGS = 16;
/** Footers read at the same time. */
const FOOTERS = 32;
/** Last part of the prefix of one arrival hour. */
const HOUR = /^arrival=\d{4}-\d{2}-\d{2}T\d{2}\/$/;
/** Bytes read from the end of an object; the footers of this platform's objects are smaller. */
const TAIL = 16 * 1024;

/** Where silver and its receipts lie. */
export interface Lake {
  readonly s3: S3Client;
  readonly silverBucket: string;
  readonly controlBucket: string;
}

/** Where to look. */
export interface Window {
  /** First arrival hour, `YYYY-MM-DDTHH`; absent: the first there is. */
  readonly from?: string;
  /** Whether the time for looking has run out. */
  isOver(): boolean;
}

/**
 * Pending objects, oldest hours first, until a load is full. Hours are found by listing with a delimiter, so that the length of a
 * selection follows the hours of its window and what lies in them, and not the history.
 * @returns also keys of objects that no load can take, and the hour at which the time ran out, if it did
 */
export async function pendingObjects(
  lake: Lake,
  state: ControlState,
  caps: Caps,
  window: Window,
): Promise<{ pending: Listed[]; unreadable: string[]; stoppedAt?: string }> {
  const hours = await hourPrefixes(lake, window.from);
  const pending: Listed[] = [];
  const unreadable: string[] = [];
  for (let at = 0; at < hours.length; at += LISTINGS) {
    // At least one portion is looked through, or a slow store would stop every attempt at the same place.
    if (at > 0 && window.isOver()) return { pending, unreadable, stoppedAt: hourOf(hours[at]) };
    const found = await inParallel(hours.slice(at, at + LISTINGS), LISTINGS, (prefix) => pendingOfHour(lake, prefix));
    pending.push(...found.flatMap((f) => f.pending));
    unreadable.push(...found.flatMap((f) => f.unreadable));
    // Full: what is listed later is younger, and left for the next load.
    if (isFull(pending, state, caps)) break;
  }
  return { pending, unreadable };
}

/**
 * Keys of all objects that lie outside the prefixes that contracts publish, `<entity>/v<k>/arrival=<hour>/`: no selection lists them.
 * Listed level by level with a delimiter, so that the length follows the hours and not the objects.
 */
export async function strayObjects(lake: Lake): Promise<string[]> {
  const entities = new Set(ENTITY_NAMES.map((e) => `${e}/`));
  const versions = new Set(publishedVersions().map(({ entity, version }) => `${entity}/v${version}/`));
  const walk = async (prefix: string): Promise<string[]> => {
    const { objects, prefixes } = await list(lake.s3, lake.silverBucket, { prefix, delimiter: '/' });
    const below = await inParallel(prefixes, LISTINGS, async (next) => {
      if (entities.has(next) || versions.has(next)) return walk(next);
      if (versions.has(prefix) && HOUR.test(next.slice(prefix.length))) return [];
      return (await list(lake.s3, lake.silverBucket, { prefix: next })).objects.map((o) => o.key);
    });
    return [...objects.map((o) => o.key), ...below.flat()];
  };
  return walk('');
}

const hourOf = (prefix: string): string => prefix.slice(prefix.lastIndexOf('=') + 1).replace('/', '');

const publishedVersions = () =>
  ENTITY_NAMES.flatMap((entity) => Object.keys(PUBLISHED[entity]).map((v) => ({ entity, version: Number(v) })));

/** Prefixes `<entity>/v<k>/arrival=<hour>/` that hold objects, oldest hour first. */
async function hourPrefixes(lake: Lake, from: string | undefined): Promise<string[]> {
  const found = await inParallel(publishedVersions(), LISTINGS, async ({ entity, version }) => {
    const prefix = silverPrefix(entity, version, '').slice(0, -1);
    // Greater than every key of the hours before, smaller than every key of the first hour.
    const startAfter = from === undefined ? undefined : `${prefix}${from}`;
    return (await list(lake.s3, lake.silverBucket, { prefix, delimiter: '/', startAfter })).prefixes;
  });
  return found.flat().sort((a, b) => (hourOf(a) < hourOf(b) ? -1 : hourOf(a) > hourOf(b) ? 1 : 0));
}

async function pendingOfHour(lake: Lake, prefix: string): Promise<ReturnType<typeof withoutReceipt>> {
  const [silver, receipts] = await Promise.all([
    list(lake.s3, lake.silverBucket, { prefix }),
    list(lake.s3, lake.controlBucket, { prefix: receiptKey(prefix).slice(0, -'.json'.length) }),
  ]);
  const settled = new Set(receipts.objects.map((r) => receiptSubject(r.key) ?? ''));
  return withoutReceipt(
    silver.objects.map((o) => ({ object: o.key, bytes: o.bytes })),
    settled,
  );
}

/** What the end of an object tells: its rows and size; `gone` and `unreadable` ones are listed apart. */
export async function describeObjects(
  lake: Lake,
  objects: readonly string[],
): Promise<{ objects: LoadObject[]; gone: string[]; unreadable: string[] }> {
  const result = { objects: [] as LoadObject[], gone: [] as string[], unreadable: [] as string[] };
  const described = await inParallel(objects, FOOTERS, (object) => describe(lake, object));
  described.forEach((d, i) => {
    if (d === undefined) result.gone.push(objects[i]);
    else {
      result.objects.push(d);
      // Loaded alone, and refused by the warehouse, which has the last word on what it can read.
      if (d.rows < 0) result.unreadable.push(d.object);
    }
  });
  result.objects = result.objects.map((o) => (o.rows < 0 ? { ...o, rows: 0 } : o));
  return result;
}

async function describe(lake: Lake, object: string): Promise<LoadObject | undefined> {
  const name = parseSilverKey(object)!;
  const first = await readTail(lake, object, TAIL);
  if (!first) return undefined;
  const { bytes } = first;
  let { tail } = first;
  const footer = footerLength(tail);
  if (footer !== undefined && footer > tail.length && footer <= bytes)
    tail = (await readTail(lake, object, footer))?.tail ?? tail;
  return { object, entity: name.entity, version: name.version, rows: rowsOf(tail), bytes };
}

/** Rows that a Parquet footer states, or -1 where there is none to read. */
function rowsOf(tail: Uint8Array): number {
  try {
    if (footerLength(tail) === undefined) return -1;
    return Number(
      parquetMetadata(tail.buffer.slice(tail.byteOffset, tail.byteOffset + tail.byteLength) as ArrayBuffer).num_rows,
    );
  } catch {
    return -1;
  }
}

async function readTail(
  lake: Lake,
  object: string,
  length: number,
): Promise<{ tail: Uint8Array; bytes: number } | undefined> {
  try {
    const found = await lake.s3.send(
      new GetObjectCommand({ Bucket: lake.silverBucket, Key: object, Range: `bytes=-${length}` }),
    );
    const tail = (await found.Body?.transformToByteArray()) ?? new Uint8Array();
    return { tail, bytes: Number(found.ContentRange?.split('/')[1] ?? found.ContentLength ?? tail.length) };
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    // An empty object has no range to give.
    if (statusOf(error) === 416) return { tail: new Uint8Array(), bytes: 0 };
    throw error;
  }
}
