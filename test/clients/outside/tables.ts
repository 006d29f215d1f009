import { withEngine } from '../../../cli/lake-files';

/** Rows of one that the other does not hold, by the columns named. */
export async function differences(columns: string, one: string, other: string): Promise<number> {
  const except = (a: string, b: string) => `(SELECT ${columns} FROM ${a} EXCEPT ALL SELECT ${columns} FROM ${b})`;
  const [row] = await withEngine(async (ask) => {
    await ask("SET TimeZone = 'UTC'");
    return ask(`SELECT count(*) AS n FROM (${except(one, other)} UNION ALL ${except(other, one)})`);
  });
  return Number(row!.n);
}

/** The columns of a table, as a list of SQL. */
export async function columnsOf(table: string): Promise<string> {
  const rows = await withEngine((ask) => ask(`DESCRIBE SELECT * FROM ${table}`));
  return rows.map((row) => `"${String(row.column_name)}"`).join(', ');
}
