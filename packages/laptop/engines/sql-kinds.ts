import { raise } from './sql-casts';
import type { Kind } from './sql-literals';
import { DialectError } from './sql-tokens';
import { type Node, placeOf, tokenOf, upperOf } from './sql-tree';

/**
 * What Redshift refuses, or answers in another type, for the type of a value. The engine decides it when it reads the statement, and what is
 * as it should be costs nothing where it runs.
 */
const unless = (condition: string, sentence: Parameters<typeof raise>[0], value: string): string =>
  `CASE WHEN ${condition} THEN ${raise(sentence)} ELSE ${value} END`;
const isDecimal = (text: string): string => `typeof(${text}) LIKE 'DECIMAL%'`;

const COMPARES = new Set(['=', '<', '>', '<=', '>=', '<>', '!=', 'AND', 'OR', 'NOT', 'IS', 'ISNULL', 'NOTNULL', 'IN', 'LIKE', 'ILIKE', 'BETWEEN', 'EXISTS', 'TRUE', 'FALSE']); // prettier-ignore

/** SUM, MIN and MAX, which take no booleans in Redshift. @throws DialectError where they are given a comparison in plain sight */
export function ofValues(name: string, nodes: readonly Node[], render: (nodes: readonly Node[]) => string): string {
  const head = ['DISTINCT', 'ALL'].includes(upperOf(nodes[0])) ? 1 : 0;
  const value = nodes.slice(head);
  return `${name.toLowerCase()}(${head === 1 ? `${upperOf(nodes[0])} ` : ''}${noCondition(name, value, render(value))})`;
}

function noCondition(name: string, nodes: readonly Node[], text: string): string {
  if (nodes.some((node) => COMPARES.has(upperOf(node))))
    throw new DialectError(
      name === 'SUM'
        ? 'Redshift has no sum of booleans; write sum(CASE WHEN … THEN 1 ELSE 0 END)'
        : `Redshift has no ${name.toLowerCase()} of booleans; write ${name === 'MIN' ? 'bool_and(…)' : 'bool_or(…)'}`,
    );
  // Of a column alone nothing is known here.
  const isColumn = nodes.every((n, i) => (i % 2 === 0 ? /^(word|quoted)$/.test(tokenOf(n)?.kind ?? '') : upperOf(n) === '.'));
  return isColumn && nodes.length > 0 ? unless(`typeof(${text}) = 'BOOLEAN'`, 'condition', text) : text;
} // prettier-ignore

/** A value between two of which a function may lie, so that a decimal would lose digits here. */
export const noDecimal = (text: string): string => unless(isDecimal(text), 'middle', text);

/** The order of an aggregate; one that may answer with what lies between two values takes no decimals. */
export function withinOrder(
  name: string,
  nodes: readonly Node[],
  expression: (nodes: readonly Node[]) => string,
): string {
  if (name !== 'PERCENTILE_CONT') return expression(nodes);
  const end = placeOf(nodes, new Set(['ASC', 'DESC', 'NULLS']));
  return `${expression(nodes.slice(0, 2))} ${noDecimal(expression(nodes.slice(2, end)))} ${expression(nodes.slice(end))}`;
}

export const kindOfNumber = (text: string): Kind => (/e/i.test(text) ? 'double' : text.includes('.') ? 'decimal' : 'whole'); // prettier-ignore
/** @param type Redshift's name of it */
export const kindOf = (type: string): Kind | undefined =>
  /^int/.test(type) ? 'whole' : type === 'numeric' ? 'decimal' : /^float/.test(type) ? 'double' : undefined;
export const kindOfFunction = (name: string): Kind | undefined =>
  name === 'COUNT' || name === 'LENGTH' || name === 'LEN' ? 'whole' : name === 'AVG' || name === 'SQRT' || name === 'POWER' ? 'double' : undefined; // prettier-ignore

/** Letters of a factor up to which its type is asked for: in a quotient in a quotient, copies would grow without end. */
const ASKED = 1000;
type Factor = { readonly text: string; readonly kind?: Kind };

/** What a quotient divides by: of decimals Redshift makes a decimal, whose digits follow from those of its factors. */
export function ofNoDecimals(dividend: readonly Factor[], divisor: Factor): string {
  const factors = [...dividend, divisor];
  const asked = factors.filter(({ kind, text }) => (kind ?? 'quotient') === 'quotient' && text.length <= ASKED);
  const unknown = asked.filter(({ kind }) => kind === undefined);
  const isSure = factors.some(({ kind }) => kind === 'decimal');
  if (factors.some(({ kind }) => kind === 'double') || (unknown.length === 0 && !isSure)) return divisor.text;
  const isOne = !isSure && asked.length === 1;
  const conditions = isOne ? [] : asked.map(({ text }) => `typeof(${text}) NOT IN ('DOUBLE', 'FLOAT')`);
  if (!isSure) conditions.push(`(${unknown.map(({ text }) => isDecimal(text)).join(' OR ')})`);
  return unless(conditions.join(' AND ') || 'true', 'quotient', divisor.text);
}
