import { asValue } from './dialect-files';
import { FUNCTIONS, RESERVED } from './dialect-lists';
import { type Argument, EVERYDAY } from './sql-functions';
import { cast, raise, readType } from './sql-casts';
import { type Operand, typedLiteral } from './sql-literals';
import { columnName, NAMELESS } from './sql-names';
import { DialectError, plainName, quoteName, type Token } from './sql-tokens';
import { isGroup, type Node, placeOf, split, textOf, tokenOf, upperOf, wordsAt } from './sql-tree';

/** A piece of an expression: an operand, with the name that a column would take of it, or what stands between operands. */
interface Piece {
  readonly text: string;
  readonly operand: boolean;
  /** Name that it gives to a column; a weak one yields to the type of a cast. */
  readonly name?: string;
  readonly weak?: boolean;
}

const END_OF_LIST = new Set(['FROM', 'WHERE', 'GROUP', 'HAVING', 'QUALIFY', 'ORDER', 'LIMIT', 'OFFSET', 'UNION', 'EXCEPT', 'MINUS', 'INTERSECT', 'INTO']); // prettier-ignore
const SET_OPERATIONS = new Set(['UNION', 'EXCEPT', 'MINUS', 'INTERSECT']);
const between = (text: string): Piece => ({ text, operand: false });

/** SQL of Redshift as the local engine takes it: the same statement, with what the two understand differently written out. */
export function render(nodes: readonly Node[]): string {
  const parts: string[] = [];
  let at = 0;
  let top: string | undefined;
  while (at < nodes.length) {
    const select = placeOf(nodes, new Set(['SELECT']), at);
    if (select > at) parts.push(expression(nodes.slice(at, select)));
    if (select === nodes.length) break;
    const from = endOfList(nodes, select);
    const list = selectList(nodes.slice(select + 1, from));
    parts.push(list.text);
    top = list.top ?? top;
    at = from;
  }
  if (top === undefined) return parts.join(' ');
  for (const word of ['LIMIT', ...SET_OPERATIONS])
    if (nodes.some((n) => upperOf(n) === word))
      throw new DialectError(`TOP beside ${word}: write LIMIT at the end alone`);
  return `${parts.join(' ')} LIMIT ${top}`;
}

/** Where a list of columns ends. WITHIN GROUP belongs to it. */
function endOfList(nodes: readonly Node[], select: number): number {
  const end = placeOf(nodes, END_OF_LIST, select);
  return wordsAt(nodes, end - 1, 'WITHIN', 'GROUP') ? endOfList(nodes, end + 1) : end;
}

/** What stands between SELECT and FROM: every column gets the name that it has in Redshift. */
function selectList(nodes: readonly Node[]): { text: string; top?: string } {
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
  if (exclude >= 0) return { text: `${head} ${excluded(list, exclude)}`, top };
  return { text: `${head} ${split(list, ',').map(item).join(', ')}`, top };
}

/** `* EXCLUDE a, b`: Redshift needs no parentheses, and all that follows is excluded. */
function excluded(list: readonly Node[], at: number): string {
  const rest = list.slice(at + 1);
  const names = isGroup(rest[0]) ? rest[0].nodes : rest;
  if (isGroup(rest[0]) && rest.length > 1)
    throw new DialectError('EXCLUDE ends the list of columns; write the others before it');
  const items = split(list.slice(0, at), ',').map(item);
  return `${items.join(', ')} EXCLUDE (${split(names, ',').map(expression).join(', ')})`;
}

function item(nodes: readonly Node[]): string {
  if (nodes.length === 0) throw new DialectError('a comma with nothing behind or before it; leave it out');
  const found = pieces(nodes);
  const text = found.map((p) => p.text).join(' ');
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

/** One operand gives its name, with or without a window; of an operation nothing does. */
function nameOf(found: readonly Piece[]): string {
  const [first, next] = found;
  const alone = found.length === 1 || isWord(next, 'OVER', 'IGNORE', 'RESPECT', 'WITHIN');
  return (alone && first?.operand && first.name) || NAMELESS;
}

/** An expression, or any part of a statement that holds no SELECT of its own level. */
export function expression(nodes: readonly Node[]): string {
  return pieces(nodes)
    .map((p) => p.text)
    .join(' ');
}

function pieces(nodes: readonly Node[]): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  while (at < nodes.length) {
    const word = upperOf(nodes[at]);
    if (word === '/' || word === '%') {
      found.push(between(word));
      const divisor = signed(nodes, at + 1);
      found.push({ text: divisor.text, operand: true });
      at = divisor.next;
      continue;
    }
    const operand = operandAt(nodes, at);
    if (!operand) {
      // Without parentheses a text where a table belongs would be taken for a file.
      found.push(between(word === 'MINUS' ? 'EXCEPT' : (tokenOf(nodes[at])?.text ?? '')));
      at++;
      continue;
    }
    found.push({ ...operand, operand: true });
    at = operand.next;
    const isPattern = ['LIKE', 'ILIKE'].includes(upperOf(nodes[at - 2]));
    if (isPattern && textOf(nodes[at - 1])?.includes('\\') && upperOf(nodes[at]) !== 'ESCAPE')
      found.push(between("ESCAPE '\\'"));
  }
  return found;
}

