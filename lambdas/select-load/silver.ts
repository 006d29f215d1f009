import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { parquetMetadata } from 'hyparquet';
import { ENTITY_NAMES, PUBLISHED, type EntityName } from '../../contracts';
import type { CopyGroup, LoadObject } from '../../core/load/plan';
import { footerLength } from '../../core/load/select';
import { parseSilverKey, versionPath } from '../../core/lake/names';
import { inParallel, list, pages, statusOf, type Page } from '../shared/s3';

/** Listings under way at the same time. */
const LISTINGS = 16;
/** Footers read at the same time. */
const FOOTERS = 32;
/** Bytes read from the end of an object; the footers of this platform's objects are smaller. */
const TAIL = 16 * 1024;

/** Where silver and its receipts lie. */
export interface Lake {
  readonly s3: S3Client;
  readonly silverBucket: string;
  readonly controlBucket: string;
}

/**
 * Keys of all objects that lie outside the prefixes that contracts publish, `<entity>/v<k>/arrival=`: no selection lists them. What lies
 * under these, whatever its hour is called, is listed by the passes.
 */
export async function strayObjects(lake: Lake): Promise<string[]> {
  const entities = new Set(ENTITY_NAMES.map((e) => `${e}/`));
  const versions = new Set(publishedVersions().map(({ entity, version }) => `${versionPath(entity, version)}/`));
  const walk = async (prefix: string): Promise<string[]> => {
    const { objects, prefixes } = await (versions.has(prefix) ? besideHours(lake, prefix) : level(lake, prefix));
    const below = await inParallel(prefixes, LISTINGS, async (next) =>
      entities.has(next) || versions.has(next)
        ? walk(next)
        : (await list(lake.s3, lake.silverBucket, { prefix: next })).objects.map((o) => o.key),
    );
    return [...objects.map((o) => o.key), ...below.flat()];
  };
  return walk('');
}

const level = (lake: Lake, prefix: string): Promise<Page> =>
  list(lake.s3, lake.silverBucket, { prefix, delimiter: '/' });

/** Entities of which silver holds no object. */
export async function absentEntities(lake: Lake): Promise<Set<EntityName>> {
  const { prefixes } = await level(lake, '');
  return new Set(ENTITY_NAMES.filter((e) => !prefixes.includes(`${e}/`)));
}

/** What lies beside the arrival hours of an entity version: the level up to the first hour, and from behind the last one on. */
async function besideHours(lake: Lake, prefix: string): Promise<Page> {
  const hours = `${prefix}arrival=`;
  const beside: Page = { objects: [], prefixes: [] };
  const add = ({ objects, prefixes }: Page): void => {
    beside.objects.push(...objects);
    beside.prefixes.push(...prefixes.filter((p) => !p.startsWith(hours)));
  };
  for await (const page of pages(lake.s3, lake.silverBucket, { prefix, delimiter: '/' })) {
    add(page);
    if (page.prefixes.some((p) => p.startsWith(hours))) break;
  }
  add(await list(lake.s3, lake.silverBucket, { prefix, delimiter: '/', startAfter: `${hours}~` }));
  // A short listing is seen whole by both.
  return {
    objects: [...new Map(beside.objects.map((o) => [o.key, o])).values()],
    prefixes: [...new Set(beside.prefixes)],
  };
}

/** All contract versions of all entities. */
export const publishedVersions = (): CopyGroup[] =>
  ENTITY_NAMES.flatMap((entity) => Object.keys(PUBLISHED[entity]).map((v) => ({ entity, version: Number(v) })));

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
