import { packStatements } from '../warehouse/grants';
import { readSql } from '../warehouse/sql-files';
import { SqlError } from '../warehouse/sql';

/** What a violation is of; `carelake check` uses the same ids. */
export type CheckRule =
  /** A check of sql/checks or sql/generated/checks found rows, or could not be asked. */
  | 'CHK-SQL-01'
  /** Silver objects that no load has taken. */
  | 'CHK-LEDGER-01';

/** One statement whose rows are violations. */
export interface Check {
  /** File without suffix, with a number where it has several statements. */
  readonly name: string;
  readonly sql: string;
}

/** The checks of a release, and the question whether a load is under way: between its transactions some of them do not hold. */
export interface CheckSql {
  readonly holder: string;
  readonly checks: readonly Check[];
}

/** @throws SqlError where there is no check: to find nothing would mean nothing */
export function readCheckSql(root: string): CheckSql {
  const files = [...readSql(root, 'checks'), ...readSql(root, 'generated/checks')];
  const checks = files.flatMap(([file, { statements }]) =>
    statements.map((sql, i) => ({ name: statements.length === 1 ? file : `${file}-${i + 1}`, sql })),
  );
  const holder = readSql(root, 'load').get('holder')?.statements[0];
  if (checks.length === 0 || holder === undefined) throw new SqlError('the SQL of the checks is incomplete');
  return { holder, checks };
}

/** Checks in as few questions of the warehouse as hold them, each of which also asks whether a load is under way. */
export function batchesOf({ holder, checks }: CheckSql): Check[][] {
  const packed = packStatements(
    [countOf(holder)],
    checks.map(({ sql }) => [countOf(sql)]),
  );
  let from = 0;
  return packed.map((sqls) => checks.slice(from, (from += sqls.length - 1)));
}

/** Asks how many rows a question has, so that none of them leaves the warehouse. */
export const countOf = (sql: string): string => `SELECT count(*) AS violations FROM (\n${sql}\n) v`;
