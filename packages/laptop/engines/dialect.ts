import { column, createTable } from './ddl';
import { ENGINE_NAMES, FUNCTIONS, KEYWORDS } from './dialect-lists';
import { refuseFiles } from './dialect-files';
import { OTHER_NAMES, refuseConstructs } from './dialect-refusals';
import { copy, lock, unload } from './dialect-transfer';
import { parseGrant } from './grants';
import { heldInsert, heldMerge, heldUpdate } from './held-lengths';
import { lengthsOf } from './made-columns';
import type { Plan } from './plan';
import { EVERYDAY } from './sql-functions';
import { expression, render } from './sql-render';
import { show } from './sql-show';
import { refuseStructures } from './sql-structure';
import { Cursor, DialectError, type Name, plainName, quoteName, type Token, tokenize } from './sql-tokens';
import { type Node, treeOf } from './sql-tree';

export { DialectError } from './sql-tokens';

/** Statements that are kept translated: a load's come again and again. */
const KEPT = 500;
const kept = new Map<string, Plan>();

/**
 * Translates one statement of Redshift's dialect for the local engine. What the two understand equally stays as it is, what they
 * understand differently is written out (docs/sql.md), and what is on none of the lists is refused.
 * @param sql one statement; a semicolon may end it.
 * @returns the plan; `:name` parameters are spelled `$name` in its SQL.
 * @throws DialectError saying which construct and why.
 */
export function translate(sql: string): Plan {
  const known = kept.get(sql);
  if (known) return known;
  const plan = translated(sql);
  if (kept.size >= KEPT) kept.clear();
  kept.set(sql, plan);
  return plan;
}

function translated(sql: string): Plan {
  const tokens = tokenize(sql);
  const c = new Cursor(tokens);
  const first = tokens[0]?.upper;
  switch (first) {
    case 'SELECT':
    case 'WITH':
      return { kind: 'query', sql: body(tokens) };
    case 'EXPLAIN':
      if (!['SELECT', 'WITH'].includes(tokens[1]?.upper ?? '')) throw new DialectError('EXPLAIN requires a SELECT');
      return { kind: 'query', sql: body(tokens) };
    case 'INSERT':
      c.expect('INSERT', 'INTO');
      return { kind: 'write', verb: 'INSERT', target: c.name(), ...written(tokens, heldInsert) };
    case 'UPDATE':
      c.expect('UPDATE');
      return { kind: 'write', verb: 'UPDATE', target: c.name(), ...written(tokens, heldUpdate) };
    case 'DELETE':
      c.take('DELETE');
      c.take('FROM');
      return { kind: 'write', verb: 'DELETE', target: c.name(), sql: body(tokens) };
    case 'TRUNCATE':
      c.take('TRUNCATE');
      c.take('TABLE');
      return { kind: 'write', verb: 'TRUNCATE', target: onlyName(c), sql: body(tokens) };
    case 'MERGE':
      return merge(tokens);
    case 'CREATE':
      return create(sql, tokens);
    case 'DROP':
      return drop(tokens);
    case 'ALTER':
      return alter(tokens);
    case 'LOCK':
      return lock(c);
    case 'SHOW':
      return { kind: 'query', sql: show(c) };
    case 'COPY':
      return copy(c);
    case 'UNLOAD':
      return unloaded(unload(c));
    case 'GRANT':
    case 'REVOKE':
      return { kind: 'grant', ...parseGrant(c) };
    default:
      if (Object.hasOwn(INSTEAD, first ?? ''))
        throw new DialectError(`${first} is not a supported statement; write ${INSTEAD[first!]}`);
      throw new DialectError(
        `${tokens[0]?.kind === 'word' ? first : 'the beginning of the statement'} is not one of the supported statements: SELECT, WITH, EXPLAIN, INSERT, UPDATE, DELETE, MERGE, TRUNCATE, SHOW, CREATE TABLE | VIEW | SCHEMA | ROLE, DROP, ALTER TABLE, LOCK, COPY, UNLOAD, GRANT, REVOKE`,
      );
  }
}

/** Statements of other dialects, and what to write for them. */
const INSTEAD: Readonly<Record<string, string>> = {
  FROM: 'SELECT * FROM …',
  VALUES: 'SELECT 1 UNION ALL SELECT 2',
  DESCRIBE: 'show columns from table s.t',
  DESC: 'show columns from table s.t',
  SUMMARIZE: 'count, min and max of the columns',
  USE: 'the schema before the name: gold_phi.no_show_rate',
  BEGIN: 'the statements in one call: they are one transaction',
  COMMIT: 'the statements in one call: they are one transaction',
};

function onlyName(c: Cursor): Name {
  const name = c.name();
  if (!c.done) throw c.unexpected('the end of the statement');
  return name;
}

