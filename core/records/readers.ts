import { isInSilver, isSystem, widthOf } from '../../contracts/derive';
import type { EntityContract, Field, RuleId } from '../../contracts';
import { isZone } from '../../contracts/zones';
import { canonicalSystem, inNotation } from './codes';
import type { AnyRule, Violation } from './envelope';
import { isNpi } from './npi';
import { isTooLong, isUnstorable } from './text';
import { parseDate, parseInstant } from './time';

/** A value of a silver row: ts in microseconds UTC, date in days since 1970, decimal and payload_hash as bigint. */
export type Cell = string | number | bigint | boolean | null;

/** What the readers of one record write into; one per record. */
export interface Target {
  row: Cell[];
  violations: Violation[];
  flags: AnyRule[];
  /** Canonical text of the conformed fields so far, from which payload_hash is made. */
  canonical: string;
  /** Strings came through \u escapes or from an object: look into each for a NUL or half a surrogate pair. */
  escaped: boolean;
}

/**
 * Reads one present, non-null member into the row.
 * @returns the rule that the value breaks, with nothing written; null where it is right. Whether that costs the record or the member
 * alone is the caller's to say.
 */
export type Reader = (value: unknown, target: Target) => RuleId | null;

function textReader(at: number, check: (text: string, target: Target) => RuleId | null): Reader {
  return (value, target) => {
    if (typeof value !== 'string') return 'FLD-TYPE';
    if (target.escaped && isUnstorable(value)) return 'DQ-FMT-01';
    const rule = check(value, target);
    if (rule) return rule;
    target.row[at] = value;
    target.canonical += value;
    return null;
  };
}

function numberReader(at: number, field: Field): Reader {
  const min = field.min ?? (field.type === 'int' ? -2_147_483_648 : -Number.MAX_VALUE);
  const max = field.max ?? (field.type === 'int' ? 2_147_483_647 : Number.MAX_VALUE);
  const whole = field.type === 'int';
  return (value, target) => {
    if (typeof value !== 'number' || (whole && !Number.isInteger(value))) return 'FLD-TYPE';
    if (value < min) return field.minRule ?? 'FLD-RANGE';
    if (!(value <= max)) return 'FLD-RANGE';
    // Minus zero would be another canonical text for the same number.
    target.row[at] = value + 0;
    target.canonical += value + 0;
    return null;
  };
}

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

function decimalReader(at: number, precision: number, scale: number): Reader {
  const limit = 10n ** BigInt(precision);
  return (value, target) => {
    if (typeof value !== 'number' && typeof value !== 'string') return 'FLD-TYPE';
    const match = DECIMAL.exec(String(value));
    if (!match) return typeof value === 'number' ? 'FLD-RANGE' : 'FLD-TYPE';
    const fraction = (match[3] ?? '').replace(/0+$/, '');
    const units = BigInt(match[2] + fraction.padEnd(scale, '0'));
    if (fraction.length > scale || units >= limit) return 'FLD-RANGE';
    const signed = match[1] ? -units : units;
    target.row[at] = signed;
    target.canonical += signed.toString();
    return null;
  };
}

function dateReader(at: number, field: Field): Reader {
  const least = field.minDate ? parseDate(field.minDate) : -Infinity;
  return (value, target) => {
    if (typeof value !== 'string') return 'FLD-TYPE';
    const days = parseDate(value);
    if (days !== days) return isEarlyDate(value, field) ? field.minRule! : 'FLD-DATE';
    if (days < least) return field.minRule ?? 'FLD-DATE';
    target.row[at] = days;
    target.canonical += value;
    return null;
  };
}

/** A well-written day before the least one breaks the domain's rule, not the one about impossible dates. */
function isEarlyDate(text: string, field: Field): boolean {
  if (!field.minRule || !field.minDate || !/^\d{4}-\d{2}-\d{2}$/.test(text) || text >= field.minDate) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

function boolReader(at: number): Reader {
  return (value, target) => {
    if (typeof value !== 'boolean') return 'FLD-TYPE';
    target.row[at] = value;
    target.canonical += value ? 't' : 'f';
    return null;
  };
}

/** A timestamp also fills the column of its offset, which the instant itself does not tell. */
function instantReader(at: number, field: Field, contract: EntityContract, place: (name: string) => number): Reader {
  const offsets = contract.derived.filter((d) => d.from === field.name && isInSilver(d)).map((d) => place(d.name));
  return (value, target) => {
    if (typeof value !== 'string') return 'FLD-TYPE';
    const instant = parseInstant(value);
    if (!instant) return 'FLD-TIME';
    target.row[at] = instant.micros;
    for (const at of offsets) target.row[at] = instant.offsetMin;
    target.canonical += instant.canonical;
    return null;
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

/**
 * An NPI that is the entity's only key must be right; one that only refers, or stands beside an identifier of the source, is kept as far as
 * it fits, and flagged.
 */
function npiReader(at: number, field: Field, contract: EntityContract): Reader {
  const own = contract.naturalKey.includes(field.name);
  const width = widthOf(field);
  return textReader(at, (text, target) => {
    if (isNpi(text)) return null;
    if (own) return 'DQ-ID-03';
    if (isTooLong(text, width)) return 'FLD-LENGTH';
    target.flags.push('DQ-ID-03');
    return null;
  });
}

/** A code in the notation of its system. The member with the system stands before it in the contract, and so is read. */
function codeReader(at: number, systemAt: number, width: number): Reader {
  const read = textReader(at, (text) => (isTooLong(text, width) ? 'FLD-LENGTH' : null));
  return (value, target) => read(typeof value === 'string' ? inNotation(target.row[systemAt], value) : value, target);
}

/** A code system under its one name. */
function systemReader(at: number, width: number): Reader {
  const read = textReader(at, (text) => (isTooLong(text, width) ? 'FLD-LENGTH' : null));
  return (value, target) => read(typeof value === 'string' ? canonicalSystem(value) : value, target);
}

/**
 * Reader of one field, chosen once per contract so that no record pays for looking at types.
 * @param at place of the field in the silver row
 * @param place place of any column by name
 */
export function readerOf(field: Field, contract: EntityContract, at: number, place: (name: string) => number): Reader {
  switch (field.type) {
    case 'string':
      if (field.system !== undefined) return codeReader(at, place(field.system), widthOf(field));
      if (isSystem(field.name, contract)) return systemReader(at, widthOf(field));
      return textReader(at, (text) => (isTooLong(text, widthOf(field)) ? 'FLD-LENGTH' : null));
    case 'zone':
      return textReader(at, (text) => (isZone(text) ? null : 'FLD-ZONE'));
    case 'code': {
      const values = new Set(field.values);
      return textReader(at, (text) => (values.has(text) ? null : (field.valuesRule ?? 'FLD-CODE')));
    }
    case 'digits':
      return textReader(at, (text) => (isDigits(text, widthOf(field)) ? null : 'FLD-DIGITS'));
    case 'npi':
      return npiReader(at, field, contract);
    case 'int':
    case 'double':
      return numberReader(at, field);
    case 'decimal':
      return decimalReader(at, field.precision ?? 18, field.scale ?? 0);
    case 'date':
      return dateReader(at, field);
    case 'ts':
      return instantReader(at, field, contract, place);
    case 'bool':
      return boolReader(at);
  }
}
