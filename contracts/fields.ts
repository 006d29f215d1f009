import type { DerivedField, EntityName, Field, PhiClass, Reference, Relation } from './types';
import type { RuleId } from './rules';

/** What a member may say besides its type, in a contract. */
type Rest = Partial<Omit<Field, 'name' | 'type' | 'phi' | 'doc'>>;

/** Identifiers and codes of other people's systems fit 64 bytes (FHIR `id`). */
const ID_BYTES = 64;
/** Longest name of a code system (a URI). */
const SYSTEM_BYTES = 128;

export const text = (name: string, maxBytes: number, phi: PhiClass, doc: string, rest: Rest = {}): Field => ({
  name,
  type: 'string',
  maxBytes,
  phi,
  doc,
  ...rest,
});

/** An identifier in the system of the source. */
export const id = (name: string, phi: PhiClass, doc: string, rest: Rest = {}): Field =>
  text(name, ID_BYTES, phi, doc, rest);

/** One of a closed set of values. */
export const code = (name: string, values: readonly string[], phi: PhiClass, doc: string, rest: Rest = {}): Field => ({
  name,
  type: 'code',
  maxBytes: 32,
  values,
  phi,
  doc,
  ...rest,
});

export const instant = (name: string, doc: string, rest: Rest = {}): Field => ({
  name,
  type: 'ts',
  phi: 'quasi_id',
  doc,
  ...rest,
});

/** An amount of money in the currency of the source, to the cent. */
export const amount = (name: string, doc: string): Field => ({
  name,
  type: 'decimal',
  precision: 14,
  scale: 2,
  phi: 'sensitive',
  doc,
  example: 129.5,
});

/** How much of a time or date the source has stated: a part that is missing is that of the first instant of the period. */
export const precision = (name: string, of: string, rest: Rest = {}): Field =>
  code(
    name,
    ['year', 'month', 'day', 'instant'],
    'none',
    `How much of ${of} was stated; the rest is the first of that period.`,
    rest,
  );

/** A coded concept: its system, its code and the text of the source. Names of members begin with `prefix`. */
export const coding = (
  prefix: string,
  what: string,
  example: readonly [system: string, code: string, display: string],
  rest: Rest & { phi?: PhiClass } = {},
): Field[] => [
  text(`${prefix}_system`, SYSTEM_BYTES, 'none', `Code system of ${prefix}_code (FHIR Coding.system).`, {
    example: example[0],
    ...rest,
  }),
  id(`${prefix}_code`, 'sensitive', `Code of ${what}; of ICD-10-CM with the dot.`, {
    system: `${prefix}_system`,
    example: example[1],
    ...rest,
  }),
  text(`${prefix}_display`, 256, 'sensitive', `Name of ${what}, in the words of the source.`, {
    example: example[2],
    ...rest,
  }),
];

/** Why something was done or ordered: a code, or a diagnosis of the same source. */
export const reason = (
  what: string,
  example: readonly [system: string, code: string, display: string],
  rest: Rest,
): Field[] => [
  ...coding('reason', `the reason of ${what}`, example, rest),
  id('reason_diagnosis_id', 'direct_id', `Identifier of the diagnosis that is the reason of ${what}.`, {
    maxBytes: 160,
    example: 'DX1',
    ...rest,
  }),
];

/**
 * Names of a clinician: by identifier of the source, else by NPI, else by another identifier that the clinician has in the same source.
 */
export const provider = (what: string, rest: Rest = {}): Field[] => [
  id('provider_id', 'none', `Identifier of ${what} in the same source system.`, { example: 'D1', ...rest }),
  {
    name: 'provider_npi',
    type: 'npi',
    phi: 'none',
    doc: `NPI of ${what}, where there is no provider_id. An invalid one is kept, flagged DQ-ID-03 and leads to the unknown provider.`,
    ...rest,
  },
  token('provider_identifier', what, 'none', rest),
];

/** An identifier with its system as `system|value` (FHIR token), by which somebody is named who has an id besides. */
const token = (name: string, what: string, phi: PhiClass, rest: Rest = {}): Field =>
  text(name, 256, phi, `Another identifier of ${what} as system|value, where nothing else names it.`, rest);

/** Columns of the local day, and if wanted the local hour, of a time. */
export const localTimes = (from: string, name: string, hour = false): DerivedField[] => [
  {
    name: `${name}_tz_offset_min`,
    type: 'int',
    from,
    take: 'tz_offset_min',
    phi: 'none',
    doc: `Minutes that ${from} was written ahead of UTC.`,
  },
  { name: `${name}_date`, type: 'date', from, take: 'local_date', phi: 'quasi_id', doc: `Local day of ${from}.` },
  ...(hour
    ? [
        {
          name: `${name}_time_key`,
          type: 'int',
          from,
          take: 'local_time_key',
          phi: 'none',
          doc: `Local time of day of ${from} as hour * 100 + minute.`,
        } satisfies DerivedField,
      ]
    : []),
];

