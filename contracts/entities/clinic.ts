import { id, place, text } from '../fields';
import type { EntityContract } from '../types';

export const clinic = {
  name: 'clinic',
  kind: 'dimension',
  subject: 'places',
  members: 'few',
  version: 2,
  doc: 'A place where appointments take place.',
  naturalKey: ['clinic_id'],
  keyScope: 'source',
  fields: [
    {
      name: 'clinic_id',
      type: 'string',
      maxBytes: 64,
      required: true,
      phi: 'none',
      doc: 'Identifier of the clinic in its source system.',
      example: 'C1',
    },
    {
      name: 'clinic_name',
      type: 'string',
      maxBytes: 256,
      phi: 'none',
      doc: 'Name of the clinic.',
      example: 'North Clinic',
    },
    { name: 'city', type: 'string', maxBytes: 128, phi: 'none', doc: 'City of the clinic.', example: 'Troy' },
    { name: 'state', type: 'string', maxBytes: 32, phi: 'none', doc: 'State or region of the clinic.', example: 'NY' },
    {
      name: 'timezone',
      type: 'zone',
      maxBytes: 64,
      phi: 'none',
      doc: 'IANA time zone of the clinic, such as America/New_York.',
      example: 'America/New_York',
    },
    id('organization_id', 'none', 'Identifier of the organization that the clinic belongs to.', {
      since: 2,
      example: 'O1',
    }),
    text('address_line', 256, 'none', 'Street address of the clinic.', { since: 2 }),
    ...place('the clinic', { since: 2 }),
  ],
  references: [],
  derived: [],
  oneOf: [],
  orders: [],
} as const satisfies EntityContract;
