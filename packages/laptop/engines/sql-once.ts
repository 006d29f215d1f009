import { DialectError } from './sql-tokens';

/** Letters of an expression up to which a second copy costs less than a name for its value. */
const COPIED = 120;
/** Letters of an expression that copies make; beyond it the local engine would take more memory for the statement than it has. */
const MOST = 1_000_000;

/**
 * An expression that uses values more than once. Long ones are evaluated once and named: a copy in a copy in a copy would grow without end.
 * @param use what is made of the values; constants may stand beside them, and nothing else: a column could have the name that they get
 */
export const once = (use: (...values: string[]) => string, ...values: readonly string[]): string =>
  values.join('').length > COPIED ? bound(use, ...values) : use(...values.map((value) => `(${value})`));

/** The same with its values always named: an expression inside another `lambda` may hold neither a query nor its name. */
export function bound(use: (...values: string[]) => string, ...values: readonly string[]): string {
  const [first] = values;
  if (values.length === 1) return `list_transform([${first}], lambda given: ${use('given')})[1]`;
  const fields = values.map((value, i) => `v${i}: ${value}`);
  return `list_transform([{${fields.join(', ')}}], lambda given: ${use(...values.map((_, i) => `given['v${i}']`))})[1]`;
}

/** @throws DialectError when copies, where they cannot be avoided, have made an expression too large. */
export function notTooMuch(text: string): string {
  if (text.length > MOST) throw new DialectError('expressions are nested too deeply; write the inner part as a WITH');
  return text;
}
