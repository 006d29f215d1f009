import { column, createTable } from './ddl';
import { ENGINE_NAMES, FUNCTIONS, KEYWORDS, REFUSED } from './dialect-lists';
import { asValue, refuseFiles } from './dialect-files';
import { copy, lock, unload } from './dialect-transfer';
import { parseGrant } from './grants';
import type { Plan } from './plan';
import { Cursor, DialectError, type Name, plainName, quoteName, type Token, tokenize } from './sql-tokens';

export { DialectError } from './sql-tokens';

/**
 * Translates one statement of the platform's Redshift subset for the local engine. Only physical attributes, LOCK, COPY, UNLOAD,
 * roles and grants are changed or taken apart; everything else must run as it stands on both engines, and what is not on the
 * allow-list is refused.
 * @param sql one statement; a semicolon may end it.
 * @returns the plan; `:name` parameters are spelled `$name` in its SQL.
 * @throws DialectError saying which construct and why.
 */
export function translate(sql: string): Plan {
  const tokens = tokenize(sql);
  const c = new Cursor(tokens);
  const first = tokens[0]?.upper;
  switch (first) {
    case 'SELECT':
    case 'WITH':
      return { kind: 'query', sql: body(sql, tokens) };
    case 'EXPLAIN':
      if (!['SELECT', 'WITH'].includes(tokens[1]?.upper ?? '')) throw new DialectError('EXPLAIN takes a SELECT');
      return { kind: 'query', sql: body(sql, tokens) };
    case 'INSERT':
      c.expect('INSERT', 'INTO');
      return { kind: 'write', verb: 'INSERT', target: c.name(), sql: body(sql, tokens) };
    case 'UPDATE':
      c.expect('UPDATE');
      return { kind: 'write', verb: 'UPDATE', target: c.name(), sql: body(sql, tokens) };
    case 'DELETE':
      c.take('DELETE');
      c.take('FROM');
      return { kind: 'write', verb: 'DELETE', target: c.name(), sql: body(sql, tokens) };
    case 'TRUNCATE':
      c.take('TRUNCATE');
      c.take('TABLE');
      return { kind: 'write', verb: 'TRUNCATE', target: onlyName(c), sql: body(sql, tokens) };
    case 'MERGE':
      return merge(sql, tokens);
    case 'CREATE':
      return create(sql, tokens);
    case 'DROP':
      return drop(sql, tokens);
    case 'ALTER':
      return alter(sql, tokens);
    case 'LOCK':
      return lock(c);
    case 'COPY':
      return copy(c);
    case 'UNLOAD':
      return unloaded(unload(c));
    case 'GRANT':
    case 'REVOKE':
      return { kind: 'grant', ...parseGrant(c) };
    default:
      throw new DialectError(
        `${tokens[0]?.kind === 'word' ? first : 'what stands first'} is not on the list of statements: SELECT, WITH, EXPLAIN, INSERT, UPDATE, DELETE, MERGE, TRUNCATE, CREATE TABLE | VIEW | SCHEMA | ROLE, DROP, ALTER TABLE, LOCK, COPY, UNLOAD, GRANT, REVOKE`,
      );
  }
}

function onlyName(c: Cursor): Name {
  const name = c.name();
  if (!c.done) throw c.unexpected('the end of the statement');
  return name;
}

/** SQL that both engines run, checked word by word; parameters in the local engine's spelling. */
function body(sql: string, tokens: readonly Token[]): string {
  tokens.forEach((token, i) => check(tokens, token, i));
  refuseFiles(tokens);
  const text = tokens.map((t) => t.upper).join(' ');
  for (const [construct, why] of REFUSED)
    if (` ${text} `.includes(` ${construct} `) && hasWords(tokens, construct))
      throw new DialectError(`${construct}: ${why}`);
  return respell(sql, tokens);
}

/** The text between the first and the last token, without comments, with `$name` parameters and texts that name no file. */
function respell(sql: string, tokens: readonly Token[]): string {
  let out = '';
  let at = tokens[0]?.start ?? 0;
  tokens.forEach((token, i) => {
    const gap = sql.slice(at, token.start);
    out += gap === '' ? '' : /\n/.test(gap) ? '\n' : ' ';
    out +=
      token.kind === 'parameter'
        ? `$${token.text.slice(1)}`
        : token.kind === 'string'
          ? asValue(tokens, i)
          : token.text;
    at = token.end;
  });
  return out;
}

/** True when the construct is written in bare words: a text or a quoted name may say anything, and `a.identity` is a column. */
function hasWords(tokens: readonly Token[], construct: string): boolean {
  const words = construct.split(' ');
  return tokens.some(
    (_, i) =>
      words.every((w, k) => tokens[i + k]?.upper === w && tokens[i + k]?.kind === 'word') &&
      tokens[i - 1]?.text !== '.',
  );
}

