import { id, text } from '../fields';
import type { EntityContract } from '../types';

/** A value set, by which a measure or a report names the codes that it is about (FHIR ValueSet.expansion, VSAC). */
export const value_set_member = {
  name: 'value_set_member',
  kind: 'dimension',
  subject: 'codes',
  members: 'few',
  version: 1,
  doc: 'A code that one version of a value set holds. Stated by reference files; a version is never added to, the next one has its own members.',
  naturalKey: ['value_set_id', 'value_set_version', 'code_system', 'code'],
  keyScope: 'global',
  fields: [
    text('value_set_id', 128, 'none', 'Identifier of the value set: its OID, its canonical URL or a name of yours.', {
      required: true,
      example: '2.16.840.1.113883.3.464.1003.103.12.1001',
    }),
    text('value_set_version', 32, 'none', 'Version of the value set.', { required: true, example: '2024' }),
    text('code_system', 128, 'none', 'Code system of the code (FHIR CodeSystem.url).', {
      required: true,
      example: 'http://hl7.org/fhir/sid/icd-10-cm',
    }),
    id('code', 'none', 'Code that the value set holds.', { system: 'code_system', required: true, example: 'E11.9' }),
    text('value_set_name', 256, 'none', 'Name of the value set.', { example: 'Diabetes' }),
    text('display', 256, 'none', 'Name of the code, as the value set has it.', { example: 'Type 2 diabetes mellitus' }),
    {
      name: 'version_from',
      type: 'date',
      required: true,
      phi: 'none',
      doc: 'First day of the version.',
      example: '2024-01-01',
    },
    {
      name: 'version_to',
      type: 'date',
      phi: 'none',
      doc: 'Last day of the version, where its publisher states one; else it ends with the day before the next version.',
      example: '2024-12-31',
    },
  ],
  references: [],
  derived: [],
  oneOf: [],
  orders: [],
} as const satisfies EntityContract;
