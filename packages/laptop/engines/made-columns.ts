import { columnName } from './sql-names';
import { readType } from './sql-casts';
import type { Catalogue, Lengths, Made } from './column-definition';
import { RESERVED } from './dialect-lists';
import { endOfList, SET_OPERATIONS } from './sql-select';
import { plainName } from './sql-tokens';
import { isGroup, type Node, placeOf, split, tokenOf, upperOf, wordsAt } from './sql-tree';

/** One or more columns of which nothing is known. */
const UNKNOWN: Made = { name: '*' };
const nameOf = (node: Node | undefined): string => {
  const token = tokenOf(node);
  return token ? plainName(token) : '';
};
const isQuery = (nodes: readonly Node[]): boolean =>
  ['SELECT', 'WITH'].includes(upperOf(nodes[0])) || (isGroup(nodes[0]) && isQuery(nodes[0].nodes));

/** @param nodes CREATE TABLE … AS and its query */
export function lengthsOf(nodes: readonly Node[]): Lengths {
  const query = nodes.slice(placeOf(nodes, new Set(['AS'])) + 1);
  return async (catalogue) => {
    const made = (await ofQuery(query, catalogue)).filter(({ maxBytes }) => maxBytes !== undefined);
    return new Map(made.map(({ name, type = '', maxBytes }) => [name, { type, maxBytes }]));
  };
}

async function ofQuery(nodes: readonly Node[], catalogue: Catalogue): Promise<Made[]> {
  if (upperOf(nodes[0]) === 'WITH') return ofWith(nodes, catalogue);
  const parts = [...SET_OPERATIONS].reduce<(readonly Node[])[]>(
    (all, word) => all.flatMap((p) => split(p, word)),
    [nodes],
  );
  if (parts.length > 1) {
    const all = await Promise.all(parts.map((p) => ofQuery(upperOf(p[0]) === 'ALL' ? p.slice(1) : p, catalogue)));
    // Of columns whose number is not known none can be found by its place.
    if (all.flat().some((made) => made.name === UNKNOWN.name)) return [UNKNOWN];
    return all[0]!.map((made, i) => (all.every((other) => other[i]?.type === made.type) ? made : { name: made.name }));
  }
  const [first] = nodes;
  return isGroup(first) ? ofQuery(first.nodes, catalogue) : ofSelect(nodes, catalogue);
}

async function ofWith(nodes: readonly Node[], outer: Catalogue): Promise<Made[]> {
  let catalogue = outer;
  let at = 0;
  do {
    at++;
    // One that reads itself is not followed.
    if (upperOf(nodes[at]) === 'RECURSIVE') return [UNKNOWN];
    const [name, list] = [nameOf(nodes[at]), nodes[at + 1]];
    at += isGroup(list) ? 3 : 2;
    const query = nodes[at];
    const made = isGroup(query) ? renamed(await ofQuery(query.nodes, catalogue), list) : [UNKNOWN];
    const before = catalogue;
    catalogue = (table) => (table.schema === undefined && table.name === name ? Promise.resolve(made) : before(table));
    at++;
  } while (upperOf(nodes[at]) === ',');
  return ofQuery(nodes.slice(at), catalogue);
}

/** Columns under the names that a list gives them. */
function renamed(made: Made[], list: Node | undefined): Made[] {
  if (!isGroup(list)) return made;
  if (made.some(({ name }) => name === UNKNOWN.name)) return [UNKNOWN];
  return split(list.nodes, ',').map((name, i) => ({ ...made[i], name: nameOf(name[0]) }));
}

interface Source {
  readonly name: string;
  readonly columns: readonly Made[];
}
const AFTER_FROM = new Set(['WHERE', 'GROUP', 'HAVING', 'QUALIFY', 'ORDER', 'LIMIT', 'OFFSET']);

async function ofSelect(nodes: readonly Node[], catalogue: Catalogue): Promise<Made[]> {
  const end = endOfList(nodes, 0);
  const from = upperOf(nodes[end]) === 'FROM' ? nodes.slice(end + 1, placeOf(nodes, AFTER_FROM, end)) : [];
  const sources = await Promise.all(
    split(from, ',').flatMap((part) => split(part, 'JOIN')).map((part) => sourceOf(part, catalogue)),
  ); // prettier-ignore
  const merges = from.some((n) => ['USING', 'NATURAL'].includes(upperOf(n)));
  let list = nodes.slice(1, end);
  if (['DISTINCT', 'ALL'].includes(upperOf(list[0]))) list = list.slice(1);
  if (wordsAt(list, 0, 'TOP') && tokenOf(list[1])?.kind === 'number') list = list.slice(2);
  const excludes = placeOf(list, new Set(['EXCLUDE']));
  const made = split(list.slice(0, excludes), ',').flatMap((column) => itemOf(column, sources));
  // Their names are right, and their number is not.
  return merges || excludes < list.length ? [...made, UNKNOWN] : made;
}

