import { type Bundle, bundleAt } from './bundle';
import { writeReferences } from './references';
import { skipBlanks } from './scan';

type Json = Record<string, unknown>;

/**
 * A record that was rejected, as a line of NDJSON that is read by itself: an entry in a Bundle of its own, with the time of the one that it came
 * in and with what it refers to written out, since its neighbours do not come along.
 * @param bytes of the record, or of what it was mended to
 * @param around the document or line that it stood in, and the byte of it at which the record began
 * @param arrived when it was first known, where nothing but its arrival says so: sent again it would seem to be news
 */
export function lineAgain(bytes: Uint8Array, around: { bytes: Buffer; at: number }, arrived?: string): Buffer {
  // A line break can only stand between two values of JSON.
  const text = Buffer.from(bytes)
    .toString('utf8')
    .replace(/[\r\n]+/g, ' ')
    .trim();
  const begin = skipBlanks(around.bytes, 0);
  const bundle = around.at > begin ? bundleAt(around.bytes, begin)?.bundle : undefined;
  if (bundle) return Buffer.from(inBundle(entryOf(text, bundle), bundle.type, bundle.timestamp ?? arrived));
  return Buffer.from(arrived === undefined ? text : inBundle(`{"resource":${text}}`, 'collection', arrived));
}

const inBundle = (entry: string, type: string | undefined, timestamp: string | undefined): string =>
  `${JSON.stringify({ resourceType: 'Bundle', type, timestamp }).slice(0, -1)},"entry":[${entry}]}`;

function entryOf(text: string, bundle: Bundle): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  if (typeof value !== 'object' || value === null) return text;
  const entry = ('resourceType' in value ? { resource: value } : value) as Json;
  if (typeof entry.resource !== 'object' || entry.resource === null) return text;
  writeReferences(entry.resource as Json, bundle);
  return JSON.stringify(entry);
}
