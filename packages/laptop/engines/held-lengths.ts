import { raise, RAISED } from './sql-casts';
import { once } from './sql-once';
import { expression, render } from './sql-render';
import { DialectError, plainName } from './sql-tokens';
import { isGroup, type Node, placeOf, split, textOf, tokenOf, upperOf } from './sql-tree';

/** Columns of a table in their order, and the bytes that those of text may have. */
export interface Limits {
  readonly columns: readonly string[];
  readonly bytes: ReadonlyMap<string, number>;
}

/** The statement for the local engine, which forgets lengths: a text that is too long makes it fail. */
export type Held = (limits: Limits) => string;

const tooLong = (text: string, bytes: number): boolean => Buffer.byteLength(text.replace(/ +$/, '')) > bytes;

/** The value as the column takes it: too long it fails, unless only blanks are too much. */
function hold(value: string, column: string, bytes: number | undefined): string {
  if (bytes === undefined || /^(DEFAULT|NULL)$/i.test(value)) return value;
  return once(
    (v) =>
      `CASE WHEN strlen(${v}) > ${bytes} THEN CASE WHEN strlen(rtrim(${v}, ' ')) > ${bytes} THEN ${raise('long', column)} ELSE left(${v}, length(${v}) + ${bytes} - strlen(${v})) END ELSE ${v} END`,
    `CAST(${value} AS VARCHAR)`,
  );
}

function holdNodes(nodes: readonly Node[], column: string, limits: Limits): string {
  const bytes = limits.bytes.get(column);
  const literal = nodes.length === 1 ? textOf(nodes[0]) : undefined;
  if (literal === undefined || bytes === undefined) return hold(render(nodes), column, bytes);
  if (tooLong(literal, bytes)) throw new DialectError(`${RAISED.long}: column ${column}`);
  return Buffer.byteLength(literal) > bytes ? hold(render(nodes), column, bytes) : render(nodes);
}

const nameOf = (nodes: readonly Node[]): string => {
  const token = tokenOf(nodes.at(-1));
  return token ? plainName(token) : '';
};
const namesIn = (nodes: readonly Node[]): string[] => split(nodes, ',').map(nameOf);

/** INSERT INTO t (…) VALUES …, or of a query, whose columns are held one by one. */
export function heldInsert(nodes: readonly Node[]): Held {
  let at = 3;
  if (upperOf(nodes[at]) === '.') at += 2;
  const group = nodes[at];
  const isList = isGroup(group) && !['SELECT', 'WITH'].includes(upperOf(group.nodes[0]));
  const listed = isList ? namesIn(group.nodes) : undefined;
  if (isList) at++;
  const head = expression(nodes.slice(0, at));
  const rest = nodes.slice(at);
  return (limits) => {
    const columns = listed ?? limits.columns;
    if (!columns.some((c) => limits.bytes.has(c)) || upperOf(rest[0]) === 'DEFAULT') return render(nodes);
    if (upperOf(rest[0]) === 'VALUES') return `${head} ${rows(rest, columns, limits)}`;
    const held = columns.map((c, i) => hold(`c${i}`, c, limits.bytes.get(c)));
    return `${head} SELECT ${held.join(', ')} FROM (${render(rest)}) AS held (${columns.map((_, i) => `c${i}`).join(', ')})`;
  };
}

function rows(values: readonly Node[], columns: readonly string[], limits: Limits): string {
  const texts = split(values.slice(1), ',').map(([row]) =>
    isGroup(row) ? `(${split(row.nodes, ',').map((value, i) => holdNodes(value, columns[i] ?? '', limits)).join(', ')})` : '',
  ); // prettier-ignore
  return `VALUES ${texts.join(', ')}`;
}

/** UPDATE t SET a = …, b = … */
export function heldUpdate(nodes: readonly Node[]): Held {
  const set = placeOf(nodes, new Set(['SET']));
  const end = placeOf(nodes, new Set(['FROM', 'WHERE']), set);
  return (limits) =>
    [expression(nodes.slice(0, set + 1)), assignments(nodes.slice(set + 1, end), limits), expression(nodes.slice(end))].join(' '); // prettier-ignore
}

function assignments(nodes: readonly Node[], limits: Limits): string {
  return split(nodes, ',')
    .map((assignment) => {
      const equals = placeOf(assignment, new Set(['=']));
      const target = assignment.slice(0, equals);
      return `${expression(target)} = ${holdNodes(assignment.slice(equals + 1), nameOf(target), limits)}`;
    })
    .join(', ');
}

/** MERGE: what it updates and what it inserts. */
export function heldMerge(nodes: readonly Node[]): Held {
  const clauses = split(nodes, 'WHEN');
  return (limits) =>
    clauses
      .map((clause) => {
        const set = placeOf(clause, new Set(['SET']));
        if (set < clause.length)
          return `${expression(clause.slice(0, set + 1))} ${assignments(clause.slice(set + 1), limits)}`;
        const values = placeOf(clause, new Set(['VALUES']));
        if (values === clause.length) return expression(clause);
        const list = clause[values - 1];
        const columns = isGroup(list) ? namesIn(list.nodes) : limits.columns;
        return `${expression(clause.slice(0, values))} ${rows(clause.slice(values), columns, limits)}`;
      })
      .join(' WHEN ');
}
