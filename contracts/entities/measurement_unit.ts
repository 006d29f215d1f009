import { referenceVersion, text } from '../fields';
import type { EntityContract } from '../types';

/** Units of the Unified Code for Units of Measure (ucum.org), and other spellings of them. */
export const measurement_unit = {
  name: 'measurement_unit',
  kind: 'dimension',
  subject: 'observations',
  members: 'few',
  version: 1,
  doc: 'A unit in which values come, and how it converts into the base unit of its kind of quantity. Described by reference files; a unit that none describes is inferred.',
  naturalKey: ['unit_code'],
  keyScope: 'global',
  fields: [
    text('unit_code', 32, 'none', 'The unit as sources write it: a UCUM code, or another spelling of one.', {
      required: true,
      example: '[degF]',
    }),
    text('ucum_code', 32, 'none', 'UCUM code of the unit.', { example: '[degF]' }),
    text(
      'quantity_kind',
      64,
      'none',
      'What the unit measures. Units of one kind convert into each other; a kind is narrower than a UCUM dimension where that alone would let counts pass for moles.',
      { required: true, example: 'temperature' },
    ),
    {
      name: 'base_factor',
      type: 'double',
      min: 1e-30,
      max: 1e30,
      required: true,
      phi: 'none',
      doc: 'A value in base units is the value times base_factor, plus base_offset.',
      example: 0.5,
    },
    {
      name: 'base_offset',
      type: 'double',
      min: -1e30,
      max: 1e30,
      phi: 'none',
      doc: 'What is added after base_factor, where zero of the unit is not zero of the base; else 0.',
      example: 0,
    },
    ...referenceVersion('the unit'),
  ],
  references: [],
  derived: [],
  oneOf: [],
  orders: [],
} as const satisfies EntityContract;
