/** Columns that every row of a view has besides those of the view, with what they hold. */
export const KNOWN_COLUMN_DOCS = {
  _resource_type: 'type of the resource',
  _resource_id: 'its id',
  _last_updated: '`meta.lastUpdated`',
  _version_id: '`meta.versionId`',
  _version_number: '`meta.versionId`, where it is a whole number',
  _bundle_timestamp: '`timestamp` of the Bundle around it',
  _file_time: 'time of the file',
} as const;

export const KNOWN_COLUMNS: ReadonlySet<string> = new Set(Object.keys(KNOWN_COLUMN_DOCS));
