import type { Plan } from './plan';
import { Cursor, DialectError } from './sql-tokens';

/** LOCK [TABLE] name, … */
export function lock(c: Cursor): Extract<Plan, { kind: 'lock' }> {
  c.expect('LOCK');
  c.take('TABLE');
  const tables = [c.name()];
  while (c.take(',')) tables.push(c.name());
  if (!c.done) throw c.unexpected('the end of LOCK');
  return { kind: 'lock', tables };
}

/** COPY of Parquet from S3, and no other. */
export function copy(c: Cursor): Extract<Plan, { kind: 'copy' }> {
  c.expect('COPY');
  const target = c.name();
  const columns =
    c.peek()?.text === '('
      ? c
          .parenthesized()
          .filter((t) => t.text !== ',')
          .map((t) => new Cursor([t]).part())
      : undefined;
  c.expect('FROM');
  const uri = c.string('an s3:// address');
  let manifest = false;
  let parquet = false;
  let role = false;
  while (!c.done) {
    if (c.take('IAM_ROLE')) role = iamRole(c);
    else if (c.take('FORMAT', 'AS', 'PARQUET') || c.take('FORMAT', 'PARQUET') || c.take('PARQUET')) parquet = true;
    else if (c.take('MANIFEST')) manifest = true;
    else throw c.unexpected('IAM_ROLE default, FORMAT AS PARQUET or MANIFEST');
  }
  if (!parquet) throw new DialectError('COPY reads only Parquet: FORMAT AS PARQUET');
  if (!role) throw new DialectError('COPY needs IAM_ROLE default');
  if (!/^s3:\/\/[^/]+\/.+/.test(uri)) throw new DialectError('COPY reads s3://bucket/key');
  return { kind: 'copy', target, columns, uri, manifest };
}

function iamRole(c: Cursor): true {
  if (!c.take('DEFAULT')) c.string('default or the arn of a role');
  return true;
}

/** UNLOAD of a SELECT to Parquet; its query comes as a text. */
export function unload(c: Cursor): { query: string; uri: string; overwrite: boolean } {
  c.expect('UNLOAD', '(');
  const query = c.string('a query as a text');
  c.expect(')');
  c.expect('TO');
  const uri = c.string('an s3:// prefix');
  let parquet = false;
  let role = false;
  let overwrite = false;
  while (!c.done) {
    if (c.take('IAM_ROLE')) role = iamRole(c);
    else if (c.take('FORMAT', 'AS', 'PARQUET') || c.take('FORMAT', 'PARQUET') || c.take('PARQUET')) parquet = true;
    else if (c.take('ALLOWOVERWRITE')) overwrite = true;
    else if (c.take('PARALLEL', 'OFF') || c.take('PARALLEL', 'ON')) continue;
    else throw c.unexpected('IAM_ROLE default, FORMAT AS PARQUET, ALLOWOVERWRITE or PARALLEL');
  }
  if (!parquet || !role) throw new DialectError('UNLOAD needs IAM_ROLE default and FORMAT AS PARQUET');
  return { query, uri, overwrite };
}