/** What a division divides by, its sign included; raises for zero, where the local engine would answer NULL. */
function signed(nodes: readonly Node[], from: number): { text: string; next: number } {
  let at = from;
  while (['-', '+'].includes(upperOf(nodes[at]))) at++;
  const sign = nodes.slice(from, at).map((n) => upperOf(n)).join(' '); // prettier-ignore
  const operand = operandAt(nodes, at);
  if (!operand) throw new DialectError(`nothing to divide by behind ${upperOf(nodes[from - 1])}`);
  const text = sign === '' ? operand.text : `${sign} ${operand.text}`;
  return { text: operand.nonZero ? text : notZero(text), next: operand.next };
}

const notZero = (text: string): string => `(CASE WHEN (${text}) = 0 THEN ${raise('zero')} ELSE (${text}) END)`;

/** The operand that begins here, its casts included; undefined where none does. */
function operandAt(nodes: readonly Node[], at: number): Operand | undefined {
  let operand = simpleAt(nodes, at);
  const start = at;
  while (operand && upperOf(nodes[operand.next]) === '::') {
    const { type, next } = readType(nodes, operand.next + 1);
    const inner = nodes.slice(start, operand.next);
    operand = {
      text: cast(inner, operand.text, type),
      next,
      ...castName(operand, type.name),
      nonZero: operand.nonZero,
    };
  }
  return operand;
}

const castName = ({ name, weak }: { name?: string; weak?: boolean }, type: string): { name: string; weak?: boolean } =>
  name === undefined || weak || name === NAMELESS ? { name: type, weak: true } : { name };

function simpleAt(nodes: readonly Node[], at: number): Operand | undefined {
  const node = nodes[at];
  if (node === undefined) return undefined;
  if (node.kind === 'case') {
    const last = upperOf(node.nodes.at(-2)) === 'ELSE' ? tokenOf(node.nodes.at(-1)) : undefined;
    const name = last && ['word', 'quoted'].includes(last.kind) && !RESERVED.has(last.upper) ? plainName(last) : 'case';
    return { text: `CASE ${expression(node.nodes)} END`, next: at + 1, name, weak: name === 'case' };
  }
  if (node.kind === 'group') {
    const isQuery = ['SELECT', 'WITH'].includes(upperOf(node.nodes[0]));
    const inner = isQuery ? undefined : pieces(node.nodes);
    return { text: `(${render(node.nodes)})`, next: at + 1, name: inner && nameOf(inner) };
  }
  return ofToken(nodes, at, node as Token);
}

function ofToken(nodes: readonly Node[], at: number, token: Token): Operand | undefined {
  switch (token.kind) {
    case 'number':
      return { text: token.text, next: at + 1, nonZero: Number(token.text) !== 0 };
    case 'parameter':
      return { text: `$${token.text.slice(1)}`, next: at + 1 };
    case 'string':
      return { text: asValue(token), next: at + 1 };
    case 'symbol':
      return undefined;
    default:
      return typedLiteral(nodes, at) ?? called(nodes, at, token) ?? named(nodes, at, token);
  }
}

/** A call of a function. */
function called(nodes: readonly Node[], at: number, token: Token): Operand | undefined {
  if (token.upper === 'APPROXIMATE' && upperOf(nodes[at + 1]) === 'COUNT')
    return called(nodes, at + 1, nodes[at + 1] as Token);
  const group = nodes[at + 1];
  if (token.kind !== 'word' || !isGroup(group)) return undefined;
  const { upper } = token;
  const name = columnName(upper);
  if (upper === 'CAST') return castCall(group.nodes, at + 2);
  if (upper === 'LISTAGG') return listagg(nodes, at, group.nodes);
  if (Object.hasOwn(EVERYDAY, upper)) {
    const args = argumentsOf(upper, group.nodes);
    return { text: EVERYDAY[upper]!(args, upper), next: at + 2, name };
  }
  if (RESERVED.has(upper) && !FUNCTIONS.has(upper)) return undefined;
  if (upper === 'MOD') return modulo(group.nodes, at + 2);
  const isNullif = upper === 'NULLIF' && tokenOf(split(group.nodes, ',')[1]?.[0])?.text === '0';
  return { text: `${token.text}(${render(group.nodes)})`, next: at + 2, name, nonZero: isNullif };
}

