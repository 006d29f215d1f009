/**
 * A landed object is read by a profile, and a changed profile reads it anew: everything that is made of it carries the names of both. The
 * names nest, so that what is said of an object holds for all its readings: `<object>`, `<object>-p<profile>`, and for the tombstones of a
 * snapshot against others `<object>-p<profile>t<others>`.
 */

/** Profile digest of an object for which there is none. */
export const NO_PROFILE = '00000000';

/** Name of one reading. @param hash 16 hex digits of the landing object @param digest 8 of the profile */
export const readingId = (hash: string, digest: string): string => `${hash}-p${digest}`;

/** Name of what a reading of a snapshot lacks of others. @param basis 8 hex digits of those */
export const absenceId = (reading: string, basis: string): string => `${reading}t${basis}`;

const NAME = /^([0-9a-f]{16})(?:(-p[0-9a-f]{8})(t[0-9a-f]{8})?)?$/;
const IN_LAKE = /(?:^|\/)file-([0-9a-f]{16}-p[0-9a-f]{8}(?:t[0-9a-f]{8})?)-\d/;

/** The reading that an object of silver or quarantine is of; undefined for those of the stream. */
export const readingOfKey = (key: string): string | undefined => IN_LAKE.exec(key)?.[1];

/** The landing object of a reading. */
export const landingOfReading = (name: string): string => name.slice(0, 16);

/** The names under which something may be said of a reading, the object's first. */
export function namesOver(name: string): string[] {
  const [, hash, profile, basis] = NAME.exec(name) ?? [];
  if (hash === undefined) return [];
  return [hash, ...(profile ? [hash + profile] : []), ...(basis ? [hash + profile + basis] : [])];
}

/** Prefix of the counts of chunks in control, by reading. */
export const CHUNK_RECEIPTS = 'ingest/';
export const chunkReceiptPrefix = (reading: string): string => `${CHUNK_RECEIPTS}${reading}/`;
/** The reading that a key or path of a chunk's counts is of. */
export const readingOfReceipt = (key: string): string | undefined =>
  /(?:^|\/)([0-9a-f]{16}-p[0-9a-ft]+)\/[^/]+$/.exec(key)?.[1];
