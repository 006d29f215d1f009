/** What breaking a rule does: `reject` sends the record to quarantine, `warn` keeps it and flags it. */
export type Severity = 'reject' | 'warn';

export interface Rule {
  readonly severity: Severity;
  readonly doc: string;
  /** The rule rejects the entity's own key but only flags a reference from another entity. */
  readonly warnsOnReference?: boolean;
}

/**
 * Every rule that the contracts know, by id. A rule that rejects looks at the one record only; what needs other
 * records or another time flags, so that accepting stays a pure function of the record.
 */
export const RULES = {
  'DQ-FMT-01': {
    severity: 'reject',
    doc: 'The bytes decode as declared (UTF-8 for records), hold no NUL and no half of a surrogate pair; a delimited row is as wide as its header.',
  },
  'DQ-FMT-02': { severity: 'reject', doc: 'The record is well-formed JSON.' },
  'DQ-FMT-03': {
    severity: 'reject',
    doc: 'A record that packs several (aggregated by the Kinesis Producer Library, or compressed by gzip) is whole and can be unpacked.',
  },
  'ENV-SIZE': { severity: 'reject', doc: 'The record is not longer than the greatest record size.' },
  'ENV-OBJECT': { severity: 'reject', doc: 'The record is one JSON object, and so is its payload.' },
  'ENV-UNKNOWN': { severity: 'reject', doc: 'The envelope holds no member that the contract does not name.' },
  'ENV-MISSING': { severity: 'reject', doc: 'Every member of the envelope is present and not empty.' },
  'ENV-TYPE': { severity: 'reject', doc: 'Every member of the envelope has its JSON type.' },
  'ENV-ENTITY': { severity: 'reject', doc: 'The entity is one that the contracts name.' },
  'ENV-VERSION': {
    severity: 'reject',
    doc: 'The schema version is one that the contract of the entity has published.',
  },
  'ENV-OP': { severity: 'reject', doc: 'The operation is upsert or delete.' },
  'ENV-ID': {
    severity: 'reject',
    doc: 'event_id has at most 128 bytes; source_system has at most 64 of A-Z a-z 0-9 . _ -',
  },
  'ENV-TIME': {
    severity: 'reject',
    doc: 'effective_at and recorded_at are possible ISO-8601 instants with an offset, years 1900 to 2200, at most microseconds.',
  },
  'ENV-AHEAD': {
    severity: 'reject',
    doc: 'recorded_at lies at most a day after the arrival of the record: nobody knows today what only tomorrow brings, and such an event would win for good.',
  },
  'ENV-SEQUENCE': {
    severity: 'warn',
    doc: 'source_sequence is a whole number from 0 on: a JSON number up to 2^53 - 1, or text of at most 37 digits. Another one is left out, and the event has no place in the order of its source.',
  },
  'FLD-UNKNOWN': { severity: 'reject', doc: 'The payload holds no member that the contract does not name.' },
  'FLD-MISSING': { severity: 'reject', doc: 'A required member is present and not empty.' },
  'FLD-ONE-OF': {
    severity: 'reject',
    doc: 'At least one of the members that stand for each other is present (a patient has a birth date or a reported age).',
  },
  'FLD-TYPE': { severity: 'reject', doc: 'The member has the JSON type of its contract.' },
  'FLD-LENGTH': { severity: 'reject', doc: 'The text is not longer than the contract allows, counted in UTF-8 bytes.' },
  'FLD-CODE': { severity: 'reject', doc: 'The code is in the set of its contract.' },
  'FLD-DIGITS': { severity: 'reject', doc: 'The text is exactly as many digits as the contract says.' },
  'FLD-RANGE': {
    severity: 'reject',
    doc: 'The number is within the least and greatest value of its contract, a decimal within precision and scale.',
  },
  'FLD-DATE': { severity: 'reject', doc: 'The date is a day of the calendar, YYYY-MM-DD, years 1900 to 2200.' },
  'FLD-TIME': {
    severity: 'reject',
    doc: 'The time is a possible ISO-8601 instant with an offset, years 1900 to 2200, at most microseconds.',
  },
  'DQ-ID-01': { severity: 'reject', doc: 'Every part of the natural key is present and not empty.' },
  'DQ-ID-03': {
    severity: 'reject',
    warnsOnReference: true,
    doc: 'An NPI has ten digits, begins with 1 or 2 and ends with its check digit (Luhn over 80840 + NPI). As a reference it is flagged and leads to the unknown member.',
  },
  'DQ-ID-05': {
    severity: 'warn',
    doc: 'The patient that a record names is known; else an inferred member stands for it.',
  },
  'DQ-ID-06': {
    severity: 'warn',
    doc: 'The clinic that a record names is known; else an inferred member stands for it.',
  },
  'DQ-ID-12': {
    severity: 'warn',
    doc: 'The member of any other dimension that a record names is known; else an inferred member stands for it.',
  },
  'DQ-PAT-01': { severity: 'reject', doc: 'A birth date is not before 1900-01-01.' },
  'DQ-PAT-05': { severity: 'reject', doc: 'A reported age is not negative.' },
  'DQ-PAT-07': { severity: 'warn', doc: 'A birth date is not after the day on which the source knew it.' },
  'DQ-APT-03': {
    severity: 'warn',
    doc: 'An appointment is not created after the local day it is scheduled for (negative lead).',
  },
  'DQ-APT-04': { severity: 'warn', doc: 'Creation, arrival, start and completion follow one another.' },
  'DQ-APT-05': { severity: 'reject', doc: 'The status is one of the FHIR appointment statuses.' },
  'DQ-TIE-01': {
    severity: 'warn',
    doc: 'No two events about one thing have the same times and the same source order and say different things. Where they do, the state that is further on holds, then a hash; found in the warehouse, from all that is known.',
  },
  'SYS-THROWN': {
    severity: 'reject',
    doc: 'The platform can read the record. One at which its code throws is quarantined as it came: a fault of the platform, not of the sender; replay it after the fault is mended.',
  },
  'SYS-KILLED': {
    severity: 'reject',
    doc: 'The platform survives the record. One that, alone in its batch, ended the process twice (memory, time) is quarantined unread; replay it after the fault is mended.',
  },
  'LOAD-NAME-01': {
    severity: 'reject',
    doc: 'The name of an object in silver is a silver key of a published contract version; another is loaded by nobody.',
  },
  'LOAD-COPY-01': {
    severity: 'reject',
    doc: 'The warehouse can copy the silver object. One that it refuses is found by halving the load, and quarantined whole.',
  },
  'LOAD-COPY-02': {
    severity: 'reject',
    doc: 'What COPY says when it fails is known as an outage or as a fault of the content; else the object stays pending, set aside, and the load fails.',
  },
  'LOAD-KEY-01': {
    severity: 'reject',
    doc: 'The durable keys of a load were made with the secret that the warehouse was keyed with; else the whole load is refused.',
  },
  'LOAD-FACT-01': {
    severity: 'reject',
    doc: 'A load writes exactly the facts that its events decide, each once; else the whole load is refused.',
  },
  'LOAD-LEFT-01': {
    severity: 'reject',
    doc: 'After a load every fact has followed the members that changed, and no inferred member is left that no fact names; else the whole load is refused.',
  },
} as const satisfies Record<string, Rule>;

export type RuleId = keyof typeof RULES;
