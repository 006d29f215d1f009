import { widthOf } from '../../contracts/derive';
import type { EntityContract, Field, RuleId } from '../../contracts';
import type { Violation } from './envelope';
import { isNpi } from './npi';
import { parseDate, parseInstant } from './time';

/** A value of a silver row: ts in microseconds UTC, date in days since 1970, decimal and payload_hash as bigint. */
export type Cell = string | number | bigint | boolean | null;

/** What the readers of one record write into; one per record. */
export interface Target {
  row: Cell[];
  violations: Violation[];
  flags: RuleId[];
  /** Canonical text of the conformed fields so far, from which payload_hash is made. */
  canonical: string;
  /** Strings came through \u escapes or from an object: look into each for a NUL or half a surrogate pair. */
  escaped: boolean;
}

/** Reads one present, non-null member into the row; breaks of rules go to the target's violations. */
export type Reader = (value: unknown, target: Target) => void;

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Whether a string cannot stand in the lake: it holds a NUL, or half a surrogate pair that UTF-8 cannot write. */
export function isUnstorable(text: string): boolean {
  return text.includes('\u0000') || LONE_SURROGATE.test(text);
}

/** Whether a text is longer than `maxBytes` in UTF-8; most are so short that their characters settle it. */
export function isTooLong(text: string, maxBytes: number): boolean {
  return text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes;
}

/**
 * A value without the blanks (U+0020) at its end. Redshift compares texts as if they were not there, other engines do not: two
 * texts that differ in them alone would be two versions of a member on one engine and one on the other.
 */
export function withoutTrailingBlanks(value: unknown): unknown {
  if (typeof value !== 'string' || value.charCodeAt(value.length - 1) !== 32) return value;
  let end = value.length - 1;
  while (end > 0 && value.charCodeAt(end - 1) === 32) end--;
  return value.slice(0, end);
}

function break_(target: Target, rule: RuleId, pointer: string): void {
  target.violations.push({ rule, pointer });
}

function textReader(at: number, pointer: string, check: (text: string, target: Target) => RuleId | null): Reader {
  return (value, target) => {
    if (typeof value !== 'string') return break_(target, 'FLD-TYPE', pointer);
    if (target.escaped && isUnstorable(value)) return break_(target, 'DQ-FMT-01', pointer);
    const rule = check(value, target);
    if (rule) return break_(target, rule, pointer);
    target.row[at] = value;
    target.canonical += value;
  };
}

function numberReader(at: number, pointer: string, field: Field): Reader {
  const min = field.min ?? (field.type === 'int' ? -2_147_483_648 : -Number.MAX_VALUE);
  const max = field.max ?? (field.type === 'int' ? 2_147_483_647 : Number.MAX_VALUE);
  const whole = field.type === 'int';
  return (value, target) => {
    if (typeof value !== 'number' || (whole && !Number.isInteger(value))) return break_(target, 'FLD-TYPE', pointer);
    if (value < min) return break_(target, field.minRule ?? 'FLD-RANGE', pointer);
    if (!(value <= max)) return break_(target, 'FLD-RANGE', pointer);
    // Minus zero would be another canonical text for the same number.
    target.row[at] = value + 0;
    target.canonical += value + 0;
  };
}

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

function decimalReader(at: number, pointer: string, precision: number, scale: number): Reader {
  const limit = 10n ** BigInt(precision);
  return (value, target) => {
    if (typeof value !== 'number' && typeof value !== 'string') return break_(target, 'FLD-TYPE', pointer);
    const match = DECIMAL.exec(String(value));
    if (!match) return break_(target, typeof value === 'number' ? 'FLD-RANGE' : 'FLD-TYPE', pointer);
    const fraction = (match[3] ?? '').replace(/0+$/, '');
    const units = BigInt(match[2] + fraction.padEnd(scale, '0'));
    if (fraction.length > scale || units >= limit) return break_(target, 'FLD-RANGE', pointer);
    const signed = match[1] ? -units : units;
    target.row[at] = signed;
    target.canonical += signed.toString();
  };
}

