/** Columns that every row of a view has besides those of the view (docs/profiles.md says what they hold). */
export const KNOWN_COLUMNS = [
  '_resource_type',
  '_resource_id',
  '_last_updated',
  '_version_id',
  '_version_number',
  '_bundle_timestamp',
  '_file_time',
  '_element_number',
] as const;

export type KnownColumn = (typeof KNOWN_COLUMNS)[number];
