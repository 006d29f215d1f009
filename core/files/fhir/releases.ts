/**
 * Elements by which a resource of another release of FHIR is told from one of R4, by type: read as R4 they would be overlooked without a word.
 * `any`: R4 has no such element; `list`, `object`, `text`: R4's is of another kind.
 */
const FOREIGN: Readonly<Record<string, Readonly<Record<string, 'any' | 'list' | 'object' | 'text'>>>> = {
  AdverseEvent: {
    status: 'any',
    code: 'any',
    occurrenceDateTime: 'any',
    occurrencePeriod: 'any',
    type: 'any',
    category: 'text',
    reaction: 'any',
  },
  AllergyIntolerance: { clinicalStatus: 'text', verificationStatus: 'text', assertedDate: 'any', type: 'object' },
  Appointment: { reason: 'any', subject: 'any', class: 'any', indication: 'any', incomingReferral: 'any' },
  Condition: {
    clinicalStatus: 'text',
    verificationStatus: 'text',
    context: 'any',
    assertedDate: 'any',
    participant: 'any',
  },
  DiagnosticReport: {
    context: 'any',
    image: 'any',
    codedDiagnosis: 'any',
    composition: 'any',
    study: 'any',
    note: 'any',
  },
  Encounter: {
    class: 'list',
    actualPeriod: 'any',
    plannedStartDate: 'any',
    admission: 'any',
    reason: 'any',
    subjectStatus: 'any',
  },
  Medication: {
    isBrand: 'any',
    isOverTheCounter: 'any',
    package: 'any',
    image: 'any',
    doseForm: 'any',
    totalVolume: 'any',
    definition: 'any',
    marketingAuthorizationHolder: 'any',
  },
  MedicationDispense: { medication: 'any', recorded: 'any', notDone: 'any' },
  MedicationRequest: { context: 'any', medication: 'any', reason: 'any', definition: 'any' },
  Observation: { context: 'any', comment: 'any', related: 'any', triggeredBy: 'any' },
  Organization: { qualification: 'any' },
  Patient: { animal: 'any' },
  PractitionerRole: { contact: 'any', characteristic: 'any', availability: 'any', display: 'any' },
  Procedure: {
    context: 'any',
    notDone: 'any',
    notDoneReason: 'any',
    occurrenceDateTime: 'any',
    occurrencePeriod: 'any',
    reportedBoolean: 'any',
  },
};

const kindOf = (value: unknown): string =>
  Array.isArray(value) ? 'list' : typeof value === 'object' ? 'object' : 'text';

/** Pointer to what shows that a resource is not of R4, or null. */
export function foreignElement(resource: Record<string, unknown>): string | null {
  const version = (resource.meta as { fhirVersion?: unknown } | null | undefined)?.fhirVersion;
  if (typeof version === 'string' && !version.startsWith('4.0')) return '/meta/fhirVersion';
  for (const [name, kind] of Object.entries(FOREIGN[String(resource.resourceType)] ?? {}))
    if (resource[name] !== undefined && (kind === 'any' || kindOf(resource[name]) === kind)) return `/${name}`;
  return null;
}
