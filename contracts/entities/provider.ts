import type { EntityContract } from '../types';

export const provider = {
  name: 'provider',
  kind: 'dimension',
  members: 'few',
  version: 1,
  doc: 'A clinician or organisation that provides care, identified by its National Provider Identifier alone.',
  naturalKey: ['npi'],
  keyScope: 'global',
  fields: [
    {
      name: 'npi',
      type: 'npi',
      required: true,
      phi: 'none',
      doc: 'National Provider Identifier: ten digits, the first 1 or 2, the last a Luhn check digit over 80840 + NPI (45 CFR 162.406).',
      example: '1234567893',
    },
    {
      name: 'full_name',
      type: 'string',
      maxBytes: 256,
      phi: 'none',
      doc: 'Name of the provider as published in the registry.',
      example: 'Dr Example',
    },
    {
      name: 'specialty',
      type: 'string',
      maxBytes: 128,
      phi: 'none',
      doc: 'Specialty of the provider.',
      example: 'Cardiology',
    },
  ],
  references: [],
  derived: [],
  oneOf: [],
  orders: [],
} as const satisfies EntityContract;