async function sourceOf(nodes: readonly Node[], catalogue: Catalogue): Promise<Source> {
  const [first] = nodes;
  const qualified = upperOf(nodes[1]) === '.';
  let at = qualified ? 3 : 1;
  const name = nameOf(nodes[at - 1]);
  if (upperOf(nodes[at]) === 'AS') at++;
  const word = upperOf(nodes[at]);
  const alias = word === '' || !RESERVED.has(word) ? nameOf(nodes[at]) : '';
  const found = !isGroup(first)
    ? await catalogue(qualified ? { schema: nameOf(first), name } : { name })
    : isQuery(first.nodes)
      ? await ofQuery(first.nodes, catalogue)
      : [];
  const columns = renamed([...found], alias === '' ? undefined : nodes[at + 1]);
  return { name: alias || name, columns: columns.length > 0 ? columns : [UNKNOWN] };
}

function itemOf(nodes: readonly Node[], sources: readonly Source[]): Made[] {
  const last = nodes.at(-1);
  if (upperOf(last) === '*')
    return nodes.length === 1
      ? sources.flatMap(({ columns }) => columns)
      : [...(sources.find(({ name }) => name === nameOf(nodes.at(-3)))?.columns ?? [UNKNOWN])];
  const before = nodes.at(-2);
  const isAs = upperOf(before) === 'AS';
  const isAlias = isAs || (nodes.length > 1 && isName(last) && (isGroup(before) || isName(before)));
  const made = valueOf(isAlias ? nodes.slice(0, isAs ? -2 : -1) : nodes, sources);
  return [isAlias ? { ...made, name: nameOf(last) } : made];
}

const isName = (node: Node | undefined): boolean =>
  tokenOf(node)?.kind === 'quoted' || (tokenOf(node)?.kind === 'word' && !RESERVED.has(upperOf(node)));
const isColumn = (nodes: readonly Node[]): boolean =>
  nodes.length % 2 === 1 && nodes.every((node, i) => (i % 2 === 0 ? isName(node) : upperOf(node) === '.'));

/** What is one column or one cast, in parentheses or not; of anything else nothing is known. */
function valueOf(nodes: readonly Node[], sources: readonly Source[]): Made {
  const [first, group] = nodes;
  if (isColumn(nodes)) {
    const [name, source] = [nameOf(nodes.at(-1)), nameOf(nodes.at(-3))];
    const of = sources.filter((s) => source === '' || s.name === source);
    return of.flatMap(({ columns }) => columns).find((column) => column.name === name) ?? { name };
  }
  if (nodes.length === 1 && isGroup(first)) return isQuery(first.nodes) ? { name: '' } : valueOf(first.nodes, sources);
  if (wordsAt(nodes, 0, 'CAST') && isGroup(group) && nodes.length === 2) {
    const as = placeOf(group.nodes, new Set(['AS']));
    return castTo(group.nodes, as + 1, valueOf(group.nodes.slice(0, as), sources).name);
  }
  const colons = placeOf(nodes, new Set(['::']));
  const operand = nodes.slice(0, colons);
  const isCall = operand.length === 2 && isName(first) && isGroup(group);
  if (colons === nodes.length) return { name: isCall ? columnName(upperOf(first)) : '' };
  const isOne = operand.length === 1 || isColumn(operand) || isCall;
  return isOne ? castTo(nodes, colons + 1, valueOf(operand, sources).name) : { name: '' };
}

function castTo(nodes: readonly Node[], at: number, name: string): Made {
  const { type, next } = readType(nodes, at);
  if (upperOf(nodes[next]) === '::') return castTo(nodes, next + 1, name);
  if (type.bytes === undefined || next < nodes.length) return { name };
  return { name, type: `${type.name === 'bpchar' ? 'char' : type.name}(${type.bytes})`, maxBytes: type.bytes };
}
