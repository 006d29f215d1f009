import { coding, id, named, provider } from '../fields';
import type { EntityContract } from '../types';

/** FHIR R4 PractitionerRole. */
export const provider_role = {
  name: 'provider_role',
  kind: 'dimension',
  subject: 'places',
  members: 'few',
  version: 1,
  doc: 'What a provider does for an organization, and where (FHIR PractitionerRole). A provider may have several roles.',
  naturalKey: ['provider_role_id'],
  keyScope: 'source',
  fields: [
    id('provider_role_id', 'none', 'Identifier of the role in its source system.', { required: true, example: 'R1' }),
    ...provider('the provider').filter(({ name }) => name !== 'provider_npi'),
    ...named('organization', 'the organization for which the provider works', 'O1'),
    ...named('location', 'the first place where the provider works', 'L1'),
    ...coding('role', 'the role', ['http://terminology.hl7.org/CodeSystem/practitioner-role', 'doctor', 'Doctor'], {
      phi: 'none',
    }),
    ...coding('specialty', 'the specialty', ['http://nucc.org/provider-taxonomy', '207R00000X', 'Internal medicine'], {
      phi: 'none',
    }),
    {
      name: 'is_active',
      type: 'bool',
      phi: 'none',
      doc: 'Whether the role is in use, as the source says.',
      example: true,
    },
    { name: 'starts_on', type: 'date', phi: 'none', doc: 'First day of the role.', example: '2020-01-01' },
    { name: 'ends_on', type: 'date', phi: 'none', doc: 'Last day of the role.' },
  ],
  references: [],
  names: (['provider', 'organization', 'location'] as const).map((entity) => ({
    column: `${entity}_key`,
    entity,
    field: `${entity}_id`,
    identifier: `${entity}_identifier`,
  })),
  derived: [],
  oneOf: [],
  orders: [],
} as const satisfies EntityContract;
