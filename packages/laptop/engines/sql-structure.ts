import { RESERVED } from './dialect-lists';
import { endOfList, SET_OPERATIONS } from './sql-select';
import { DialectError, plainName } from './sql-tokens';
import { isGroup, isNest, type Node, placeOf, split, tokenOf, upperOf, wordsAt } from './sql-tree';

const isQuery = (nodes: readonly Node[]): boolean => ['SELECT', 'WITH'].includes(upperOf(nodes[0]));
const isName = (node: Node | undefined): boolean =>
  tokenOf(node)?.kind === 'quoted' || (tokenOf(node)?.kind === 'word' && !RESERVED.has(upperOf(node)));
const nameOf = (node: Node | undefined): string => {
  const token = tokenOf(node);
  return token ? plainName(token) : '';
};

/**
 * Refuses what the local engine takes and Redshift does not, where words alone do not tell: it depends on what stands around them.
 * @throws DialectError saying what to write
 */
export function refuseStructures(nodes: readonly Node[]): void {
  if (isQuery(nodes) || upperOf(nodes[0]) === 'CREATE' || upperOf(nodes[0]) === 'INSERT') {
    refuseNamelessTables(nodes);
    // The order behind a set operation is that of its columns.
    if (!nodes.some((n) => SET_OPERATIONS.has(upperOf(n)))) refuseHiddenOrder(nodes);
    if (wordsAt(nodes, 0, 'WITH', 'RECURSIVE')) refuseRecursion(nodes);
  }
  if (isQuery(nodes) && nodes.some((n, i) => upperOf(n) === 'INTO' && upperOf(nodes[i - 1]) !== '.'))
    throw new DialectError('SELECT INTO is not supported here; write CREATE TABLE t AS SELECT …');
  for (const node of nodes) if (isNest(node)) refuseStructures(node.nodes);
}

const AFTER_FROM = new Set(['WHERE', 'GROUP', 'HAVING', 'QUALIFY', 'ORDER', 'LIMIT', 'OFFSET', ...SET_OPERATIONS]);

/** A query in FROM has a name there. */
function refuseNamelessTables(nodes: readonly Node[]): void {
  let inFrom = false;
  nodes.forEach((node, i) => {
    const word = upperOf(node);
    if (word === 'FROM') inFrom = true;
    else if (AFTER_FROM.has(word)) inFrom = false;
    const before = upperOf(nodes[i - 1]);
    const isTable = inFrom && (before === 'FROM' || before === 'JOIN' || before === ',');
    const isNamed = upperOf(nodes[i + 1]) === 'AS' || isName(nodes[i + 1]);
    if (isTable && isGroup(node) && isQuery(node.nodes) && !isNamed)
      throw new DialectError('a query in FROM has no alias, which Redshift requires; write FROM (SELECT …) AS t');
  });
}

/** SELECT DISTINCT is ordered by what it selects. */
function refuseHiddenOrder(nodes: readonly Node[]): void {
  const select = placeOf(nodes, new Set(['SELECT']));
  const order = placeOf(nodes, new Set(['ORDER']));
  if (!wordsAt(nodes, select + 1, 'DISTINCT') || order === nodes.length) return;
  const list = split(nodes.slice(select + 2, endOfList(nodes, select)), ',');
  if (list.some((item) => upperOf(item.at(-1)) === '*' || item.some((n) => upperOf(n) === 'EXCLUDE'))) return;
  const shown = new Set(list.flatMap((item) => [written(item), nameOf(item.at(-1)), written(withoutAlias(item))]));
  const by = nodes.slice(order + 2, placeOf(nodes, new Set(['LIMIT', 'OFFSET']), order));
  for (const item of split(by, ',')) {
    const bare = item.slice(0, placeOf(item, new Set(['ASC', 'DESC', 'NULLS'])));
    const isPlain = bare.length % 2 === 1 && bare.every((n, i) => (i % 2 === 0 ? isName(n) : upperOf(n) === '.'));
    if (tokenOf(bare[0])?.kind === 'number' || shown.has(written(bare)) || (isPlain && shown.has(nameOf(bare.at(-1)))))
      continue;
    throw new DialectError(
      'SELECT DISTINCT can only be ordered by what it selects; write that into the list of columns too',
    );
  }
}