function argumentsOf(name: string, nodes: readonly Node[]): Argument[] {
  if (nodes.length === 0) return [];
  const isSubstring = name === 'SUBSTRING' && placeOf(nodes, new Set(['FROM'])) < nodes.length;
  const parts = isSubstring ? split(nodes, 'FROM').flatMap((part) => split(part, 'FOR')) : split(nodes, ',');
  return parts.map((part) => {
    if (part.length === 0) throw new DialectError(`an argument of ${name.toLowerCase()} is missing`);
    return { nodes: part, text: render(part) };
  });
}

function castCall(nodes: readonly Node[], next: number): Operand {
  const as = placeOf(nodes, new Set(['AS']));
  const inner = nodes.slice(0, as);
  const { type, next: end } = readType(nodes, as + 1);
  if (end < nodes.length)
    throw new DialectError(`what follows the type ${type.name} in CAST has no meaning; leave it out`);
  return { text: cast(inner, render(inner), type), next, ...castName({ name: nameOf(pieces(inner)) }, type.name) };
}

function modulo(nodes: readonly Node[], next: number): Operand {
  const [value, divisor] = argumentsOf('MOD', nodes);
  if (!value || !divisor) throw new DialectError('mod takes 2 arguments');
  return {
    text: `mod(${value.text}, ${signed(divisor.nodes.length === 1 ? divisor.nodes : [{ kind: 'group', nodes: divisor.nodes }], 0).text})`,
    next,
    name: 'mod',
  };
}

/** LISTAGG; without a delimiter it puts nothing between the values. */
function listagg(nodes: readonly Node[], at: number, inside: readonly Node[]): Operand {
  const [value = [], delimiter] = split(inside, ',');
  const order = nodes[at + 4];
  const ordered = wordsAt(nodes, at + 2, 'WITHIN', 'GROUP') && isGroup(order);
  const by = ordered ? ` ${expression(order.nodes)}` : '';
  const between = delimiter ? expression(delimiter) : "('')";
  const distinct = upperOf(value[0]) === 'DISTINCT';
  const text = `CAST(${expression(distinct ? value.slice(1) : value)} AS VARCHAR)`;
  if (distinct && ordered && expression(order.nodes.slice(2)) !== expression(value.slice(1)))
    throw new DialectError(
      'LISTAGG(DISTINCT …) in another order than its own values is not known here; write the order by that value',
    );
  const direction = distinct ? (ordered ? ` ORDER BY ${text}` : '') : by;
  return {
    text: `string_agg(${distinct ? 'DISTINCT ' : ''}${text}, ${between}${direction})`,
    next: at + (ordered ? 5 : 2),
    name: 'listagg',
  };
}

/** A name of one or more parts, a star at its end included. */
function named(nodes: readonly Node[], at: number, token: Token): Operand | undefined {
  const { upper } = token;
  if (token.kind === 'word' && RESERVED.has(upper)) return undefined;
  const isAlone = upperOf(nodes[at + 1]) !== '.' && upperOf(nodes[at - 1]) !== '.';
  if (isAlone && token.kind === 'word') {
    if (upper === 'SYSDATE') return { text: EVERYDAY.SYSDATE!([], upper), next: at + 1, name: 'timestamp', weak: true };
    if (upper === 'TRUE' || upper === 'FALSE') return { text: upper, next: at + 1, name: 'bool', weak: true };
    if (upper === 'NULL') return { text: 'NULL', next: at + 1 };
    if (upper === 'CURRENT_DATE') return { text: 'current_date', next: at + 1, name: 'date', weak: true };
  }
  let [text, next] = [token.text, at + 1];
  let last: Token = token;
  while (upperOf(nodes[next]) === '.' && tokenOf(nodes[next + 1])) {
    last = tokenOf(nodes[next + 1])!;
    text += `.${last.text}`;
    next += 2;
  }
  return { text, next, name: plainName(last) };
}
