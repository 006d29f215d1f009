import { raise, RAISED } from './sql-casts';
import { once } from './sql-once';
import { DialectError } from './sql-tokens';
import { isGroup, type Node, placeOf, textOf, tokenOf, upperOf } from './sql-tree';

/** An argument of a function, as it was written and for the local engine. */
export interface Argument {
  readonly nodes: readonly Node[];
  readonly text: string;
}

/** A literal argument. @throws DialectError naming it. */
export function literal({ nodes }: Argument, what: string): string {
  const text = nodes.length === 1 ? textOf(nodes[0]) : undefined;
  if (text === undefined) throw new DialectError(`${what} must be a text literal here; write it in quotes`);
  return text;
}

export function count(args: readonly Argument[], name: string, least: number, most: number): void {
  if (args.length < least || args.length > most)
    throw new DialectError(`${name.toLowerCase()} takes ${least === most ? least : `${least} to ${most}`} arguments`);
}

/** The whole number that an argument is, sign included; undefined for anything else. */
export function numberOf({ nodes }: Argument): number | undefined {
  const sign = upperOf(nodes[0]) === '-' ? -1 : 1;
  const digits =
    nodes.length - (['-', '+'].includes(upperOf(nodes[0])) ? 1 : 0) === 1 ? tokenOf(nodes.at(-1)) : undefined;
  return digits?.kind === 'number' && /^\d+$/.test(digits.text) ? sign * Number(digits.text) : undefined;
}

/** A function whose last argument is a number that may not be less than `least`; the local engine would count from the end. */
export function counted(
  args: readonly Argument[],
  name: string,
  takesArgs: number,
  least: number,
  sentence: 'length' | 'position',
): string {
  count(args, name, takesArgs, takesArgs);
  const last = args.at(-1)!;
  const known = numberOf(last);
  if (known !== undefined && known < least) throw new DialectError(RAISED[sentence]);
  const number =
    known === undefined
      ? once((n) => `CASE WHEN ${n} < ${least} THEN ${raise(sentence)} ELSE ${n} END`, last.text)
      : last.text;
  return `${name.toLowerCase()}(${[...args.slice(0, -1).map((a) => a.text), number].join(', ')})`;
}

const GIVES_TIME =
  /^(GETDATE|SYSDATE|TIMESTAMP|TIMESTAMPTZ|DATE_TRUNC|DATEADD|DATE_ADD|ADD_MONTHS|CONVERT_TIMEZONE|TO_TIMESTAMP)$/;

/** TRUNC of a number, or of what is a time in plain sight: its day. */
export function trunc(args: readonly Argument[], name: string): string {
  count(args, name, 1, 2);
  const [{ nodes, text }] = args as [Argument];
  const isTime = args.length === 1 && (GIVES_TIME.test(upperOf(nodes[0])) || GIVES_TIME.test(castOf(nodes)));
  return isTime ? `CAST(${text} AS DATE)` : `trunc(${args.map((a) => a.text).join(', ')})`;
}

/** The type that a cast names, of an expression that is one; else nothing. */
function castOf(nodes: readonly Node[]): string {
  const [first, group] = nodes;
  if (upperOf(first) === 'CAST' && isGroup(group) && nodes.length === 2)
    return upperOf(group.nodes[placeOf(group.nodes, new Set(['AS'])) + 1]);
  return upperOf(nodes[placeOf(nodes, new Set(['::'])) + 1]);
}
