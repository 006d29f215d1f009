import { scanObject, skipBlanks, textIn } from '../files/fhir/scan';

/** A FHIR document as a record of the stream brings it. */
export interface FhirText {
  bytes: Buffer;
  /** Byte of the record at which it begins. */
  at: number;
  /** Who speaks, where the record says so; else the environment's configuration does. */
  sourceSystem: string | undefined;
}

const MARK = Buffer.from('"resourceType"');
/** Names of an envelope that no element of FHIR can have; `entity` and `payload` are elements too. */
const OF_ENVELOPES = new Set(['event_id', 'schema_version', 'effective_at', 'recorded_at']);
const WRAPPED = ['resource', 'source_system'];

/**
 * The FHIR document in a record that is no envelope: a resource or Bundle by itself, or as `resource` beside `source_system`. Only what stands at the
 * top is looked at, so that a Bundle with an entry that is no JSON is one all the same.
 */
export function fhirIn(record: Uint8Array): FhirText | undefined {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  if (!bytes.includes(MARK)) return undefined;
  const begin = skipBlanks(bytes, 0);
  if (bytes[begin] !== 0x7b) return undefined;
  const { items, broken } = scanObject(bytes, begin);
  const names = items.map(({ name }) => name);
  if (names.some((name) => OF_ENVELOPES.has(name))) return undefined;
  if (names.includes('resourceType')) return { bytes, at: 0, sourceSystem: undefined };
  const member = (wanted: string) => items.find(({ name }) => name === wanted);
  const resource = member('resource');
  const sourceSystem = textIn(bytes, member('source_system'));
  if (broken !== undefined || names.sort().join() !== WRAPPED.join() || !resource || sourceSystem === undefined)
    return undefined;
  return { bytes: bytes.subarray(resource.start, resource.end), at: resource.start, sourceSystem };
}
