import type { Kind } from './sql-literals';
import { DialectError, quoteName } from './sql-tokens';
import { NAMELESS } from './sql-names';
import { isGroup, type Node, placeOf, split, tokenOf, upperOf, wordsAt } from './sql-tree';

/** A piece of an expression: an operand, with the name that a column would take of it, or what stands between operands. */
export interface Piece {
  readonly text: string;
  readonly operand: boolean;
  /** Name that it gives to a column; a weak one yields to the type of a cast. */
  readonly name?: string;
  readonly weak?: boolean;
  readonly kind?: Kind;
}

/** Reads an expression. */
export type Pieces = (nodes: readonly Node[]) => Piece[];

export const joined = (found: readonly Piece[]): string => found.map((p) => p.text).join(' ');

export const SET_OPERATIONS: ReadonlySet<string> = new Set(['UNION', 'EXCEPT', 'MINUS', 'INTERSECT']);
const END_OF_LIST = new Set(['FROM', 'WHERE', 'GROUP', 'HAVING', 'QUALIFY', 'ORDER', 'LIMIT', 'OFFSET', 'INTO', ...SET_OPERATIONS]); // prettier-ignore

/** Where a list of columns ends. WITHIN GROUP belongs to it. */
export function endOfList(nodes: readonly Node[], select: number): number {
  const end = placeOf(nodes, END_OF_LIST, select);
  return wordsAt(nodes, end - 1, 'WITHIN', 'GROUP') ? endOfList(nodes, end + 1) : end;
}

/** What stands between SELECT and FROM: every column gets the name that it has in Redshift. */
export function selectList(nodes: readonly Node[], pieces: Pieces): { text: string; top?: string } {
  let at = 0;
  let head = 'SELECT';
  if (wordsAt(nodes, at, 'DISTINCT') || wordsAt(nodes, at, 'ALL')) head += ` ${upperOf(nodes[at++])}`;
  let top: string | undefined;
  if (wordsAt(nodes, at, 'TOP') && tokenOf(nodes[at + 1])?.kind === 'number') {
    top = tokenOf(nodes[at + 1])!.text;
    at += 2;
  }
  const list = nodes.slice(at);
  const exclude = list.findIndex((_, i) => i > 0 && wordsAt(list, i, 'EXCLUDE') && upperOf(list[i - 1]) === '*');
  if (exclude >= 0) return { text: `${head} ${excluded(list, exclude, pieces)}`, top };
  return {
    text: `${head} ${split(list, ',')
      .map((column) => item(pieces(column), column))
      .join(', ')}`,
    top,
  };
}

/** `* EXCLUDE a, b`: Redshift needs no parentheses, and all that follows is excluded. */
function excluded(list: readonly Node[], at: number, pieces: Pieces): string {
  const rest = list.slice(at + 1);
  const names = isGroup(rest[0]) ? rest[0].nodes : rest;
  if (isGroup(rest[0]) && rest.length > 1)
    throw new DialectError('EXCLUDE must end the list of columns; write the others before it');
  const items = split(list.slice(0, at), ',').map((column) => item(pieces(column), column));
  return `${items.join(', ')} EXCLUDE (${split(names, ',')
    .map((name) => joined(pieces(name)))
    .join(', ')})`;
}

function item(found: readonly Piece[], nodes: readonly Node[]): string {
  if (nodes.length === 0) throw new DialectError('a comma with nothing before or after it; omit it');
  const text = joined(found);
  const [last, before] = [found.at(-1)!, found.at(-2)];
  const named = before !== undefined && (isWord(before, 'AS') || (last.operand && before.operand));
  // A star names its columns, and a plain column itself.
  if (named || last.text.endsWith('*') || (found.length === 1 && isColumn(nodes))) return text;
  return `${text} AS ${quoteName({ name: nameOf(found) })}`;
}

const isWord = (piece: Piece | undefined, ...words: string[]): boolean =>
  piece !== undefined && !piece.operand && words.includes(piece.text.toUpperCase());

const isColumn = (nodes: readonly Node[]): boolean =>
  nodes.every((n, i) => (i % 2 === 0 ? ['word', 'quoted'].includes(tokenOf(n)?.kind ?? '') : upperOf(n) === '.')) &&
  !['SYSDATE', 'CURRENT_DATE', 'TRUE', 'FALSE', 'NULL'].includes(upperOf(nodes[0]));

/** One operand gives its name; of an operation nothing does. */
export function nameOf(found: readonly Piece[]): string {
  const [first, next] = found;
  return (next === undefined && first?.operand && first.name) || NAMELESS;
}