function dateReader(at: number, pointer: string, field: Field): Reader {
  const least = field.minDate ? parseDate(field.minDate) : -Infinity;
  return (value, target) => {
    if (typeof value !== 'string') return break_(target, 'FLD-TYPE', pointer);
    const days = parseDate(value);
    if (days !== days) return break_(target, isEarlyDate(value, field) ? field.minRule! : 'FLD-DATE', pointer);
    if (days < least) return break_(target, field.minRule ?? 'FLD-DATE', pointer);
    target.row[at] = days;
    target.canonical += value;
  };
}

/** A well-written day before the least one breaks the domain's rule, not the one about impossible dates. */
function isEarlyDate(text: string, field: Field): boolean {
  if (!field.minRule || !field.minDate || !/^\d{4}-\d{2}-\d{2}$/.test(text) || text >= field.minDate) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

function boolReader(at: number, pointer: string): Reader {
  return (value, target) => {
    if (typeof value !== 'boolean') return break_(target, 'FLD-TYPE', pointer);
    target.row[at] = value;
    target.canonical += value ? 't' : 'f';
  };
}

/** A timestamp also fills the columns derived from it, while its local time is at hand. */
function instantReader(
  at: number,
  pointer: string,
  field: Field,
  contract: EntityContract,
  place: (name: string) => number,
): Reader {
  const derived = contract.derived
    .filter((d) => d.from === field.name)
    .map((d) => ({ at: place(d.name), take: d.take }));
  return (value, target) => {
    if (typeof value !== 'string') return break_(target, 'FLD-TYPE', pointer);
    const instant = parseInstant(value);
    if (!instant) return break_(target, 'FLD-TIME', pointer);
    target.row[at] = instant.micros;
    for (const d of derived) {
      target.row[d.at] =
        d.take === 'local_date'
          ? instant.localDays
          : d.take === 'tz_offset_min'
            ? instant.offsetMin
            : instant.localTimeKey;
    }
    target.canonical += instant.canonical;
  };
}

function isDigits(text: string, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code < 48 || code > 57) return false;
  }
  return true;
}

/** An NPI that is the entity's own key must be right; one that only refers is kept and flagged. */
function npiReader(at: number, pointer: string, field: Field, contract: EntityContract): Reader {
  const own = contract.naturalKey.includes(field.name);
  const width = widthOf(field);
  return textReader(at, pointer, (text, target) => {
    if (isNpi(text)) return null;
    if (own) return 'DQ-ID-03';
    if (isTooLong(text, width)) return 'FLD-LENGTH';
    target.flags.push('DQ-ID-03');
    return null;
  });
}

/**
 * Reader of one field, chosen once per contract so that no record pays for looking at types.
 * @param at place of the field in the silver row
 * @param place place of any column by name
 */
export function readerOf(field: Field, contract: EntityContract, at: number, place: (name: string) => number): Reader {
  const pointer = `/payload/${field.name}`;
  switch (field.type) {
    case 'string':
      return textReader(at, pointer, (text) => (isTooLong(text, widthOf(field)) ? 'FLD-LENGTH' : null));
    case 'code': {
      const values = new Set(field.values);
      return textReader(at, pointer, (text) => (values.has(text) ? null : (field.valuesRule ?? 'FLD-CODE')));
    }
    case 'digits':
      return textReader(at, pointer, (text) => (isDigits(text, widthOf(field)) ? null : 'FLD-DIGITS'));
    case 'npi':
      return npiReader(at, pointer, field, contract);
    case 'int':
    case 'double':
      return numberReader(at, pointer, field);
    case 'decimal':
      return decimalReader(at, pointer, field.precision ?? 18, field.scale ?? 0);
    case 'date':
      return dateReader(at, pointer, field);
    case 'ts':
      return instantReader(at, pointer, field, contract, place);
    case 'bool':
      return boolReader(at, pointer);
  }
}