/** SQL for the local engine, of words that are all known. */
const body = (tokens: readonly Token[]): string => render(examined(tokens));

function examined(tokens: readonly Token[]): Node[] {
  tokens.forEach((token, i) => check(tokens, token, i));
  refuseFiles(tokens);
  refuseConstructs(tokens);
  const tree = treeOf(tokens);
  refuseStructures(tree);
  return tree;
}

/** A statement that writes texts, as it stands and with their lengths held. */
function written<T>(tokens: readonly Token[], hold: (nodes: readonly Node[]) => T): { sql: string; held: T } {
  const nodes = examined(tokens);
  return { sql: render(nodes), held: hold(nodes) };
}

const isFunction = (name: string): boolean => FUNCTIONS.has(name) || Object.hasOwn(EVERYDAY, name);

function check(tokens: readonly Token[], token: Token, i: number): void {
  const before = tokens[i - 1];
  const after = tokens[i + 1];
  if (token.kind === 'quoted' && after?.text === '(' && !isDefinition(tokens, i))
    throw new DialectError('write function names without quotes');
  // The engine would complain of a bracket that nobody wrote.
  if (token.kind === 'string' && before?.kind === 'string')
    throw new DialectError("two string literals stand side by side; write 'a' || 'b', or a comma between them");
  if (token.kind === 'word' && token.text.startsWith('#'))
    throw new DialectError('# has no meaning here; write the column name, or CREATE TEMP TABLE for a temporary table');
  const engines = after?.text !== '(' && ENGINE_NAMES.find(([name]) => name.test(plainName(token)));
  if (engines && (token.kind === 'word' || token.kind === 'quoted'))
    throw new DialectError(`${plainName(token)}: ${engines[1]}`);
  if (token.kind !== 'word' || after?.text !== '(') return;
  if (tokens[i + 2]?.text === '+' && tokens[i + 3]?.text === ')')
    throw new DialectError('the outer join operator (+) is not supported here; write LEFT JOIN … ON …');
  if (
    before?.text === '.'
      ? !isDefinition(tokens, i)
      : !KEYWORDS.has(token.upper) && !isFunction(token.upper) && !isDefinition(tokens, i)
  )
    throw new DialectError(unknownFunction(token));
  if (token.upper === 'AVG' && !isOfDoubles(tokens, i))
    throw new DialectError(
      'avg of an integer is an integer in Redshift, and avg of a decimal has the digits of its argument; write avg(CAST(x AS double precision))',
    );
}

function unknownFunction({ text, upper }: Token): string {
  const other = Object.hasOwn(OTHER_NAMES, upper) ? `; write ${OTHER_NAMES[upper]}` : '';
  return `the function ${text.toLowerCase()} is not one that Redshift and the local engine evaluate alike${other}`;
}

const isOfDoubles = (tokens: readonly Token[], i: number): boolean =>
  new Cursor(tokens, i + 1).parenthesized().some((t) => ['DOUBLE', 'FLOAT', 'FLOAT8'].includes(t.upper));

/** A name that is being given with its columns: INSERT INTO x (…), WITH x (…) AS (…), ) x (…), … AS x (…). */
function isDefinition(tokens: readonly Token[], i: number): boolean {
  let start = i;
  while (tokens[start - 1]?.text === '.') start -= 2;
  const before = tokens[start - 1];
  if (before === undefined) return false;
  if (['INTO', 'TABLE', 'VIEW', 'EXISTS', 'AS', 'WITH', 'RECURSIVE'].includes(before.upper) || before.text === ')')
    return true;
  if (before.text !== ',') return false;
  const c = new Cursor(tokens, i + 1);
  c.parenthesized();
  return c.take('AS', '(');
}

/**
 * MERGE. Redshift raises when several source rows match one target row, and the local engine keeps one of them without a word: the
 * plan carries a query that finds such rows. Both take no condition beside MATCHED and no query as the source.
 */
function merge(tokens: readonly Token[]): Plan {
  const c = new Cursor(tokens);
  c.expect('MERGE', 'INTO');
  const target = c.name();
  if (!c.take('USING')) throw new DialectError('the target of MERGE cannot have an alias in Redshift');
  if (c.peek()?.text === '(') throw new DialectError('the source of MERGE is a table in Redshift, not a query');
  const from = c.at;
  c.name();
  while (!c.done && c.peek()?.upper !== 'ON') c.at++;
  const source = expression(treeOf(tokens.slice(from, c.at)));
  c.expect('ON');
  const conditionAt = c.at;
  while (!c.done && c.peek()?.upper !== 'WHEN') c.at++;
  const condition = expression(treeOf(tokens.slice(conditionAt, c.at)));
  for (const construct of ['MATCHED AND', 'BY SOURCE', 'BY TARGET', 'REMOVE DUPLICATES', 'DO NOTHING'])
    if (` ${tokens.map((t) => t.upper).join(' ')} `.includes(` ${construct} `))
      throw new DialectError(`MERGE … ${construct} is not part of the portable subset`);
  const table = quoteName(target);
  const duplicates = `SELECT 1 FROM ${table} JOIN ${source} ON ${condition} GROUP BY ${quoteName({ name: target.name })}.rowid HAVING count(*) > 1 LIMIT 1`;
  return { kind: 'merge', verb: 'MERGE', target, ...written(tokens, heldMerge), duplicates };
}

