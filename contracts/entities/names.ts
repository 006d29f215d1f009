// Derived from the files in this folder: npm run generate

/** Entities that the platform knows. */
export type EntityName =
  | 'adverse_event'
  | 'appointment'
  | 'capacity'
  | 'clinic'
  | 'diagnosis'
  | 'diagnosis_code'
  | 'encounter'
  | 'encounter_location'
  | 'location'
  | 'measurement_unit'
  | 'medication'
  | 'medication_order'
  | 'observation'
  | 'observation_code'
  | 'organization'
  | 'patient'
  | 'patient_link'
  | 'prescription_fill'
  | 'procedure'
  | 'procedure_code'
  | 'provider'
  | 'provider_link'
  | 'value_set_member';
