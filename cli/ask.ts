/** Asks one question of the warehouse: SQL in, rows of plain values out. */
export type Ask = (sql: string) => Promise<Record<string, unknown>[]>;