function create(sql: string, tokens: readonly Token[]): Plan {
  const c = new Cursor(tokens, 1);
  if (c.take('ROLE')) return { kind: 'grant', action: 'create-role', role: onlyName(c).name };
  const replace = c.take('OR', 'REPLACE');
  if (c.take('VIEW')) {
    const target = c.name();
    const lateBinding = tokens.slice(-4).map((t) => t.upper).join(' ') === 'WITH NO SCHEMA BINDING'; // prettier-ignore
    return { kind: 'ddl', target, sql: body(lateBinding ? tokens.slice(0, -4) : tokens), lateBinding };
  }
  if (replace) throw c.unexpected('VIEW after CREATE OR REPLACE');
  if (c.take('SCHEMA')) {
    c.take('IF', 'NOT', 'EXISTS');
    return { kind: 'ddl', target: onlyName(c), sql: expression(tokens) };
  }
  refuseConstructs(tokens);
  const created = createTable(sql, tokens);
  if (created.columns) {
    examined(tokens);
    return { kind: 'create-table', ...created };
  }
  const nodes = examined(tokenize(created.sql));
  return { kind: 'create-table', ...created, sql: render(nodes), lengths: lengthsOf(nodes) };
}

function drop(tokens: readonly Token[]): Plan {
  const c = new Cursor(tokens, 1);
  if (c.take('ROLE')) return { kind: 'grant', action: 'drop-role', role: onlyName(c).name };
  const isSchema = c.take('SCHEMA');
  if (!isSchema && !c.take('TABLE') && !c.take('VIEW')) throw c.unexpected('TABLE, VIEW, SCHEMA or ROLE after DROP');
  c.take('IF', 'EXISTS');
  const target = c.name();
  const cascade = c.take('CASCADE');
  if (!cascade) c.take('RESTRICT');
  if (!c.done) throw c.unexpected('the end of DROP');
  return { kind: 'ddl', target, sql: expression(tokens), drops: isSchema ? 'schema' : 'relation', cascade };
}

function alter(tokens: readonly Token[]): Plan {
  const c = new Cursor(tokens, 1);
  c.expect('TABLE');
  const target = c.name();
  if (c.take('ADD', 'COLUMN') || c.take('ADD')) {
    const parsed = column(tokens.slice(c.at));
    if (parsed.definition.notNull)
      throw new DialectError('an added column is NULL in existing rows; add it without NOT NULL');
    return {
      kind: 'alter-table',
      target,
      column: parsed.definition,
      sql: `ALTER TABLE ${quoteName(target)} ADD COLUMN ${parsed.text}`,
    };
  }
  if (c.take('ALTER', 'COLUMN')) {
    const at = c.at;
    c.part();
    c.expect('TYPE');
    const parsed = column([tokens[at] as Token, ...tokens.slice(c.at)]);
    if (parsed.definition.maxBytes === undefined)
      throw new DialectError('ALTER COLUMN TYPE can only resize varchar columns');
    return { kind: 'alter-table', target, column: parsed.definition };
  }
  if (['RENAME', 'DROP'].includes(c.peek()?.upper ?? '')) return { kind: 'alter-table', target, sql: body(tokens) };
  if (c.take('ALTER') && ['DISTSTYLE', 'DISTKEY', 'SORTKEY', 'COMPOUND', 'ENCODE'].includes(c.peek()?.upper ?? ''))
    return { kind: 'alter-table', target };
  throw new DialectError(
    'ALTER TABLE accepts ADD COLUMN, ALTER COLUMN … TYPE varchar(n), RENAME, DROP COLUMN or physical attributes',
  );
}

function unloaded({ query, uri, overwrite }: ReturnType<typeof unload>): Plan {
  const plan = translate(query);
  if (plan.kind !== 'query') throw new DialectError('UNLOAD requires a SELECT');
  return { kind: 'unload', sql: plan.sql, query, uri, overwrite };
}

/** Parameters that a statement names. */
export function parametersOf(sql: string): Set<string> {
  return new Set(tokenize(sql).flatMap((t) => (t.kind === 'parameter' ? [t.text.slice(1)] : [])));
}
