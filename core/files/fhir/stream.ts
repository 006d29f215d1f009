import type { CheckedProfile } from '../../../profiles';
import { MOST_RECORD_BYTES } from '../../../profiles/schema';
import type { Keyring } from '../../records/keys';
import { membersOf } from '../../records/members';
import type { Outcome } from '../../records/outcome';
import { isoInstant } from '../../records/time';
import { fhirIn, type FhirText } from '../../records/fhir-mark';
import { faultyEntity, judgeRecord, type Verdict } from '../chunk';
import type { FileFacts } from '../making';
import { lineAgain } from './again';
import { FhirDocument } from './document';
import { FhirMapper } from './mapper';

/** What became of one entry of a FHIR document, by its number from 0, or of an element of a list in it. */
export type FhirPart = { entry: number; element?: number; bytes: Uint8Array } & (
  { unmapped: string } | { outcome: Exclude<Outcome, { unmapped: string }> }
);

/** Reads a FHIR document that arrived as a record of the stream; times are in microseconds since 1970. */
export interface FhirReader {
  readonly profile: string;
  /**
   * @param before how many entries the record holds before this document: of two versions in one record the one further down is the later
   * @returns at least one part, so that no record is missing from the counts
   */
  read(document: FhirText, received: { arrivedAt: number; before: number }, thrown: unknown[]): FhirPart[];
}

/** Sources of one stream whose compiled profiles are kept. */
const MOST_SOURCES = 50;

/**
 * Reads records by a profile as a file is read: by the same views, checks and contracts. The time of the file is that of the arrival, which replays and
 * rebuilds keep.
 * @param sourceSystem who speaks where the record does not say so
 */
export function fhirReader({ profile }: CheckedProfile, sourceSystem: string, keys: Keyring): FhirReader {
  const facts: { -readonly [name in keyof FileFacts]: FileFacts[name] } = {
    objectKey: '',
    lastModifiedMs: 0,
    fileTime: 0,
  };
  const mappers = new Map<string, FhirMapper>();
  const mapperFor = (source: string): FhirMapper => {
    let mapper = mappers.get(source);
    if (mapper) return mapper;
    if (mappers.size === MOST_SOURCES) mappers.clear();
    mappers.set(source, (mapper = new FhirMapper({ ...profile, source_system: source }, facts)));
    return mapper;
  };
  const maxBytes = profile.file.max_record_bytes;
  return {
    profile: profile.profile,
    read(document, { arrivedAt, before }, thrown) {
      facts.fileTime = arrivedAt;
      facts.lastModifiedMs = Math.floor(arrivedAt / 1000);
      const mapper = mapperFor(document.sourceSystem ?? sourceSystem);
      const ctx = { keys, maxBytes, deriveEventId: true };
      const parts = [...entriesOf(document, maxBytes)].flatMap(({ record, bytes, entry }): FhirPart[] => {
        const judged = judgeRecord({ ...record, row: record.row + before }, mapper, ctx, thrown);
        mapper.notes.clear();
        if (typeof judged === 'string') return [{ entry, bytes, unmapped: judged }];
        return judged.map((verdict) => ({ entry, element: verdict.place, bytes, outcome: outcomeOf(verdict) }));
      });
      return parts.length > 0 ? parts : [{ entry: 0, bytes: document.bytes, unmapped: 'Bundle' }];
    },
  };
}

function outcomeOf(verdict: Verdict): Exclude<Outcome, { unmapped: string }> {
  const { violations, events } = verdict;
  if (violations.length === 0) return { ok: true, events };
  const { entity, version } = faultyEntity(verdict);
  return { ok: false, violations, entity: entity ?? undefined, version: version ?? undefined };
}

/** Entries of a Bundle, or the resource itself as the only one, with their numbers from 0. */
function* entriesOf({ bytes }: FhirText, maxBytes: number) {
  const reader = new FhirDocument(bytes, 0, { offset: 0, row: 0 }, maxBytes);
  for (let record = reader.take(); record; record = reader.take())
    yield { record, bytes: reader.bytesOf(record), entry: record.row - 1 };
}

/** A part of a record of the stream: its bytes, and how it or what it was mended to is sent by itself. */
export interface PartOfRecord {
  bytes: Uint8Array;
  again(bytes: Uint8Array): Buffer;
}

/**
 * The entry of a FHIR document that a position names, in a record that may pack several.
 * @param place the position without the sequence number
 * @param arrivedAt when the record did, in microseconds since 1970
 */
export function fhirPartOf(record: Uint8Array, place: string, arrivedAt: number): PartOfRecord | undefined {
  const packed = membersOf(record);
  let before = Number(place.split('/')[0]);
  for (const member of Array.isArray(packed) ? (packed as readonly Uint8Array[]) : [record]) {
    const document = fhirIn(member);
    const entries = document ? [...entriesOf(document, MOST_RECORD_BYTES)] : [];
    const found = entries[before];
    if (document && found)
      return {
        bytes: found.bytes,
        again: (bytes) =>
          wrapped(
            lineAgain(bytes, { bytes: document.bytes, at: found.record.offset }, isoInstant(arrivedAt)),
            document.sourceSystem,
          ),
      };
    before -= Math.max(1, entries.length);
    if (before < 0) return undefined;
  }
  return undefined;
}

const wrapped = (line: Buffer, sourceSystem: string | undefined): Buffer =>
  sourceSystem === undefined
    ? line
    : Buffer.concat([
        Buffer.from(`{"source_system":${JSON.stringify(sourceSystem)},"resource":`),
        line,
        Buffer.from('}'),
      ]);