const withoutAlias = (item: readonly Node[]): readonly Node[] =>
  upperOf(item.at(-2)) === 'AS' ? item.slice(0, -2) : isName(item.at(-1)) && item.length > 1 ? item.slice(0, -1) : item;

/** An expression as one text, whatever its spelling. */
const written = (nodes: readonly Node[]): string =>
  nodes
    .map((n) => (isNest(n) ? `(${n.kind} ${written(n.nodes)})` : tokenOf(n)!.kind === 'string' ? tokenOf(n)!.text : nameOf(n)))
    .join(' '); // prettier-ignore

/** WITH RECURSIVE: what reads itself names its columns, and adds rows with UNION ALL. */
function refuseRecursion(nodes: readonly Node[]): void {
  nodes.forEach((node, i) => {
    const list = isGroup(nodes[i - 2]) ? 1 : 0;
    const name = nameOf(nodes[i - 2 - list]);
    if (!isGroup(node) || upperOf(nodes[i - 1]) !== 'AS' || !reads(node.nodes, name)) return;
    if (list === 0)
      throw new DialectError(
        'a recursive WITH has no list of columns, which Redshift requires; write WITH RECURSIVE t (a, b) AS (…)',
      );
    if (node.nodes.some((n, k) => upperOf(n) === 'UNION' && upperOf(node.nodes[k + 1]) !== 'ALL'))
      throw new DialectError(
        'a recursive WITH cannot use UNION in Redshift; write UNION ALL, and SELECT DISTINCT from the result',
      );
  });
}

const reads = (nodes: readonly Node[], name: string): boolean =>
  nodes.some((n, i) =>
    isNest(n)
      ? reads(n.nodes, name)
      : nameOf(n) === name && ['FROM', 'JOIN', ','].includes(upperOf(nodes[i - 1])),
  ); // prettier-ignore

/** Functions that Redshift asks for the frame wherever rows have an order: its default would leave ties to chance. */
const FRAMED =
  /^(AVG|COUNT|SUM|MIN|MAX|STDDEV|STDDEV_SAMP|STDDEV_POP|VARIANCE|VAR_SAMP|VAR_POP|FIRST_VALUE|LAST_VALUE|NTH_VALUE)$/;

/** Refuses windows that Redshift does not have. @throws DialectError */
export function refuseWindow(name: string, args: readonly Node[], window: readonly Node[]): void {
  if (upperOf(args[0]) === 'DISTINCT')
    throw new DialectError(
      'Redshift has no DISTINCT in window functions; write it in a query of its own and join that',
    );
  for (const word of ['RANGE', 'GROUPS', 'EXCLUDE'])
    if (window.some((n) => upperOf(n) === word))
      throw new DialectError(`${word} in a window: Redshift has only frames of ROWS; write ROWS BETWEEN … AND …`);
  const isOrdered = wordsAt(window, placeOf(window, new Set(['ORDER'])), 'ORDER', 'BY');
  const isFramed = window.some((n) => upperOf(n) === 'ROWS');
  if (isOrdered && !isFramed && FRAMED.test(name))
    throw new DialectError(
      `${name.toLowerCase()} OVER (ORDER BY …) requires a frame in Redshift; write ROWS UNBOUNDED PRECEDING after the ORDER BY`,
    );
  if (!isOrdered && /^(LAG|LEAD)$/.test(name))
    throw new DialectError(`${name.toLowerCase()} requires an ORDER BY in Redshift; write OVER (ORDER BY …)`);
}
