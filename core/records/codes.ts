const ICD_10_CM = 'http://hl7.org/fhir/sid/icd-10-cm';
const ICD_9_CM = 'http://hl7.org/fhir/sid/icd-9-cm';
const ICD_10_PCS = 'http://hl7.org/fhir/sid/icd-10-pcs';

/**
 * Other names of code systems, and the one under which each is kept. The OIDs are those that HL7 publishes beside the canonical URIs (HL7 Terminology,
 * external code systems); FHIR allows an OID as `urn:oid:`, files of VSAC and HL7 version 3 have it bare.
 */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['2.16.840.1.113883.6.90', ICD_10_CM],
  ['2.16.840.1.113883.6.4', ICD_10_PCS],
  ['http://www.cms.gov/Medicare/Coding/ICD10', ICD_10_PCS],
  ['http://www.icd10data.com/icd10pcs', ICD_10_PCS],
  ['2.16.840.1.113883.6.103', ICD_9_CM],
  ['2.16.840.1.113883.6.104', ICD_9_CM],
  ['2.16.840.1.113883.6.1', 'http://loinc.org'],
  ['2.16.840.1.113883.6.96', 'http://snomed.info/sct'],
  ['2.16.840.1.113883.6.88', 'http://www.nlm.nih.gov/research/umls/rxnorm'],
  ['2.16.840.1.113883.6.12', 'http://www.ama-assn.org/go/cpt'],
  ['2.16.840.1.113883.6.285', 'http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets'],
  ['2.16.840.1.113883.6.69', 'http://hl7.org/fhir/sid/ndc'],
  ['2.16.840.1.113883.12.292', 'http://hl7.org/fhir/sid/cvx'],
]);
/** The scheme and the namespace of a URN may be in any case of letters (RFC 8141). */
const URN = /^urn:oid:/i;

/** A code system by the one name under which it is kept, so that sources which name it otherwise meet; one that is not known stays as it is. */
export const canonicalSystem = (system: string): string => {
  const text = system.trim();
  return ALIASES.get(text.replace(URN, '')) ?? system;
};

/** A category of three characters, and up to four more, before which a dot stands. */
const ICD_10_CM_CODE = /^([A-Z]\d[A-Z0-9])\.?([A-Z0-9]{0,4})$/;

/**
 * A code in the one notation of its system, so that sources which write it otherwise meet. ICD-10-CM: capital letters, and the dot after the
 * third character, as HL7 asks; claims leave it out. Other systems have one notation, and what does not look like a code is left as it is.
 */
export function inNotation(system: unknown, code: string): string {
  if (system !== ICD_10_CM) return code;
  const parts = ICD_10_CM_CODE.exec(code.toUpperCase());
  if (!parts) return code;
  return parts[2] === '' ? parts[1] : `${parts[1]}.${parts[2]}`;
}
