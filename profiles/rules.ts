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
  'PRF-JSON': { scope: 'profile', doc: 'the profile is not valid JSON, or names a member twice' },
  'PRF-SCHEMA': { scope: 'profile', doc: 'the profile does not follow the schema docs/generated/profile.schema.json' },
  'PRF-NAME': {
    scope: 'profile',
    doc: 'the name of the profile belongs to a built-in profile, or to another of its source, or a profile of a source lacks its source in its name, or its files',
  },
  'PRF-ENTITY': {
    scope: 'profile',
    doc: 'the profile feeds an entity twice under one condition, or needs what its mode does not allow',
  },
  'PRF-FIELD': {
    scope: 'profile',
    doc: 'a field is not in the contract of its entity, or a required field is not mapped',
  },
  'PRF-VALUE': {
    scope: 'profile',
    doc: 'a constant, default or code map gives a value that the contract does not allow',
  },
  'PRF-COLUMN': {
    scope: 'profile',
    doc: 'a column is both used and ignored, is named twice, or is not a pointer where the format needs one',
  },
  'PRF-TIME': { scope: 'profile', doc: 'a date or time pattern cannot be read, or a zone is not an IANA zone' },
  'PRF-REGEX': {
    scope: 'profile',
    doc: 'a regular expression is not one of RE2 (no look-around, no back-references), or lacks the group whose text is the value',
  },
  'PRF-MODE': { scope: 'profile', doc: 'the members that a mode needs are missing, or belong to another mode' },
  'FIL-PRF-01': { scope: 'file', doc: 'the first folder of the object name is not the name of a profile' },
  'FIL-PRF-03': {
    scope: 'file',
    doc: 'no profile of the source has a pattern for the name of the file, or several have',
  },
  'FIL-PRF-02': { scope: 'file', doc: 'the profile of this file is wrong' },
  'FIL-ENC-01': { scope: 'file', doc: 'the file is not text (an archive, workbook, image or other binary file)' },
  'FIL-ENC-02': { scope: 'file', doc: 'the byte-order mark says another encoding than the profile' },
  'FIL-ENC-03': {
    scope: 'file',
    doc: 'the file is UTF-8 and the profile says an encoding of one byte: ü would become Ã¼',
  },
  'FIL-LIN-01': { scope: 'file', doc: 'the lines end with CR alone, which nothing else than old Macs writes' },
  'FIL-HDR-01': { scope: 'file', doc: 'the file is empty: not even a header' },
  'FIL-HDR-02': { scope: 'file', doc: 'a column that the profile uses is not in the header' },
  'FIL-HDR-03': { scope: 'file', doc: 'the header has a column that the profile neither uses nor ignores' },
  'FIL-HDR-04': { scope: 'file', doc: 'the header names a column twice' },
  'FIL-HDR-05': { scope: 'file', doc: 'the header cannot be read as one CSV record' },
  'FIL-HDR-06': { scope: 'file', doc: 'the first record is not a JSON object' },
  'FIL-HDR-07': {
    scope: 'file',
    doc: 'the file is one JSON document over many lines (indented, or an array), and not one object per line',
  },
  'FIL-HDR-08': {
    scope: 'file',
    doc: 'the file has fewer lines than the profile says stand above its columns (file.preamble_lines), or these are longer than 64 KiB',
  },
  'FIL-ROW-01': { scope: 'row', doc: 'the row is longer than the profile allows (file.max_record_bytes)' },
  'FIL-ROW-02': { scope: 'row', doc: 'a quoted value is not closed, or text follows its closing quote' },
  'FIL-ROW-03': { scope: 'row', doc: 'the record has a member that the profile neither uses nor ignores' },
  'FIL-ROW-04': { scope: 'row', doc: 'no entity of the profile is fed by this row' },
  'FIL-ROW-05': {
    scope: 'row',
    doc: 'the row is UTF-8 and the profile says an encoding of one byte: ü would become Ã¼',
  },
  'FIL-MAP-01': { scope: 'member', doc: 'the code is not in the map of the profile' },
  'FIL-MAP-02': { scope: 'member', doc: 'the value does not follow the date or time pattern of the profile' },
  'FIL-MAP-03': {
    scope: 'member',
    doc: 'the value is not a number in the notation of the profile, or none that can be added to a time',
  },
  'FIL-MAP-04': {
    scope: 'member',
    doc: 'the local time does not exist or exists twice in its zone, and the profile refuses such times',
  },
  'FIL-MAP-05': {
    scope: 'member',
    doc: 'the object name, the lines above the columns or the file itself give no value where the profile takes one from them',
  },
  'FIL-MAP-06': {
    scope: 'member',
    doc: 'the text does not follow the pattern by which the profile takes a part of it',
  },
  'FIL-TXT-01': {
    scope: 'note',
    doc: 'the row holds text that was UTF-8, was read as one byte per letter and written again (Ã¼ for ü); it was kept as it is',
  },
  'FIL-TIM-01': {
    scope: 'note',
    doc: 'the date fits several patterns of the profile and is another day in each (03/04 as March or April); the first pattern was taken',
  },
  'FIL-TIM-02': {
    scope: 'warn',
    doc: 'the two-digit year of a day of birth may be of either century (an age of 0 to 110 both ways): the later one was taken',
  },
  'SNP-01': { scope: 'snapshot', doc: 'more keys are absent than the brake allows: no tombstone was written' },
  'SNP-02': {
    scope: 'snapshot',
    doc: 'the snapshot has rows without a readable key, so absence cannot be told: no tombstone was written',
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
