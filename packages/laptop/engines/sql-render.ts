import { asValue } from './dialect-files';
import { FUNCTIONS, RESERVED } from './dialect-lists';
import type { Argument } from './sql-arguments';
import { EVERYDAY, extractedPart } from './sql-functions';
import { cast, isFewDigits, raise, readType } from './sql-casts';
import { kindOf, kindOfFunction, kindOfNumber, noDecimal, ofNoDecimals, ofValues, withinOrder } from './sql-kinds';
import { once } from './sql-once';
import { type Kind, type Operand, typedLiteral } from './sql-literals';
import { columnName, NAMELESS } from './sql-names';
import { endOfList, joined, nameOf, type Piece, selectList, SET_OPERATIONS } from './sql-select';
import { refuseWindow } from './sql-structure';
import { DialectError, plainName, type Token } from './sql-tokens';
import { isGroup, type Nest, type Node, placeOf, split, textOf, tokenOf, upperOf, wordsAt } from './sql-tree';

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
    const list = selectList(nodes.slice(select + 1, from), pieces);
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

/** An expression, or any part of a statement that holds no SELECT of its own level. */
export const expression = (nodes: readonly Node[]): string => joined(pieces(nodes));

const isQuery = (nodes: readonly Node[]): boolean => ['SELECT', 'WITH'].includes(upperOf(nodes[0]));

/** What stands in parentheses, in one pass: it may nest deeply. */
function inside(nodes: readonly Node[], isCut = false): { text: string; name?: string; weak?: boolean; kind?: Kind } {
  if (isQuery(nodes)) return { text: render(nodes) };
  const found = pieces(nodes, isCut);
  const [only] = found.length === 1 ? found : [];
  const isQuotient = !only && !isCut && found.every((p) => p.operand || p.text === '/');
  return { text: joined(found), name: nameOf(found), weak: only?.weak, kind: isQuotient ? 'quotient' : only?.kind };
}

/** @param isCut the answer is cast to a decimal of few digits, which a quotient of decimals has on both engines */
function pieces(nodes: readonly Node[], isCut = false): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  while (at < nodes.length) {
    const word = upperOf(nodes[at]);
    if (word === '/' || word === '%') {
      found.push(between(word));
      const isQuotient = word === '/' && !isCut;
      const divisor = signed(nodes, at + 1, isQuotient ? factorsBehind(found.slice(0, -1)) : undefined);
      found.push({ text: divisor.text, operand: true, kind: divisor.kind });
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

/** The factors of the product that ends here. */
function factorsBehind(found: readonly Piece[]): Piece[] {
  const last = found.at(-1);
  if (!last?.operand) return [];
  const isFactor = ['*', '/', '%'].includes(found.at(-2)?.text ?? '');
  return [...(isFactor ? factorsBehind(found.slice(0, -2)) : []), last];
}

/**
 * What a division divides by, its sign included; raises for zero, where the local engine would answer NULL.
 * @param dividend the factors before it, of a quotient that may be none of decimals
 */
function signed(
  nodes: readonly Node[],
  from: number,
  dividend?: readonly Piece[],
): { text: string; next: number; kind?: Kind } {
  let at = from;
  while (['-', '+'].includes(upperOf(nodes[at]))) at++;
  const sign = nodes.slice(from, at).map((n) => upperOf(n)).join(' '); // prettier-ignore
  const operand = operandAt(nodes, at);
  if (!operand) throw new DialectError(`nothing to divide by after ${upperOf(nodes[from - 1])}`);
  const { next, kind, nonZero } = operand;
  const text = sign === '' ? operand.text : `${sign} ${operand.text}`;
  const used = (v: string): string => (dividend ? ofNoDecimals(dividend, { text: v, kind }) : v);
  // Zero is told first: whatever it is divided by, it is no answer.
  const notZero = (v: string): string => `CASE WHEN ${v} = 0 THEN ${raise('zero')} ELSE ${used(v)} END`;
  const divisor = nonZero ? used(text) : once(notZero, text);
  return { text: divisor === text ? text : `(${divisor})`, next, kind };
}

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
      kind: kindOf(type.name),
      // Any other type than this may round it to zero.
      nonZero: operand.nonZero && type.name === 'float8',
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
    const isCast = upperOf(nodes[at + 1]) === '::';
    const { text, name, weak, kind } = inside(node.nodes, isCast && isFewDigits(readType(nodes, at + 2).type));
    return { text: `(${text})`, next: at + 1, name, weak, kind };
  }
  return ofToken(nodes, at, node as Token);
}

