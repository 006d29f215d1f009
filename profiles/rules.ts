/**
 * Rule ids of files and profiles: what a profile, a file's header, a row of a file or a snapshot can be told.
 * The rules about an entity's content are the contracts' (`contracts/rules.ts`); these stand before them.
 */
export type FileRule = keyof typeof FILE_RULES;

/**
 * Scope: `profile` = the profile itself, `file` = the whole file is refused, `row` = one row is quarantined, `member` = the same where the
 * record cannot be without the value, else the field is left empty and the record flagged, `warn` = the record is flagged, `note` = the row
 * is read, and how often is counted and told, `snapshot` = absence is not acted on.
 */
export const FILE_RULES = {
  'PRF-JSON': { scope: 'profile', doc: 'the profile is not valid JSON, or contains a member twice' },
  'PRF-SCHEMA': { scope: 'profile', doc: 'the profile does not follow the schema docs/generated/profile.schema.json' },
  'PRF-NAME': {
    scope: 'profile',
    doc: 'the name of the profile is that of a built-in profile or of another one of its source, or a profile of a source lacks the source in its name, or lacks files',
  },
  'PRF-ENTITY': {
    scope: 'profile',
    doc: 'the profile feeds an entity twice under one condition, or uses something that its mode does not allow',
  },
  'PRF-FIELD': {
    scope: 'profile',
    doc: 'a field is not in the contract of its entity, or a required field is not mapped',
  },
  'PRF-VALUE': {
    scope: 'profile',
    doc: 'a constant, default or code map yields a value that the contract does not allow',
  },
  'PRF-COLUMN': {
    scope: 'profile',
    doc: 'a column is both used and ignored, is listed twice, or is not a pointer where the format requires one',
  },
  'PRF-TIME': { scope: 'profile', doc: 'a date or time pattern cannot be read, or a zone is not an IANA zone' },
  'PRF-REGEX': {
    scope: 'profile',
    doc: 'a regular expression is not valid RE2 (no look-around, no back-references), or lacks the group whose text is the value',
  },
  'PRF-MODE': { scope: 'profile', doc: 'members that the mode requires are missing, or belong to another mode' },
  'PRF-VIEW': {
    scope: 'profile',
    doc: 'a view of FHIR resources is not a ViewDefinition, uses something that is not evaluated here, or does not belong to its entity',
  },
  'FIL-PRF-01': { scope: 'file', doc: 'the first folder of the object name is not the name of a profile' },
  'FIL-PRF-03': {
    scope: 'file',
    doc: 'the name of the file matches the pattern of no profile of the source, or of several',
  },
  'FIL-PRF-02': { scope: 'file', doc: 'the profile of this file is not valid' },
  'FIL-ENC-01': { scope: 'file', doc: 'the file is not text (an archive, workbook, image or other binary file)' },
  'FIL-ENC-02': { scope: 'file', doc: 'the byte-order mark contradicts the encoding of the profile' },
  'FIL-ENC-03': {
    scope: 'file',
    doc: 'the file is UTF-8 but the profile declares a single-byte encoding: ü would become Ã¼',
  },
  'FIL-LIN-01': { scope: 'file', doc: 'the lines end with CR alone, as only old Macs write them' },
  'FIL-HDR-01': { scope: 'file', doc: 'the file is empty: not even a header' },
  'FIL-HDR-02': { scope: 'file', doc: 'a column that the profile uses is not in the header' },
  'FIL-HDR-03': { scope: 'file', doc: 'the header has a column that the profile neither uses nor ignores' },
  'FIL-HDR-04': { scope: 'file', doc: 'the header contains a column twice' },
  'FIL-HDR-05': { scope: 'file', doc: 'the header cannot be read as one CSV record' },
  'FIL-HDR-06': { scope: 'file', doc: 'the first record is not a JSON object' },
  'FIL-HDR-07': {
    scope: 'file',
    doc: 'the file is one JSON document over many lines (indented, or an array) instead of one object per line',
  },
  'FIL-HDR-08': {
    scope: 'file',
    doc: 'the file has fewer lines than the profile expects above its columns (file.preamble_lines), or they are longer than 64 KiB',
  },
  'FIL-ROW-01': { scope: 'row', doc: 'the row is longer than the profile allows (file.max_record_bytes)' },
  'FIL-ROW-02': { scope: 'row', doc: 'a quoted value is not closed, or text follows the closing quote' },
  'FIL-ROW-03': { scope: 'row', doc: 'the record has a member that the profile neither uses nor ignores' },
  'FIL-ROW-04': { scope: 'row', doc: 'no entity of the profile is fed by this row' },
  'FIL-ROW-05': {
    scope: 'row',
    doc: 'the row is UTF-8 but the profile declares a single-byte encoding: ü would become Ã¼',
  },
  'FIL-FHR-01': {
    scope: 'file',
    doc: 'the FHIR document is larger than 64 MiB: written as NDJSON, a resource per line, it may have any size',
  },
  'FIL-FHR-02': { scope: 'row', doc: 'the entry of the Bundle has no resource, and deletes none by type and id' },
  'FIL-FHR-03': { scope: 'row', doc: 'the resource names no type of FHIR R4 (resourceType)' },
  'FIL-FHR-04': { scope: 'row', doc: 'the resource has the form of another release of FHIR than R4' },
  'FIL-FHR-05': {
    scope: 'row',
    doc: 'the Bundle is of a type that is not read: batch, transaction, searchset and collection are',
  },
  'FIL-FHR-06': {
    scope: 'row',
    doc: 'a view cannot be evaluated on the resource, such as where a path that must have one value has several',
  },
  'FIL-FHR-07': {
    scope: 'warn',
    doc: 'the resource refers to an entry that the Bundle does not have (urn:uuid); the reference was kept as it is',
  },
  'FIL-MAP-01': { scope: 'member', doc: 'the code is not in the map of the profile' },
  'FIL-MAP-02': { scope: 'member', doc: 'the value does not match the date or time pattern of the profile' },
  'FIL-MAP-03': {
    scope: 'member',
    doc: 'the value is not a number in the notation of the profile, or cannot be added to a time',
  },
  'FIL-MAP-04': {
    scope: 'member',
    doc: 'the local time is skipped or occurs twice in its zone, and the profile refuses such times',
  },
  'FIL-MAP-05': {
    scope: 'member',
    doc: 'the profile takes a value from the object name, the lines above the columns or the file, and there is none',
  },
  'FIL-MAP-06': {
    scope: 'member',
    doc: 'the text does not match the pattern with which the profile extracts a part of it',
  },
  'FIL-TXT-01': {
    scope: 'note',
    doc: 'the row contains UTF-8 text that was once read in a single-byte encoding and written again (Ã¼ for ü); it was kept as it is',
  },
  'FIL-TIM-01': {
    scope: 'note',
    doc: 'the date matches several patterns of the profile and is a different day in each (03/04 in March or April); the first pattern was used',
  },
  'FIL-TIM-02': {
    scope: 'warn',
    doc: 'the two-digit year of a birth date may be in either century (an age of 0 to 110 both ways): the later one was used',
  },
  'SNP-01': { scope: 'snapshot', doc: 'more keys are absent than the brake allows: no tombstone was written' },
  'SNP-02': {
    scope: 'snapshot',
    doc: 'the snapshot has rows without a readable key, so absence cannot be determined: no tombstone was written',
  },
} as const satisfies Record<
  string,
  { scope: 'profile' | 'file' | 'row' | 'member' | 'warn' | 'note' | 'snapshot'; doc: string }
>;

/** One thing wrong with a profile, or between a profile and a header: where in the profile (JSON pointer, 1-based line), what, by which rule. */
export interface ProfileError {
  pointer: string;
  line: number;
  message: string;
  rule: FileRule;
}
