import { type MappedEntity, Mapper } from '../../core/files/mapper';
import { checkProfile, type Profile } from '../../profiles';

/** A profile with three columns beside the key, of which two may lack. */
function profileOf(expression: object): Profile {
  const at = { constant: '2026-01-01T00:00:00Z' };
  const check = checkProfile(
    JSON.stringify({
      profile: 'p',
      source_system: 's',
      mode: 'delta',
      file: { format: 'csv' },
      optional: ['b', 'c'],
      entities: [
        {
          entity: 'clinic',
          effective_at: at,
          recorded_at: at,
          fields: { clinic_id: 'id', clinic_name: expression, city: 'b', state: 'c' },
        },
      ],
    }),
  );
  if (!check.ok) throw new Error(JSON.stringify(check.errors));
  return check.checked.profile;
}

describe('what is chosen among columns', () => {
  const name = (expression: object, cells: Record<string, string>): unknown => {
    const mapper = new Mapper(profileOf(expression), ['id', 'a', 'b', 'c'], {
      objectKey: '',
      lastModifiedMs: 0,
      fileTime: 0,
    });
    const row = ['1', ...['a', 'b', 'c'].map((column) => cells[column] ?? '')];
    const one = mapper.members(row).flatMap((member): MappedEntity[] => member.mapped)[0];
    return one!.failed?.get('payload/clinic_name') ?? (one!.envelope.payload as Record<string, unknown>).clinic_name;
  };
  const when = (column: string, equals: string): object => ({ when: [{ column, equals }] });

  test('the first that has a value, which is read as any other', () => {
    const first = { first: ['a', 'b'], case: 'upper', null_values: ['-'] };
    expect(name(first, { a: 'x', b: 'y' })).toBe('X');
    expect(name(first, { a: ' ', b: 'y' })).toBe('Y');
    expect(name(first, { a: '-', b: 'y' })).toBe('Y');
    expect(name(first, {})).toBeUndefined();
    expect(name({ ...first, default: 'z' }, {})).toBe('z');
    expect(name({ first: ['a', 'b'], pattern: '^n(\\d)$' }, { a: 'm1', b: 'n2' })).toBe('FIL-MAP-06');
    expect(name({ first: ['a', 'b'], map: { x: 'one' } }, { b: 'x' })).toBe('one');
  });

  test('only where its conditions hold, all of them', () => {
    const first = { first: [{ column: 'a', ...when('c', 'Y') }, { constant: 'none', ...when('c', 'N') }, 'b'] };
    expect(name(first, { a: 'x', b: 'y', c: 'Y' })).toBe('x');
    expect(name(first, { a: 'x', b: 'y', c: 'N' })).toBe('none');
    expect(name(first, { a: 'x', b: 'y', c: '?' })).toBe('y');
    const both = {
      first: [
        {
          column: 'a',
          when: [
            { column: 'b', present: true },
            { column: 'c', present: false },
          ],
        },
      ],
    };
    expect([name(both, { a: 'x', b: 'y' }), name(both, { a: 'x', b: 'y', c: 'z' }), name(both, { a: 'x' })]).toEqual([
      'x',
      undefined,
      undefined,
    ]);
  });

  test('joined, with what is missing left out where that is said', () => {
    const columns = ['a', { literal: 'at' }, { first: ['b', 'c'] }];
    const skip = { columns, join: ' ', skip_empty: true };
    expect(name({ columns, join: ' ' }, { a: 'x', c: 'z' })).toBe('x at z');
    expect(name({ columns, join: ' ' }, { a: 'x' })).toBeUndefined();
    expect(name(skip, { a: 'x' })).toBe('x at');
    expect(name(skip, { c: 'z' })).toBe('at z');
    expect(name(skip, {})).toBeUndefined();
  });
});
