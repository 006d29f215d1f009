import { id, text } from '../fields';
import type { EntityContract } from '../types';

const count = (name: string, doc: string) =>
  ({ name, type: 'int', min: 0, max: 100_000, phi: 'none', doc, example: 24 }) as const;

export const capacity = {
  name: 'capacity',
  kind: 'dimension',
  subject: 'places',
  members: 'few',
  version: 1,
  doc: 'What a unit can hold, from effective_at on: the version in effect at a time is the capacity of that time.',
  naturalKey: ['location_id'],
  keyScope: 'source',
  fields: [
    id('location_id', 'none', 'Identifier of the unit, as of the location, in its source system.', {
      required: true,
      example: 'L1',
    }),
    count('staffed_bed_count', 'Beds with staff for them.'),
    count('room_count', 'Rooms in which patients are seen.'),
    text('opening_hours', 128, 'none', 'Opening hours, as OpenStreetMap writes them (Mo-Fr 08:00-17:00).', {
      example: 'Mo-Fr 08:00-17:00',
    }),
  ],
  references: [],
  derived: [],
  oneOf: [],
  orders: [],
} as const satisfies EntityContract;
