import type { EntityName } from '../../contracts';
import { silverColumns } from '../../contracts/derive/columns';
import { nextChunk } from '../../core/files/chunk';
import { mapperOf } from '../../core/files/mapper-of';
import { openFile, readerAt } from '../../core/files/open';
import { Keyring } from '../../core/records/keys';
import { builtInProfile } from '../../profiles';

const keys = Keyring.fromSecret('{"key_version":1,"secret":"a secret of a test, long enough"}');
export const FILE_MS = Date.parse('2026-05-01T12:00:00Z');

export const SUBJECT = { subject: { reference: 'Patient/p' } };
export const CODE = { code: { coding: [{ system: 'http://loinc.org', code: '1-8', display: 'One' }] } };
export const START = '2026-03-09T10:00:00-05:00';

/** Resources by their status: type, entity, member of the entity, a resource of that status, and the states that do not take it back. */
export const STATES: [string, EntityName, string, (status: string) => object, string[]][] = [
  [
    'Encounter',
    'encounter',
    'status_code',
    (status) => ({ status, class: { code: 'AMB' }, ...SUBJECT, period: { start: START } }),
    ['planned', 'arrived', 'triaged', 'in-progress', 'onleave', 'finished', 'cancelled', 'unknown'],
  ],
  [
    'Condition',
    'diagnosis',
    'verification_status_code',
    (code) => ({ verificationStatus: { coding: [{ code }] }, ...CODE, ...SUBJECT, recordedDate: '2026-03-09' }),
    ['unconfirmed', 'provisional', 'differential', 'confirmed', 'refuted'],
  ],
  [
    'Procedure',
    'procedure',
    'status_code',
    (status) => ({ status, ...CODE, ...SUBJECT, performedDateTime: START }),
    ['preparation', 'in-progress', 'not-done', 'on-hold', 'stopped', 'completed', 'unknown'],
  ],
  [
    'Observation',
    'observation',
    'status_code',
    (status) => ({ status, ...CODE, ...SUBJECT, effectiveDateTime: START }),
    ['registered', 'preliminary', 'final', 'amended', 'corrected', 'cancelled', 'unknown'],
  ],
  [
    'DiagnosticReport',
    'diagnostic_report',
    'status_code',
    (status) => ({ status, ...CODE, ...SUBJECT, effectiveDateTime: START, result: [{ reference: 'Observation/o' }] }),
    ['registered', 'partial', 'preliminary', 'final', 'amended', 'corrected', 'appended', 'cancelled', 'unknown'],
  ],
  [
    'MedicationRequest',
    'medication_order',
    'status_code',
    (status) => ({ status, intent: 'order', ...SUBJECT, authoredOn: START }),
    ['active', 'on-hold', 'cancelled', 'completed', 'stopped', 'draft', 'unknown'],
  ],
  [
    'MedicationDispense',
    'prescription_fill',
    'status_code',
    (status) => ({ status, ...SUBJECT, whenHandedOver: START }),
    ['preparation', 'in-progress', 'cancelled', 'on-hold', 'completed', 'stopped', 'declined', 'unknown'],
  ],
  [
    'Appointment',
    'appointment',
    'status_code',
    (status) => ({
      status,
      start: START,
      participant: [{ actor: { reference: 'Patient/p' } }, { actor: { reference: 'Location/l' } }],
    }),
    ['proposed', 'pending', 'booked', 'arrived', 'fulfilled', 'cancelled', 'noshow', 'checked-in', 'waitlist'],
  ],
  [
    'AdverseEvent',
    'adverse_event',
    'actuality_code',
    (actuality) => ({ actuality, ...SUBJECT, date: START }),
    ['actual', 'potential'],
  ],
];

export type SilverObject = Record<string, unknown>;

/** What the built-in profile makes of files. */
export interface Made {
  received: number;
  accepted: number;
  /** Rules and pointers, by the position of what was rejected. */
  rejected: [string, string][];
  unmapped: Record<string, number>;
  rows: Record<string, SilverObject[]>;
}

/** Reads files by the built-in profile, without anything that stores. */
export async function readByFhirR4(bodies: Iterable<Buffer | string>): Promise<Made> {
  const made: Made = { received: 0, accepted: 0, rejected: [], unmapped: {}, rows: {} };
  for (const body of bodies) {
    const bytes = Buffer.from(body);
    const source = { size: bytes.length, read: (at: number, n: number) => Promise.resolve(bytes.subarray(at, at + n)) };
    const opened = await openFile(builtInProfile('fhir-r4')!, source);
    if (!opened.ok) throw new Error(JSON.stringify(opened.errors));
    const facts = { objectKey: 'fhir-r4/x', lastModifiedMs: FILE_MS, fileTime: FILE_MS * 1000 };
    const mapper = mapperOf(opened.file, facts);
    const reader = readerAt(opened.file, opened.file.start);
    for (let done = false; !done;) {
      const chunk = await nextChunk(reader, mapper, { keys, maxBytes: 8_388_608, deriveEventId: true });
      if (chunk.thrown.length > 0) throw chunk.thrown[0];
      done = chunk.done;
      made.accepted += chunk.accepted;
      made.received += chunk.accepted + chunk.rejected.length;
      for (const { position, violations } of chunk.rejected)
        made.rejected.push([position, violations.map(({ rule, pointer }) => `${rule} ${pointer}`).join(', ')]);
      for (const [type, n] of Object.entries(chunk.unmapped)) {
        made.unmapped[type] = (made.unmapped[type] ?? 0) + n;
        made.received += n;
      }
      for (const { entity, rows } of chunk.entities) {
        const names = silverColumns(entity).map(({ name }) => name);
        const objects = rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i]])));
        made.rows[entity] = [...(made.rows[entity] ?? []), ...objects];
      }
    }
  }
  return made;
}