function check(tokens: readonly Token[], token: Token, i: number): void {
  const before = tokens[i - 1];
  const after = tokens[i + 1];
  if (token.kind === 'quoted' && after?.text === '(' && !isDefinition(tokens, i))
    throw new DialectError('functions are named without quotes');
  const engines = after?.text !== '(' && ENGINE_NAMES.find(([name]) => name.test(plainName(token)));
  if (engines && (token.kind === 'word' || token.kind === 'quoted'))
    throw new DialectError(`${plainName(token)}: ${engines[1]}`);
  if (token.kind !== 'word' || after?.text !== '(') return;
  if (
    before?.text === '.'
      ? !isDefinition(tokens, i)
      : !KEYWORDS.has(token.upper) && !FUNCTIONS.has(token.upper) && !isDefinition(tokens, i)
  )
    throw new DialectError(
      `the function ${token.text.toLowerCase()} is not on the list of those that Redshift and the local engine answer equally`,
    );
  if (
    token.upper === 'AVG' &&
    !new Cursor(tokens, i + 1)
      .parenthesized()
      .some((t) => ['DOUBLE', 'FLOAT', 'FLOAT8', 'DECIMAL', 'NUMERIC'].includes(t.upper))
  )
    throw new DialectError(
      'avg of an integer is an integer in Redshift: cast its argument to double precision or decimal',
    );
}

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
function merge(sql: string, tokens: readonly Token[]): Plan {
  const c = new Cursor(tokens);
  c.expect('MERGE', 'INTO');
  const target = c.name();
  if (!c.take('USING')) throw new DialectError('the target of MERGE takes no alias in Redshift');
  if (c.peek()?.text === '(') throw new DialectError('the source of MERGE is a table in Redshift, not a query');
  const from = c.at;
  c.name();
  while (!c.done && c.peek()?.upper !== 'ON') c.at++;
  const source = respell(sql, tokens.slice(from, c.at));
  c.expect('ON');
  const conditionAt = c.at;
  while (!c.done && c.peek()?.upper !== 'WHEN') c.at++;
  const condition = respell(sql, tokens.slice(conditionAt, c.at));
  for (const construct of ['MATCHED AND', 'BY SOURCE', 'BY TARGET', 'REMOVE DUPLICATES', 'DO NOTHING'])
    if (hasWords(tokens, construct)) throw new DialectError(`MERGE … ${construct} is not part of the portable subset`);
  const table = quoteName(target);
  const duplicates = `SELECT 1 FROM ${table} JOIN ${source} ON ${condition} GROUP BY ${quoteName({ name: target.name })}.rowid HAVING count(*) > 1 LIMIT 1`;
  return { kind: 'merge', verb: 'MERGE', target, sql: body(sql, tokens), duplicates };
}

function create(sql: string, tokens: readonly Token[]): Plan {
  const c = new Cursor(tokens, 1);
  if (c.take('ROLE')) return { kind: 'grant', action: 'create-role', role: onlyName(c).name };
  const replace = c.take('OR', 'REPLACE');
  if (c.take('VIEW')) {
    const target = c.name();
    const lateBinding = tokens.slice(-4).map((t) => t.upper).join(' ') === 'WITH NO SCHEMA BINDING'; // prettier-ignore
    return { kind: 'ddl', target, sql: body(sql, lateBinding ? tokens.slice(0, -4) : tokens), lateBinding };
  }
  if (replace) throw c.unexpected('VIEW after CREATE OR REPLACE');
  if (c.take('SCHEMA')) {
    c.take('IF', 'NOT', 'EXISTS');
    return { kind: 'ddl', target: onlyName(c), sql: respell(sql, tokens) };
  }
  const created = createTable(sql, tokens);
  if (created.columns) {
    body(sql, tokens);
    return { kind: 'create-table', ...created };
  }
  const rewritten = tokenize(created.sql);
  return { kind: 'create-table', ...created, sql: body(created.sql, rewritten) };
}

function drop(sql: string, tokens: readonly Token[]): Plan {
  const c = new Cursor(tokens, 1);
  if (c.take('ROLE')) return { kind: 'grant', action: 'drop-role', role: onlyName(c).name };
  const isSchema = c.take('SCHEMA');
  if (!isSchema && !c.take('TABLE') && !c.take('VIEW')) throw c.unexpected('TABLE, VIEW, SCHEMA or ROLE after DROP');
  c.take('IF', 'EXISTS');
  const target = c.name();
  const cascade = c.take('CASCADE');
  if (!cascade) c.take('RESTRICT');
  if (!c.done) throw c.unexpected('the end of DROP');
  return { kind: 'ddl', target, sql: respell(sql, tokens), drops: isSchema ? 'schema' : 'relation', cascade };
}

function alter(sql: string, tokens: readonly Token[]): Plan {
  const c = new Cursor(tokens, 1);
  c.expect('TABLE');
  const target = c.name();
  if (c.take('ADD', 'COLUMN') || c.take('ADD')) {
    const parsed = column(sql, tokens.slice(c.at));
    if (parsed.definition.notNull)
      throw new DialectError('a column that is added takes NULL in rows that exist; add it without NOT NULL');
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
    const parsed = column(sql, [tokens[at] as Token, ...tokens.slice(c.at)]);
    if (parsed.definition.maxBytes === undefined)
      throw new DialectError('ALTER COLUMN TYPE resizes varchar columns only');
    return { kind: 'alter-table', target, column: parsed.definition };
  }
  if (['RENAME', 'DROP'].includes(c.peek()?.upper ?? ''))
    return { kind: 'alter-table', target, sql: body(sql, tokens) };
  if (c.take('ALTER') && ['DISTSTYLE', 'DISTKEY', 'SORTKEY', 'COMPOUND', 'ENCODE'].includes(c.peek()?.upper ?? ''))
    return { kind: 'alter-table', target };
  throw new DialectError(
    'ALTER TABLE takes ADD COLUMN, ALTER COLUMN … TYPE varchar(n), RENAME, DROP COLUMN or physical attributes',
  );
}

function unloaded({ query, uri, overwrite }: ReturnType<typeof unload>): Plan {
  const plan = translate(query);
  if (plan.kind !== 'query') throw new DialectError('UNLOAD takes a SELECT');
  return { kind: 'unload', sql: plan.sql, query, uri, overwrite };
}

/** Parameters that a statement names. */
export function parametersOf(sql: string): Set<string> {
  return new Set(tokenize(sql).flatMap((t) => (t.kind === 'parameter' ? [t.text.slice(1)] : [])));
}
