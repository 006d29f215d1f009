import { DialectError, type Token } from './sql-tokens';

/** SQL as its parentheses and CASE expressions nest it. */
export type Node = Token | Nest;

export interface Nest {
  /** `( … )` or `CASE … END`. */
  readonly kind: 'group' | 'case';
  readonly nodes: readonly Node[];
}

export const isGroup = (node: Node | undefined): node is Nest => node?.kind === 'group';
export const isNest = (node: Node | undefined): node is Nest => node?.kind === 'group' || node?.kind === 'case';
const isToken = (node: Node | undefined): node is Token => node !== undefined && node.kind !== 'group' && node.kind !== 'case'; // prettier-ignore
/** The word or symbol that a node is, in upper case; empty for anything else. A quoted name is no word. */
export const upperOf = (node: Node | undefined): string =>
  isToken(node) && (node.kind === 'word' || node.kind === 'symbol') ? node.upper : '';
/** What a text literal says. */
export const textOf = (node: Node | undefined): string | undefined =>
  isToken(node) && node.kind === 'string' ? node.value : undefined;

/** @throws DialectError when a parenthesis or CASE is not closed, or closed twice. */
export function treeOf(tokens: readonly Token[]): Node[] {
  const stack: { closes: string; nodes: Node[] }[] = [{ closes: '', nodes: [] }];
  const isCase = (word: string, i: number): boolean =>
    tokens[i]?.kind === 'word' && tokens[i]?.upper === word && tokens[i - 1]?.text !== '.';
  tokens.forEach((token, i) => {
    const top = stack.at(-1)!;
    if (token.text === '(' && token.kind === 'symbol') stack.push({ closes: ')', nodes: [] });
    else if (isCase('CASE', i)) stack.push({ closes: 'END', nodes: [] });
    else if (top.closes !== '' && (top.closes === ')' ? token.text === ')' : isCase('END', i))) {
      stack.pop();
      stack.at(-1)!.nodes.push({ kind: top.closes === ')' ? 'group' : 'case', nodes: top.nodes });
    } else if (token.text === ')')
      throw new DialectError('a parenthesis is closed that was not opened, or is closed before the CASE ends');
    else top.nodes.push(token);
  });
  const open = stack.pop()!;
  if (stack.length > 0)
    throw new DialectError(open.closes === ')' ? 'a parenthesis is not closed' : 'a CASE has no END');
  return open.nodes;
}

/** Nodes between separators of this level. */
export function split(nodes: readonly Node[], separator: string): Node[][] {
  const parts: Node[][] = [[]];
  for (const node of nodes)
    if (upperOf(node) === separator) parts.push([]);
    else parts.at(-1)!.push(node);
  return parts;
}

/** First place at or after `from` whose word is one of `words`; the length where there is none. */
export function placeOf(nodes: readonly Node[], words: ReadonlySet<string>, from = 0): number {
  const at = nodes.findIndex((node, i) => i >= from && words.has(upperOf(node)));
  return at < 0 ? nodes.length : at;
}

/** True when the words stand at this place. */
export const wordsAt = (nodes: readonly Node[], at: number, ...words: string[]): boolean =>
  words.every((word, i) => upperOf(nodes[at + i]) === word);

/** The token by which a node of one token is written, for its kind. */
export const tokenOf = (node: Node | undefined): Token | undefined => (isToken(node) ? node : undefined);