/** Where something is: columns of a postal address in the United States, and its place on the map. */
export const address = (what: string, rest: Rest = {}): Field[] => [
  text('address_line', 256, 'none', `Street address of ${what}.`, rest),
  text('city', 128, 'none', `City of ${what}.`, { example: 'Troy', ...rest }),
  text('state', 32, 'none', `State or region of ${what}.`, { example: 'NY', ...rest }),
  ...place(what, rest),
];

/** Postal code and coordinates. */
export const place = (what: string, rest: Rest = {}): Field[] => [
  {
    name: 'zip5',
    type: 'digits',
    length: 5,
    phi: 'none',
    doc: `Five-digit postal code of ${what}.`,
    example: '01234',
    ...rest,
  },
  {
    name: 'latitude',
    type: 'double',
    min: -90,
    max: 90,
    phi: 'none',
    doc: `Latitude of ${what}, degrees (WGS 84).`,
    ...rest,
  },
  {
    name: 'longitude',
    type: 'double',
    min: -180,
    max: 180,
    phi: 'none',
    doc: `Longitude of ${what}, degrees (WGS 84).`,
    ...rest,
  },
];

/** By which version of a reference file a member is described. */
export const referenceVersion = (what: string): Field[] => [
  text('reference_version', 32, 'none', `Version of the reference file that describes ${what}.`),
  {
    name: 'reference_from',
    type: 'date',
    phi: 'none',
    doc: 'First day of that version. The earliest version known describes all days before it too.',
  },
];

/** Members of a dimension of codes: the system and the code are its key. */
export const codeSystemFields = (
  what: string,
  [system, value, display]: readonly [string, string, string],
): Field[] => [
  text('code_system', SYSTEM_BYTES, 'none', 'Code system (FHIR CodeSystem.url).', { required: true, example: system }),
  id('code', 'none', `Code of the ${what} in that system.`, { system: 'code_system', required: true, example: value }),
  text('display', 256, 'none', `Name of the ${what} in that system.`, { example: display }),
  ...referenceVersion('the code'),
];

const patientId = (): Field =>
  id('patient_id', 'direct_id', 'Identifier of the patient in the same source system.', { example: 'P1' });

/** Names of the patient: by identifier of the source, or by another identifier of the same source. */
export const patient = (): Field[] => [patientId(), token('patient_identifier', 'the patient', 'direct_id')];

/** The encounter in which something happened. */
export const encounterId = (): Field =>
  id('encounter_id', 'direct_id', 'Identifier of the encounter in the same source system.', { example: 'E1' });

/** Names of an organization or location, by identifier of the source or by another one of the same source. */
export const named = (entity: 'organization' | 'location', what: string, example: string): Field[] => [
  id(`${entity}_id`, 'none', `Identifier of ${what} in the same source system.`, { example }),
  token(`${entity}_identifier`, what, 'none'),
];

const reference = (entity: EntityName, rule: RuleId): Reference => ({
  column: `${entity}_key`,
  field: `${entity}_id`,
  identifier: `${entity}_identifier`,
  entity,
  rule,
});

/** References of clinical facts. */
export const PATIENT = reference('patient', 'DQ-ID-05');
export const ORGANIZATION = reference('organization', 'DQ-ID-15');
export const LOCATION = reference('location', 'DQ-ID-16');
export const PROVIDER: Reference = { ...reference('provider', 'DQ-ID-12'), orElse: 'provider_npi' };

/** The coded concept that a fact is about, by the members that `coding` makes. */
export const concept = (prefix: string, entity: EntityName): Reference => ({
  column: `${entity}_key`,
  field: `${prefix}_code`,
  system: `${prefix}_system`,
  entity,
  rule: 'DQ-COD-06',
});

/** The medicine that a source lists by an identifier of its own. */
export const medicationId = (rest: Rest): Field =>
  id(
    'medication_id',
    'none',
    'Identifier of the medicine in the list of the source, where the code is not stated.',
    rest,
  );
export const SOURCE_MEDICATION: Reference = {
  column: 'source_medication_key',
  field: 'medication_id',
  unless: 'medication_code',
  entity: 'source_medication',
  rule: 'DQ-RX-08',
};

/** The encounter that a fact belongs to. */
export const ENCOUNTER: Relation = {
  column: 'encounter_key',
  field: 'encounter_id',
  entity: 'encounter',
  known: 'encounter_is_known',
};

/** The diagnosis that is the reason of a fact. */
export const REASON: Relation = {
  column: 'reason_diagnosis_key',
  field: 'reason_diagnosis_id',
  entity: 'diagnosis',
  known: 'reason_diagnosis_is_known',
};
