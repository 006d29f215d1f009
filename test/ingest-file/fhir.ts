const known = { first: ['_last_updated', '_bundle_timestamp', '_file_time'], datetime: 'fhir' };
const TIMES = { effective_at: known, recorded_at: known, source_sequence: '_version_number' };

/** A FHIR profile for tests, and resources to read by it. */
export const fhirProfile = (more: object = {}): string =>
  JSON.stringify({
    profile: 'ehr',
    source_system: 'ehr',
    mode: 'delta',
    file: { format: 'fhir', zone: 'UTC' },
    views: {
      person: {
        resource: 'Patient',
        select: [
          {
            column: [
              { name: 'id', path: 'getResourceKey()' },
              { name: 'born', path: 'birthDate' },
              { name: 'gender', path: 'gender' },
              { name: 'given', path: "name.where(use = 'official').given.first()" },
            ],
          },
          { forEachOrNull: 'address.first()', column: [{ name: 'zip', path: 'postalCode' }] },
        ],
      },
      place: {
        resource: 'Location',
        select: [
          {
            column: [
              { name: 'id', path: 'id' },
              { name: 'name', path: 'name' },
            ],
          },
        ],
      },
      visit: {
        resource: 'Appointment',
        where: [{ path: "status != 'proposed'" }],
        select: [
          {
            column: [
              { name: 'id', path: 'id' },
              { name: 'status', path: 'status' },
              { name: 'start', path: 'start' },
              { name: 'person', path: 'participant.actor.select(getReferenceKey(Patient))' },
              { name: 'person_said', path: "participant.actor.reference.where($this.startsWith('urn:')).first()" },
              { name: 'place', path: 'participant.actor.select(getReferenceKey(Location))' },
              {
                name: 'npi',
                path: "participant.actor.identifier.where(system = 'http://hl7.org/fhir/sid/us-npi').value",
              },
            ],
          },
        ],
      },
      ...((more as { views?: object }).views ?? {}),
    },
    entities: [
      {
        entity: 'patient',
        view: 'person',
        ...TIMES,
        fields: {
          patient_id: 'id',
          birth_date: { column: 'born', date: 'fhir' },
          gender_code: 'gender',
          first_name: 'given',
          zip5: 'zip',
          reported_age_years: { constant: 1 },
        },
      },
      { entity: 'clinic', view: 'place', ...TIMES, fields: { clinic_id: 'id', clinic_name: 'name' } },
      {
        entity: 'appointment',
        view: 'visit',
        ...TIMES,
        fields: {
          appointment_id: 'id',
          patient_id: { first: ['person', 'person_said'] },
          clinic_id: 'place',
          provider_npi: 'npi',
          status_code: 'status',
          scheduled_start_at: { column: 'start', datetime: 'fhir' },
        },
      },
      ...((more as { entities?: object[] }).entities ?? []),
    ],
  });

export const person = (id: string, more: object = {}): object => ({
  resourceType: 'Patient',
  id,
  name: [{ use: 'official', family: 'Example', given: ['Ann', 'Bea'] }],
  gender: 'female',
  birthDate: '1980-02-29',
  address: [{ postalCode: '01234' }],
  ...more,
});

/** @param actors references, or Reference objects */
export const visit = (id: string, actors: readonly (string | object)[], more: object = {}): object => ({
  resourceType: 'Appointment',
  id,
  status: 'booked',
  start: '2026-03-09T10:00:00-05:00',
  participant: actors.map((actor) => ({ actor: typeof actor === 'string' ? { reference: actor } : actor })),
  ...more,
});

export const bundle = (entry: readonly object[], more: object = {}): object => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry,
  ...more,
});

/** An entry as a transaction has it, whose resource is created. */
export const entry = (resource: object, fullUrl?: string): object => ({
  ...(fullUrl === undefined ? {} : { fullUrl }),
  resource,
  request: { method: 'POST', url: (resource as { resourceType?: string }).resourceType },
});
