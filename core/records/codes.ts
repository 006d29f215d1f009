const ICD_10_CM = 'http://hl7.org/fhir/sid/icd-10-cm';
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
