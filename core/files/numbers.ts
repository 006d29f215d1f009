import type { Expression, Profile } from '../../profiles/schema';
import { Fault, type Made, type Text } from './making';

/** Ids stay text: a JSON number becomes one only where no digit can have been lost in reading it. */
export function asText(value: Text): Made {
  if (typeof value === 'string') return value;
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : Fault.of('FLD-TYPE');
}

/** How a profile writes numbers. */
export interface Notation {
  decimal: string;
  group: string | undefined;
}

/** The notation of an expression. */
export const notation = (e: Expression, profile: Profile): Notation => ({
  decimal: e.decimal_mark ?? profile.file.decimal_mark,
  group: e.group_mark,
});

/** A number in the profile's notation as `-?digits(.digits)?`, or null. */
export function plainNumber(text: string, { decimal, group }: Notation): string | null {
  let plain = text;
  if (group !== undefined && plain.includes(group)) {
    const [whole = ''] = plain.split(decimal);
    if (!whole.split(group).every((part, i) => (i === 0 ? /^[+-]?\d{1,3}$/ : /^\d{3}$/).test(part))) return null;
    plain = plain.replaceAll(group, '');
  }
  if (decimal !== '.') {
    if (plain.includes('.')) return null;
    plain = plain.replace(decimal, '.');
  }
  return /^[+-]?\d+(\.\d+)?$/.test(plain) ? plain.replace(/^\+/, '') : null;
}

/** A plain number with at most so many digits after the point, by its digits: floating point would round 1.005 down. */
export function roundedTo(plain: string, scale: number, how: NonNullable<Expression['round']>): string {
  const [, sign = '', whole = '0', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(plain) ?? [];
  if (fraction.length <= scale) return plain;
  let digits = BigInt(whole + fraction.slice(0, scale));
  const rest = fraction.slice(scale);
  const isHalf = /^50*$/.test(rest);
  const isAbove = rest >= '5' && !isHalf;
  const isOdd = digits % 2n === 1n;
  if (how !== 'down' && (isAbove || (isHalf && (how === 'half_up' || isOdd)))) digits += 1n;
  const text = String(digits).padStart(scale + 1, '0');
  const made = scale === 0 ? text : `${text.slice(0, -scale)}.${text.slice(-scale)}`;
  return /[1-9]/.test(made) ? sign + made : made;
}
