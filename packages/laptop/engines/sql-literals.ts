import { type Node, tokenOf, upperOf, wordsAt } from './sql-tree';

/** What is known of a number before the engine reads it. A quotient is whole or a double, since those of decimals are refused. */
export type Kind = 'decimal' | 'double' | 'whole' | 'quotient';

/** An operand for the local engine, and where what follows it begins. */
export interface Operand {
  readonly text: string;
  readonly next: number;
  readonly name?: string;
  readonly weak?: boolean;
  /** True where it can be no zero. */
  readonly nonZero?: boolean;
  readonly kind?: Kind;
}

const TYPED_LITERAL = new Set(['DATE', 'TIME', 'TIMESTAMP', 'TIMESTAMPTZ', 'TIMETZ', 'INTERVAL']);
const SPAN = /^(YEAR|MONTH|DAY|HOUR|MINUTE|SECOND)S?$/;

/** DATE '2026-01-01' and the like, whose text takes no parentheses. */
export function typedLiteral(nodes: readonly Node[], at: number): Operand | undefined {
  const word = upperOf(nodes[at]);
  if (!TYPED_LITERAL.has(word)) return undefined;
  const zone = ['WITH', 'WITHOUT'].includes(upperOf(nodes[at + 1])) && wordsAt(nodes, at + 2, 'TIME', 'ZONE') ? 3 : 0;
  const text = tokenOf(nodes[at + 1 + zone]);
  if (text?.kind !== 'string') return undefined;
  const type = zone > 0 && upperOf(nodes[at + 1]) === 'WITH' ? `${word}TZ` : word;
  const unit = word === 'INTERVAL' && SPAN.test(upperOf(nodes[at + 2])) ? upperOf(nodes[at + 2]) : '';
  const next = at + 2 + zone + (unit === '' ? 0 : 1);
  return { text: `${type} ${text.text}${unit === '' ? '' : ` ${unit}`}`, next, name: type.toLowerCase(), weak: true };
}
