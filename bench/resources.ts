/** Made-up resources of FHIR R4, as a server exports them: for each patient visits with a diagnosis, a procedure, measurements and an order. */
const LOINC = [
  ['8867-4', 'Heart rate', '/min'],
  ['8310-5', 'Body temperature', 'Cel'],
  ['29463-7', 'Body weight', 'kg'],
  ['4548-4', 'Hemoglobin A1c', '%'],
] as const;

const two = (n: number): string => String(n).padStart(2, '0');
const coding = (system: string, code: string, display: string): object => ({
  coding: [{ system, code, display }],
  text: display,
});

function patient(i: number): object {
  return {
    resourceType: 'Patient',
    id: `patient-${i}`,
    meta: { lastUpdated: '2026-03-01T08:00:00.000Z', versionId: '1' },
    identifier: [
      {
        type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] },
        system: 'http://hospital.example/mrn',
        value: `MRN-${i}`,
      },
    ],
    name: [{ use: 'official', family: `Family${i}`, given: [`Given${i % 97}`, 'M.'], prefix: ['Mx.'] }],
    telecom: [{ system: 'phone', value: '555-0100', use: 'home' }],
    gender: i % 2 === 0 ? 'female' : 'male',
    birthDate: `19${two(30 + (i % 70))}-0${1 + (i % 9)}-${two(1 + (i % 28))}`,
    address: [{ line: ['1 Main Street'], city: 'Boston', state: 'MA', postalCode: '02139', country: 'US' }],
  };
}

function visit(i: number, patients: number): object[] {
  const day = `2026-0${1 + (i % 2)}-${two(1 + (i % 28))}`;
  const at = (minute: number): string => `${day}T${two(8 + (i % 9))}:${two(minute)}:00-05:00`;
  const about = {
    subject: { reference: `Patient/patient-${i % patients}` },
    encounter: { reference: `Encounter/encounter-${i}` },
  };
  const meta = { lastUpdated: '2026-03-01T08:00:00.000Z', versionId: '1' };
  const measured = LOINC.map(([code, display, unit], k) => ({
    resourceType: 'Observation',
    id: `observation-${i}-${k}`,
    meta,
    status: 'final',
    category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' }] }],
    code: coding('http://loinc.org', code, display),
    ...about,
    effectiveDateTime: at(20),
    issued: at(25),
    valueQuantity: { value: 36.5 + (i % 40) / 10, unit, system: 'http://unitsofmeasure.org', code: unit },
  })); // prettier-ignore
  return [
    {
      resourceType: 'Encounter',
      id: `encounter-${i}`,
      meta,
      status: 'finished',
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
      type: [coding('http://snomed.info/sct', '185349003', 'Encounter for check up')],
      subject: about.subject,
      participant: [{ individual: { reference: `Practitioner/practitioner-${i % 50}` } }],
      period: { start: at(10), end: at(40) },
      serviceProvider: { reference: `Organization/organization-${i % 5}` },
    },
    {
      resourceType: 'Condition',
      id: `condition-${i}`,
      meta,
      clinicalStatus: { coding: [{ code: 'active' }] },
      verificationStatus: { coding: [{ code: 'confirmed' }] },
      code: coding('http://hl7.org/fhir/sid/icd-10-cm', 'E11.9', 'Type 2 diabetes mellitus'),
      ...about,
      onsetDateTime: at(15),
      recordedDate: at(30),
    },
    {
      resourceType: 'Procedure',
      id: `procedure-${i}`,
      meta,
      status: 'completed',
      code: coding('http://snomed.info/sct', '430193006', 'Medication reconciliation'),
      ...about,
      performedPeriod: { start: at(20), end: at(35) },
    },
    ...measured,
    {
      resourceType: 'MedicationRequest',
      id: `order-${i}`,
      meta,
      status: 'active',
      intent: 'order',
      medicationCodeableConcept: coding('http://www.nlm.nih.gov/research/umls/rxnorm', '860975', 'metformin 500 MG'),
      ...about,
      authoredOn: at(35),
      requester: { reference: `Practitioner/practitioner-${i % 50}` },
      dosageInstruction: [{ text: 'twice a day', timing: { repeat: { frequency: 2, period: 1, periodUnit: 'd' } } }],
    },
  ];
}

/** NDJSON of so many resources or a few more. */
export function resourcesNdjson(resources: number): Buffer {
  const made: object[] = [];
  const patients = Math.max(1, Math.round(resources / 41));
  for (let i = 0; i < patients; i++) made.push(patient(i));
  for (let i = 0; made.length < resources; i++) made.push(...visit(i, patients));
  return Buffer.from(made.map((one) => `${JSON.stringify(one)}\n`).join(''));
}
