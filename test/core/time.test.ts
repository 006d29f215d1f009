import fc from 'fast-check';
import { DateTime } from 'luxon';
import { isoHour, microsText, parseDate, parseInstant } from '../../core/records/time';

const pad = (n: number, width = 2) => String(n).padStart(width, '0');

describe('instants', () => {
  it('agree with luxon on every notation that is allowed', () => {
    const parts = fc.record({
      year: fc.integer({ min: 1901, max: 2199 }),
      month: fc.integer({ min: 1, max: 12 }),
      day: fc.integer({ min: 1, max: 31 }),
      hour: fc.integer({ min: 0, max: 24 }),
      minute: fc.integer({ min: 0, max: 60 }),
      second: fc.integer({ min: 0, max: 60 }),
      micros: fc.option(fc.integer({ min: 0, max: 999_999 })),
      offset: fc.integer({ min: -14 * 60, max: 14 * 60 }),
    });
    fc.assert(
      fc.property(parts, (p) => {
        const sign = p.offset < 0 ? '-' : '+';
        const zone =
          p.offset === 0 ? 'Z' : `${sign}${pad(Math.floor(Math.abs(p.offset) / 60))}:${pad(Math.abs(p.offset) % 60)}`;
        const date = `${pad(p.year, 4)}-${pad(p.month)}-${pad(p.day)}`;
        const seconds = `${date}T${pad(p.hour)}:${pad(p.minute)}:${pad(p.second)}`;
        const text = `${seconds}${p.micros === null ? '' : `.${pad(p.micros, 6)}`}${zone}`;
        const oracle = DateTime.fromISO(seconds + zone, { setZone: true });
        // ISO 8601 lets midnight be 24:00:00; the contract does not.
        const valid = oracle.isValid && p.hour < 24;
        const instant = parseInstant(text);
        expect(instant !== undefined).toBe(valid);
        if (!instant) return;
        expect(instant.micros).toBe(oracle.toMillis() * 1000 + (p.micros ?? 0));
        expect(instant.offsetMin).toBe(p.offset);
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    '',
    '2024-03-01',
    '2024-3-01T10:00:00Z',
    '2024-03-01  10:00:00Z',
    '2024-03-01 10:00:00 Z',
    '2024-03-01T10:00:00.Z',
    '2024-03-01T10Z',
    '2024-03-01T10:00:00+14',
    '2024-03-01T10:00.5Z',
    '2024-03-01T10:00:00Z0000',
    '2024-03-01T10:00:00+14:00[',
    '2024-02-30t10:00z',
    '2024-03-01T10:00:00+14:01',
    '2024-03-01T10:00:00+05:60',
    '2024-03-01T10:00:00Z ',
    '2024-03-01T10:00:00ZZ',
    '+2024-03-01T10:00:00Z',
    '1900-01-01T00:00:00+01:00',
    '2200-12-31T23:00:00-02:00',
    '2024-00-10T00:00:00Z',
    '2024-13-10T00:00:00Z',
    '2024-03-00T00:00:00Z',
    '٢٠٢٤-03-01T10:00:00Z',
  ])('refuses %p', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });

  it.each([
    ['.NET', '2024-03-11T09:00:00.1234567-04:00', '2024-03-11T09:00:00.123456-04:00'],
    ['Java, which leaves out seconds that are zero', '2024-03-11T09:00-04:00', '2024-03-11T09:00:00-04:00'],
    ['Java with its zone', '2024-03-11T09:00:30-04:00[America/New_York]', '2024-03-11T09:00:30-04:00'],
    ['Java and Go with nanoseconds', '2024-03-11T13:00:00.123456789Z', '2024-03-11T13:00:00.123456Z'],
    ['nanoseconds are cut and not rounded', '2024-03-11T13:00:00.999999999Z', '2024-03-11T13:00:00.999999Z'],
    ['less than a microsecond', '2024-03-11T13:00:00.000000999Z', '2024-03-11T13:00:00Z'],
    ['Python by strftime', '2024-03-11T09:00:00-0400', '2024-03-11T09:00:00-04:00'],
    ['Python by str', '2024-03-11 09:00:00.250000-04:00', '2024-03-11T09:00:00.250000-04:00'],
    ['lower case', '2024-03-11t13:00:00z', '2024-03-11T13:00:00Z'],
    ['all at once', '2024-03-11t13:00+0000', '2024-03-11T13:00:00Z'],
    ['a comma', '2024-03-11T13:00:00,5Z', '2024-03-11T13:00:00.500000Z'],
  ])('reads what %s writes', (_, text, usual) => {
    const instant = parseInstant(text);
    expect(instant).toBeDefined();
    expect(instant).toEqual(parseInstant(usual));
    expect(instant!.canonical).toBe(usual);
  });

  it('has one notation for one instant and offset', () => {
    const canonical = (text: string) => parseInstant(text)?.canonical ?? 'refused';
    expect(canonical('2024-03-01T10:00:00-05:00')).toBe('2024-03-01T10:00:00-05:00');
    expect(canonical('2024-03-01T10:00:00.1-05:00')).toBe('2024-03-01T10:00:00.100000-05:00');
    expect(canonical('2024-03-01T10:00:00.000000+00:00')).toBe('2024-03-01T10:00:00Z');
    expect(canonical('2024-03-01T10:00:00-00:00')).toBe('2024-03-01T10:00:00Z');
  });
});

describe('dates', () => {
  it('counts days as Date does, and refuses days that do not exist', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1900, max: 2200 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 31 }),
        (y, m, d) => {
          const text = `${y}-${pad(m)}-${pad(d)}`;
          const date = new Date(Date.UTC(y, m - 1, d));
          const exists = date.getUTCDate() === d;
          expect(parseDate(text)).toBe(exists ? date.getTime() / 86_400_000 : NaN);
        },
      ),
    );
  });

  it.each(['1899-12-31', '2201-01-01', '2024-02-30', '2100-02-29', '24-01-01', '2024-01-01T', '2024/01/01'])(
    'refuses %p',
    (text) => {
      expect(parseDate(text)).toBeNaN();
    },
  );

  it('names hours in UTC', () => {
    expect(isoHour(Date.UTC(2024, 2, 10, 7, 59, 59, 999))).toBe('2024-03-10T07');
  });

  it('tells microseconds apart before and after 1970', () => {
    expect([microsText(-1), microsText(0), microsText(86_400_000_001)]).toEqual(['-1.86399.999999', '0.0.0', '1.0.1']);
  });
});
