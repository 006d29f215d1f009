// Derived from the files in this folder: npm run generate

/** Entities that the platform knows. */
export type EntityName =
  | 'appointment'
  | 'clinic'
  | 'patient'
  | 'provider';
