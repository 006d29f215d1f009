import { conformEnvelope } from '../../core/records/conform';
import { inNotation } from '../../core/records/codes';
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
});
