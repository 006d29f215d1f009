/**
 * What breaking a rule does: `reject` sends the record to quarantine; `warn` keeps it and flags it; `member` does the first where
 * the record cannot be without the member (its key, what the contract requires), else the member becomes null and the record is flagged.
 */
export type Severity = 'reject' | 'warn' | 'member';

export interface Rule {
  readonly severity: Severity;
  readonly doc: string;
}

/**
 * Every rule that the contracts know, by id. A rule that rejects looks at the one record only; what needs other
 * records or another time flags, so that accepting stays a pure function of the record. Rejected is what cannot be read, a wrong envelope, a
 * payload without its key or a required member, and one with a member that nobody knows, which may be a known one misspelled. One unreadable
 * optional member must not cost the rest of a record.
 */
export const RULES = {
  'DQ-FMT-01': {
    severity: 'reject',
    doc: 'The bytes decode as declared (UTF-8 for records), hold no NUL and no half of a surrogate pair; a delimited row is as wide as its header.',
  },
  'DQ-FMT-02': { severity: 'reject', doc: 'The record is well-formed JSON.' },
  'DQ-FMT-03': {
    severity: 'reject',
    doc: 'A record that packs several (aggregated by the Kinesis Producer Library, or compressed with gzip) is complete and can be unpacked.',
  },
  'DQ-FMT-07': {
    severity: 'reject',
    doc: 'No object of the JSON text contains a member twice: readers differ in which of the two they use.',
  },
  'ENV-SIZE': { severity: 'reject', doc: 'The record does not exceed the maximum record size.' },
  'ENV-OBJECT': { severity: 'reject', doc: 'The record is a single JSON object, and so is its payload.' },
  'ENV-UNKNOWN': { severity: 'reject', doc: 'The envelope contains only members that the contract defines.' },
  'ENV-MISSING': { severity: 'reject', doc: 'Every member of the envelope is present and not empty.' },
  'ENV-TYPE': { severity: 'reject', doc: 'Every member of the envelope has its JSON type.' },
  'ENV-ENTITY': { severity: 'reject', doc: 'The entity is one that the contracts define.' },
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
    doc: 'effective_at and recorded_at are valid ISO-8601 instants with an offset, years 1900 to 2200; fractions finer than microseconds are cut.',
  },
  'ENV-AHEAD': {
    severity: 'reject',
    doc: 'recorded_at, and the time of a file that orders its rows, are at most one day after the arrival of the record: a source cannot know the future, and such an event would win forever.',
  },
  'ENV-SEQUENCE': {
    severity: 'warn',
    doc: 'source_sequence is a whole number, 0 or greater: a JSON number up to 2^53 - 1, or text of at most 37 digits. Anything else is left out, and the event then has no place in the order of its source.',
  },
  'FLD-UNKNOWN': { severity: 'reject', doc: 'The payload contains only members that the contract defines.' },
  'FLD-MISSING': { severity: 'reject', doc: 'A required member is present and not empty.' },
  'FLD-ONE-OF': {
    severity: 'warn',
    doc: 'At least one of several alternative members is present (a patient has a birth date or a reported age).',
  },
  'FLD-TYPE': { severity: 'member', doc: 'The member has the JSON type that the contract defines.' },
  'FLD-LENGTH': { severity: 'member', doc: 'The text is no longer than the contract allows, counted in UTF-8 bytes.' },
  'FLD-CODE': { severity: 'member', doc: 'The code is one that the contract lists.' },
  'FLD-DIGITS': { severity: 'member', doc: 'The text consists of exactly as many digits as the contract requires.' },
  'FLD-RANGE': {
    severity: 'member',
    doc: 'The number is between the minimum and the maximum of its contract; a decimal fits its precision and scale.',
  },
  'FLD-DATE': { severity: 'member', doc: 'The date is a valid calendar day, YYYY-MM-DD, years 1900 to 2200.' },
  'FLD-TIME': {
    severity: 'member',
    doc: 'The time is a valid ISO-8601 instant with an offset, years 1900 to 2200; fractions finer than microseconds are cut.',
  },
  'FLD-ZONE': {
    severity: 'member',
    doc: 'The name is a zone in the release of the IANA time zone database that the platform pins.',
  },
  'DQ-ID-01': { severity: 'reject', doc: 'Every part of the natural key is present and not empty.' },
  'DQ-ID-03': {
    severity: 'member',
    doc: 'An NPI has ten digits, begins with 1 or 2 and ends with its check digit (Luhn over 80840 + NPI). An invalid reference is kept and flagged, and leads to the unknown member; one longer than its field is left empty (FLD-LENGTH).',
  },
  'DQ-ID-05': {
    severity: 'warn',
    doc: 'The patient that a record names is known; otherwise an inferred member represents it.',
  },
  'DQ-ID-06': {
    severity: 'warn',
    doc: 'The clinic that a record names is known; otherwise an inferred member represents it.',
  },
  'DQ-ID-12': {
    severity: 'warn',
    doc: 'The member of any other dimension that a record names is known; otherwise an inferred member represents it.',
  },
  'DQ-ID-13': {
    severity: 'warn',
    doc: 'An identifier was not altered on its way. ="00123", a leading apostrophe, a trailing .0 and characters without width are removed; 2.98725E+13 has lost digits and is kept as received.',
  },
  'DQ-ID-10': { severity: 'reject', doc: 'A link joins two records, and not one with itself.' },
  'DQ-ID-15': { severity: 'warn', doc: 'The organization that a fact names is described by some source.' },
  'DQ-ID-16': { severity: 'warn', doc: 'The location that a fact names is described by some source.' },
  'DQ-COD-06': {
    severity: 'warn',
    doc: 'The code that a fact is about is described by a reference file; those that none describes are the list of unmapped codes.',
  },
  'DQ-OBS-02': {
    severity: 'warn',
    doc: 'A number of a code that has a canonical unit has a unit that converts into it. One without unit, or with one that is unknown or of another kind of quantity, has no canonical value.',
  },
  'DQ-OBS-04': {
    severity: 'warn',
    doc: 'The unit of a value is described by a reference file; those that none describes are the list of unknown units.',
  },
  'DQ-ENC-01': { severity: 'warn', doc: 'An encounter or a stay begins before it ends.' },
  'DQ-ENC-07': { severity: 'warn', doc: 'An encounter names its patient.' },
  'DQ-ENC-14': {
    severity: 'warn',
    doc: 'The offset of the start was written as the zone of the location has it at that time.',
  },
  'DQ-DX-01': { severity: 'warn', doc: 'A condition begins before it ends.' },
  'DQ-PRC-01': { severity: 'warn', doc: 'A procedure begins before it ends.' },
  'DQ-RX-07': { severity: 'warn', doc: 'A medicine is ordered before it is stopped.' },
  'DQ-RX-08': {
    severity: 'warn',
    doc: 'The medicine that an order or fill names by an identifier is in the list of the source.',
  },
  'DQ-PAT-02': { severity: 'warn', doc: 'A patient is born before the day of death.' },
  'DQ-PAT-01': { severity: 'member', doc: 'A birth date is not before 1900-01-01.' },
  'DQ-PAT-05': { severity: 'member', doc: 'A reported age is not negative.' },
  'DQ-PAT-07': {
    severity: 'member',
    doc: 'A birth date is at most one day after the day (UTC) on which the source knew it.',
  },
  'DQ-APT-03': {
    severity: 'warn',
    doc: 'An appointment is not created after the day it is scheduled for (negative lead time), both days in the time zone of the clinic.',
  },
  'DQ-APT-04': { severity: 'warn', doc: 'Creation, arrival, start and end are in this order.' },
  'DQ-APT-06': {
    severity: 'warn',
    doc: 'The status and the times agree: a no-show has no arrival, start or end; a cancelled appointment has no start or end.',
  },
  'DQ-APT-14': {
    severity: 'warn',
    doc: 'The offset of a scheduled start is the one in force in the time zone of the clinic at that time. Local day and hour follow the zone.',
  },
  'DQ-APT-05': { severity: 'member', doc: 'The status is one of the FHIR appointment statuses.' },
  'DQ-TIE-01': {
    severity: 'warn',
    doc: 'No two events about one thing have the same times and source order but different content. If they do, the more advanced state wins, then a hash decides; checked in the warehouse, over all known events.',
  },
  'SYS-THROWN': {
    severity: 'reject',
    doc: 'The platform can process the record. One for which its code throws is quarantined as received: a fault of the platform, not of the sender; replay it after the fault is fixed.',
  },
  'SYS-KILLED': {
    severity: 'reject',
    doc: 'The platform survives the record. One that, alone in its batch, crashed the process twice (memory, time) is quarantined unread; replay it after the fault is fixed.',
  },
  'LOAD-NAME-01': {
    severity: 'reject',
    doc: 'The name of an object in silver is a silver key of a published contract version; other objects are never loaded.',
  },
  'LOAD-COPY-01': {
    severity: 'reject',
    doc: 'The warehouse can copy the silver object. One that it refuses is found by halving the load, and is quarantined as a whole.',
  },
  'LOAD-COPY-02': {
    severity: 'reject',
    doc: 'An error of COPY is recognized as an outage or as a fault of the content; otherwise the object is set aside, still pending, and the load fails.',
  },
  'LOAD-KEY-01': {
    severity: 'reject',
    doc: 'The durable keys of a load were made with the same secret as those of the warehouse; otherwise the whole load is refused.',
  },
  'LOAD-FACT-01': {
    severity: 'reject',
    doc: 'A load writes exactly the facts that its events decide, each once; otherwise the whole load is refused.',
  },
  'LOAD-LEFT-01': {
    severity: 'reject',
    doc: 'After a load every fact reflects the members that changed, and every remaining inferred member is named by a fact; otherwise the whole load is refused.',
  },
} as const satisfies Record<string, Rule>;

export type RuleId = keyof typeof RULES;
