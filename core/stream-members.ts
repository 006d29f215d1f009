import { MAX_RECORD_BYTES } from '../contracts/envelope';
import type { EntityName, RuleId } from '../contracts';
import type { FhirPart, FhirReader } from './files/fhir/stream';
import type { BronzeRecord } from './lake/parquet';
import { conform } from './records/conform';
import { fhirIn } from './records/fhir-mark';
import type { Keyring } from './records/keys';
import { membersOf } from './records/members';
import type { Outcome, Refused } from './records/outcome';

/** What is accepted or rejected by itself: a record, one of the events that it packs, or a part of a FHIR document in it. */
export interface Member {
  /** Place of the record in the batch. */
  record: number;
  /** Sequence number of the record, and after slashes the place in it, where it packs several. */
  position: string;
  data: Uint8Array;
  outcome: Outcome;
  /** The profile that read it; null of an envelope. */
  profile: string | null;
}

/** A batch taken apart. */
export interface TakenApart {
  members: Member[];
  /** How many events each record packs; null where it is one. */
  packed: (number | null)[];
  /** Of each record that holds FHIR the places of what it became; null of the others. */
  parts: (string | null)[];
  /** Whether FHIR was met without a reader for it: it is then refused as the envelope that it is not. */
  lacksReader: boolean;
}

export const refusedBy = (rule: RuleId, of: { entity?: EntityName; version?: number } = {}): Refused => ({
  ok: false,
  violations: [{ rule, pointer: '' }],
  ...of,
});

/** The records of a batch as members that are taken as they are, each refused by a rule. */
export const unread = (records: readonly BronzeRecord[], rule: RuleId): TakenApart => ({
  members: records.map(({ sequence, data }, record) => ({
    record,
    position: sequence,
    data,
    outcome: refusedBy(rule),
    profile: null,
  })),
  packed: records.map(() => null),
  parts: records.map(() => null),
  lacksReader: false,
});

/**
 * Longest position that the warehouse's tables hold. Only a record of many thousand entries, or an entry whose lists have hundreds of elements, has longer
 * ones.
 */
const MAX_POSITION = 64;

/** Where the records of a batch are taken apart; what is thrown refuses no more than what it was thrown at. */
export interface Judging {
  keys: Keyring;
  fhir: FhirReader | undefined;
  thrown: unknown[];
}

/** Takes the records of a batch apart and judges what they hold. */
export function takeApart(records: readonly BronzeRecord[], judging: Judging): TakenApart {
  const taken: TakenApart = { members: [], packed: [], parts: [], lacksReader: false };
  records.forEach((received, record) => takeRecord(received, record, judging, taken));
  return taken;
}

function takeRecord(received: BronzeRecord, record: number, judging: Judging, into: TakenApart): void {
  const { sequence, data, arrivedAt } = received;
  const found = membersOf(data);
  const alone = (outcome: Outcome): Member => ({ record, position: sequence, data, outcome, profile: null });
  if (found === 'broken') {
    into.members.push(alone(refusedBy('DQ-FMT-03')));
    into.packed.push(null);
    into.parts.push(null);
    return;
  }
  const places: string[] = [];
  let holdsFhir = false;
  let next = 0;
  for (const bytes of found ?? [data]) {
    const outcome = judgeEnvelope(bytes, received, judging);
    const document = 'ok' in outcome && !outcome.ok ? fhirIn(bytes) : undefined;
    if (document && judging.fhir) {
      holdsFhir = true;
      const parts = judging.fhir.read(document, { arrivedAt, before: next }, judging.thrown);
      for (const part of parts) {
        const member = memberOf(part, { record, sequence, next, profile: judging.fhir.profile });
        places.push(member.position.slice(sequence.length + 1) + ('unmapped' in part ? `=${part.unmapped}` : ''));
        into.members.push(member);
      }
      next += parts[parts.length - 1].entry + 1;
    } else {
      into.lacksReader ||= document !== undefined;
      places.push(String(next));
      into.members.push(
        found ? { record, position: `${sequence}/${next}`, data: bytes, outcome, profile: null } : alone(outcome),
      );
      next++;
    }
  }
  into.packed.push(holdsFhir || found ? next : null);
  into.parts.push(holdsFhir ? places.join(' ') : null);
}

function judgeEnvelope(bytes: Uint8Array, received: BronzeRecord, { keys, thrown }: Judging): Outcome {
  try {
    const judged = conform(bytes, { keys, maxBytes: MAX_RECORD_BYTES }, received);
    return judged.ok ? { ok: true, events: [judged] } : judged;
  } catch (error) {
    thrown.push(error);
    return refusedBy('SYS-THROWN');
  }
}

/** @param at the record, how many entries of it come before those of the document, and the profile that read it */
function memberOf(part: FhirPart, at: { record: number; sequence: string; next: number; profile: string }): Member {
  const place = [at.next + part.entry, part.element].filter((step) => step !== undefined).join('/');
  const position = `${at.sequence}/${place}`;
  const fits = position.length <= MAX_POSITION;
  return {
    record: at.record,
    position,
    data: part.bytes,
    profile: at.profile,
    outcome: 'unmapped' in part ? part : fits || !part.outcome.ok ? part.outcome : refusedBy('DQ-FMT-03'),
  };
}
