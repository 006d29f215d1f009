import { address, id, text } from '../fields';
import type { EntityContract } from '../types';

/** FHIR R4 Location: a site, ward, room or bed. */
export const location = {
  name: 'location',
  kind: 'dimension',
  subject: 'places',
  members: 'few',
  version: 1,
  doc: 'A place where care is given: a site, a ward, a room or a bed (FHIR Location).',
  naturalKey: ['location_id'],
  keyScope: 'source',
  fields: [
    id('location_id', 'none', 'Identifier of the location in its source system.', { required: true, example: 'L1' }),
    text('location_name', 256, 'none', 'Name of the location.', { example: 'Ward 3' }),
    text('location_type_code', 64, 'none', 'Kind of location, in the codes of the source (FHIR: wa ward, bd bed).', {
      example: 'wa',
    }),
    text('identifier_system', 128, 'none', 'Who assigned identifier_value.', { example: 'urn:oid:1.2.3' }),
    id('identifier_value', 'none', 'Another identifier of the location.', { example: 'W3' }),
    id('organization_id', 'none', 'Identifier of the organization that runs it.', { example: 'O1' }),
    id('part_of_location_id', 'none', 'Identifier of the location that it is part of.', { example: 'L0' }),
    ...address('the location'),
    {
      name: 'timezone',
      type: 'zone',
      maxBytes: 64,
      phi: 'none',
      doc: 'IANA name of the time zone of the location, such as America/New_York.',
      example: 'America/New_York',
    },
  ],
  references: [],
  identifiers: [{ column: 'identifier_alias_key', value: 'identifier_value', system: { field: 'identifier_system' } }],
  derived: [],
  oneOf: [],
  orders: [],
} as const satisfies EntityContract;
