import { address, id, text } from '../fields';
import type { EntityContract } from '../types';

/** FHIR R4 Organization: the legal entity behind facilities. */
export const organization = {
  name: 'organization',
  kind: 'dimension',
  subject: 'places',
  members: 'few',
  version: 1,
  doc: 'A hospital, practice or other body that employs clinicians and runs locations (FHIR Organization).',
  naturalKey: ['organization_id'],
  keyScope: 'source',
  fields: [
    id('organization_id', 'none', 'Identifier of the organization in its source system.', {
      required: true,
      example: 'O1',
    }),
    text('organization_name', 256, 'none', 'Name of the organization.', { example: 'General Hospital' }),
    text('organization_type_code', 64, 'none', 'Kind of organization, in the codes of the source.', {
      example: 'prov',
    }),
    {
      name: 'npi',
      type: 'npi',
      phi: 'none',
      doc: 'NPI of the organization. A wrong one is kept and flagged DQ-ID-03.',
    },
    text('identifier_system', 128, 'none', 'Who assigned identifier_value.', { example: 'urn:oid:1.2.3' }),
    id('identifier_value', 'none', 'Another identifier of the organization.', { example: 'GH' }),
    id('part_of_organization_id', 'none', 'Identifier of the organization that it is part of.', { example: 'O0' }),
    ...address('the organization'),
  ],
  references: [],
  identifiers: [
    { column: 'npi_alias_key', value: 'npi', system: { uri: 'http://hl7.org/fhir/sid/us-npi' } },
    { column: 'identifier_alias_key', value: 'identifier_value', system: { field: 'identifier_system' } },
  ],
  derived: [],
  oneOf: [],
  orders: [],
} as const satisfies EntityContract;