function ofToken(nodes: readonly Node[], at: number, token: Token): Operand | undefined {
  switch (token.kind) {
    case 'number':
      return { text: token.text, next: at + 1, nonZero: Number(token.text) !== 0, kind: kindOfNumber(token.text) };
    case 'parameter':
      return { text: `$${token.text.slice(1)}`, next: at + 1, kind: 'whole' };
    case 'string':
      return { text: asValue(token), next: at + 1 };
    case 'symbol':
      return undefined;
    default:
      return typedLiteral(nodes, at) ?? called(nodes, at, token) ?? named(nodes, at, token);
  }
}

/** A call of a function, with the window or the order that it is asked for. */
function called(nodes: readonly Node[], at: number, token: Token): Operand | undefined {
  const call = plainCall(nodes, at, token);
  if (!call) return undefined;
  let { text, next } = call;
  const nulls = ['IGNORE', 'RESPECT'].includes(upperOf(nodes[next])) && wordsAt(nodes, next + 1, 'NULLS');
  if (nulls) {
    // The local engine takes it inside the parentheses.
    text = `${text.slice(0, -1)} ${upperOf(nodes[next])} NULLS)`;
    next += 2;
  }
  const order = nodes[next + 2];
  if (wordsAt(nodes, next, 'WITHIN', 'GROUP') && isGroup(order)) {
    text += ` WITHIN GROUP (${withinOrder(token.upper, order.nodes, expression)})`;
    next += 3;
  }
  const window = nodes[next + 1];
  if (wordsAt(nodes, next, 'OVER') && isGroup(window)) {
    refuseWindow(token.upper, (nodes[at + 1] as Nest).nodes, window.nodes);
    text += ` OVER (${expression(window.nodes)})`;
    next += 2;
  }
  return { ...call, text, next };
}

function plainCall(nodes: readonly Node[], at: number, token: Token): Operand | undefined {
  if (token.upper === 'APPROXIMATE' && upperOf(nodes[at + 1]) === 'COUNT')
    return plainCall(nodes, at + 1, nodes[at + 1] as Token);
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
  if (upper === 'EXTRACT') return { text: extract(group.nodes), next: at + 2, name };
  if (upper === 'MOD') return modulo(group.nodes, at + 2);
  if (/^(SUM|MIN|MAX)$/.test(upper)) return { text: ofValues(upper, group.nodes, render), next: at + 2, name };
  const zero = split(group.nodes, ',')[1];
  const isNullif = upper === 'NULLIF' && zero?.length === 1 && tokenOf(zero[0])?.text === '0';
  const inner = upper === 'MEDIAN' ? noDecimal(render(group.nodes)) : render(group.nodes);
  return { text: `${token.text}(${inner})`, next: at + 2, name, nonZero: isNullif, kind: kindOfFunction(upper) };
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

/** EXTRACT, of the parts that both engines count alike. */
function extract(nodes: readonly Node[]): string {
  const from = placeOf(nodes, new Set(['FROM']));
  const part = extractedPart({ nodes: nodes.slice(0, from), text: '' });
  const text = `extract(${part} FROM ${expression(nodes.slice(from + 1))})`;
  return part === 'epoch' ? `CAST(floor(${text}) AS BIGINT)` : text;
}

function castCall(nodes: readonly Node[], next: number): Operand {
  const as = placeOf(nodes, new Set(['AS']));
  const inner = nodes.slice(0, as);
  const { type, next: end } = readType(nodes, as + 1);
  const value = inside(inner, isFewDigits(type));
  if (end < nodes.length) throw new DialectError(`what follows the type ${type.name} in CAST has no meaning; omit it`);
  return { text: cast(inner, value.text, type), next, ...castName(value, type.name), kind: kindOf(type.name) };
}

function modulo(nodes: readonly Node[], next: number): Operand {
  const [value, divisor] = split(nodes, ',');
  if (!value?.length || !divisor?.length) throw new DialectError('mod takes 2 arguments');
  const by = signed(divisor.length === 1 ? divisor : [{ kind: 'group', nodes: divisor }], 0);
  return { text: `mod(${expression(value)}, ${by.text})`, next, name: 'mod' };
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
      'LISTAGG(DISTINCT …) ordered by anything but its own values is not supported here; write ORDER BY that value',
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
