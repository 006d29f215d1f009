import { id, text } from '../fields';
import type { EntityContract } from '../types';

/** Says that two records of a provider are one person: what a directory of providers, or a person who knows, tells. */
export const provider_link = {
  name: 'provider_link',
  kind: 'dimension',
  subject: 'people',
  members: 'few',
  version: 1,
  doc: 'Two records of a provider, of one source or of two, that are one person. A delete parts them.',
  naturalKey: ['provider_link_id'],
  keyScope: 'source',
  fields: [
    id('provider_link_id', 'none', 'Identifier of the link in its source system.', {
      required: true,
      maxBytes: 160,
      example: 'LINK-1',
    }),
    text(
      'source_system_1',
      64,
      'none',
      'Source system of the first record, or the authority that assigned its id; as for the link itself where it is absent.',
      {
        example: 'ehr',
      },
    ),
    id('provider_id_1', 'none', 'Identifier of the provider in that source.', { required: true, example: 'P1' }),
    text(
      'source_system_2',
      64,
      'none',
      'Source system of the second record, or the authority that assigned its id; as for the link itself where it is absent.',
      {
        example: 'claims',
      },
    ),
    id('provider_id_2', 'none', 'Identifier of the provider in that source.', { required: true, example: 'M7' }),
  ],
  references: [],
  names: [
    { column: 'provider_1_key', entity: 'provider', field: 'provider_id_1', source: 'source_system_1' },
    { column: 'provider_2_key', entity: 'provider', field: 'provider_id_2', source: 'source_system_2' },
  ],
  derived: [],
  oneOf: [],
  orders: [],
} as const satisfies EntityContract;
