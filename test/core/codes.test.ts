import { conformEnvelope } from '../../core/records/conform';
import { canonicalSystem, inNotation } from '../../core/records/codes';
import { silverColumns } from '../../contracts/derive';
import type { EntityName } from '../../contracts';
import { ctx, envelope, received } from './samples';

const ICD = 'http://hl7.org/fhir/sid/icd-10-cm';

describe('codes', () => {
  it.each([
    ['E119', 'E11.9'],
    ['E11.9', 'E11.9'],
    ['e11.9', 'E11.9'],
    ['I10', 'I10'],
    ['I10.', 'I10'],
    ['T360X1A', 'T36.0X1A'],
    ['C4A0', 'C4A.0'],
    // No code of ICD-10-CM: kept as it is.
    ['E11.9.1', 'E11.9.1'],
    ['250.00', '250.00'],
    ['hypertension', 'hypertension'],
    ['', ''],
  ])('of ICD-10-CM are kept with the dot: %s', (code, kept) => expect(inNotation(ICD, code)).toBe(kept));

  it('of other systems, and of none, are kept as they are', () => {
    expect(inNotation('http://snomed.info/sct', 'E119')).toBe('E119');
    expect(inNotation(null, 'E119')).toBe('E119');
  });

  it('lead a fact to the same member, and name it alike, with the dot and without', () => {
    const made = (entity: EntityName, payload: Record<string, unknown>) => {
      const result = conformEnvelope(envelope(entity, payload), ctx, received);
      if (!result.ok) throw new Error(JSON.stringify(result.violations));
      const names = silverColumns(entity).map((c) => c.name);
      return (name: string) => result.row[names.indexOf(name)];
    };
    const plain = made('diagnosis', { diagnosis_system: ICD, diagnosis_code: 'e119' });
    const dotted = made('diagnosis', { diagnosis_system: ICD, diagnosis_code: 'E11.9' });
    const member = made('diagnosis_code', { code_system: ICD, code: 'E119' });
    expect([plain('diagnosis_code'), dotted('diagnosis_code'), member('code')]).toEqual(['E11.9', 'E11.9', 'E11.9']);
    expect(plain('diagnosis_code_key')).toBe(member('diagnosis_code_key'));
    expect(dotted('diagnosis_code_key')).toBe(member('diagnosis_code_key'));
    expect(plain('payload_hash')).toBe(dotted('payload_hash'));
  });

  // As HL7 publishes them: HL7 Terminology, external code systems.
  it.each([
    ['2.16.840.1.113883.6.90', ICD],
    ['2.16.840.1.113883.6.4', 'http://hl7.org/fhir/sid/icd-10-pcs'],
    ['2.16.840.1.113883.6.103', 'http://hl7.org/fhir/sid/icd-9-cm'],
    ['2.16.840.1.113883.6.104', 'http://hl7.org/fhir/sid/icd-9-cm'],
    ['2.16.840.1.113883.6.1', 'http://loinc.org'],
    ['2.16.840.1.113883.6.96', 'http://snomed.info/sct'],
    ['2.16.840.1.113883.6.88', 'http://www.nlm.nih.gov/research/umls/rxnorm'],
    ['2.16.840.1.113883.6.12', 'http://www.ama-assn.org/go/cpt'],
    ['2.16.840.1.113883.6.285', 'http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets'],
    ['2.16.840.1.113883.6.69', 'http://hl7.org/fhir/sid/ndc'],
    ['2.16.840.1.113883.12.292', 'http://hl7.org/fhir/sid/cvx'],
  ])('of a system that is named by its OID %s are those of %s', (oid, uri) => {
    expect([oid, `urn:oid:${oid}`, `URN:OID:${oid}`, ` urn:oid:${oid} `, uri].map(canonicalSystem)).toEqual(
      Array(5).fill(uri),
    );
  });

  it('of a system that nobody knows are of the system as it was named', () => {
    const others = ['urn:oid:2.16.840.1.113883.6.9', 'urn:oid:2.16.840.1.113883.6.900', 'urn:uuid:x', 'LN', ''];
    expect(others.map(canonicalSystem)).toEqual(others);
    expect(canonicalSystem('http://www.cms.gov/Medicare/Coding/ICD10')).toBe('http://hl7.org/fhir/sid/icd-10-pcs');
  });

  it('lead to one member whatever their system is called, in the notation of that system', () => {
    const made = (entity: EntityName, payload: Record<string, unknown>, ...names: string[]) => {
      const result = conformEnvelope(envelope(entity, payload), ctx, received);
      if (!result.ok) throw new Error(JSON.stringify(result.violations));
      const columns = silverColumns(entity).map((c) => c.name);
      return names.map((name) => result.row[columns.indexOf(name)]);
    };
    const OID = 'urn:oid:2.16.840.1.113883.6.90';
    const columns = ['diagnosis_system', 'diagnosis_code', 'diagnosis_code_key', 'payload_hash'];
    const [byOid, byUri] = [OID, ICD].map((system) =>
      made('diagnosis', { diagnosis_system: system, diagnosis_code: 'e119' }, ...columns),
    );
    expect(byOid).toEqual([ICD, 'E11.9', expect.any(String), expect.anything()]);
    expect(byOid).toEqual(byUri);
    expect(made('diagnosis_code', { code_system: OID, code: 'E119' }, 'code_system', 'diagnosis_code_key')).toEqual([
      ICD,
      byUri![2],
    ]);
    // What names people is no code system: it stays as its source has it.
    expect(made('patient', { mrn: '7', mrn_system: OID }, 'mrn_system')).toEqual([OID]);
  });
});
