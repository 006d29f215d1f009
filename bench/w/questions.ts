import { createHash } from 'node:crypto';

/** The questions of the work W, its untimed control and the canonical form of answers: bench/peers/common.py, said again for Node. */
const RATE =
  'sum(is_no_show), sum(is_no_show + is_attended), CAST(sum(is_no_show) AS DOUBLE PRECISION) / nullif(sum(is_no_show + is_attended), 0)';

const QUESTIONS: Record<string, string> = {
  clinic: `SELECT clinic_id, ${RATE} FROM {obt} GROUP BY clinic_id ORDER BY clinic_id`,
  provider:
    'SELECT provider_npi, sum(delay_min), count(delay_min), CAST(sum(delay_min) AS DOUBLE PRECISION) / count(delay_min) AS d FROM {obt} WHERE delay_min IS NOT NULL GROUP BY provider_npi HAVING count(delay_min) >= 30 ORDER BY d DESC, provider_npi LIMIT 10',
  month: `SELECT scheduled_month, ${RATE} FROM {obt} GROUP BY scheduled_month ORDER BY scheduled_month`,
};

const CONTROL: Record<string, string> = {
  obt: 'SELECT insurer, sex, count(*), sum(patient_age), sum(CAST(zip5 AS BIGINT)), sum(lead_days), sum(delay_min), sum(dow), sum(planned_duration_min), sum(scheduled_hour), count(DISTINCT specialty), count(DISTINCT timezone) FROM {obt} GROUP BY insurer, sex ORDER BY insurer, sex',
  fact: 'SELECT status, count(*), sum(scheduled_date_key), sum(delay_min), sum(lead_days) FROM {fact} GROUP BY status ORDER BY status',
  patient:
    'SELECT insurer, count(*), count(DISTINCT patient_id), sum(is_current) FROM {patient} GROUP BY insurer ORDER BY insurer',
};

/** Check sums printed with the peers' results, by number of appointments and case. */
export const PRINTED: Record<string, { ans: string; ctl: string }> = {
  '200000 full': { ans: 'ca26e403657e', ctl: '736f561e16d2' },
  '1000000 full': { ans: 'a86ad1aa0960', ctl: '5acb45d883e5' },
  '1000000 delta': { ans: 'e96a3b0a5de8', ctl: 'e79f4d76d7ef' },
  '10000000 full': { ans: '3b310bff2471', ctl: 'a5b98d602248' },
  '10000000 delta': { ans: 'd880e5e5c7b3', ctl: 'fe6e648588b6' },
};

export interface Counts {
  read: number;
  repeats: number;
  superseded: number;
  applied: number;
}

export interface Table {
  columns: readonly { readonly name: string; readonly type: string }[];
  rows: readonly (readonly unknown[])[];
}
export type Ask = (sql: string) => Promise<Table>;

/** A value as JSON text: doubles with nine places as text, whole numbers as they are. */
function canonical(value: unknown, type: string): string {
  if (value === null || value === undefined) return 'null';
  if (/double|float/i.test(type)) return `"${Number(value).toFixed(9)}"`;
  if (/char|text/i.test(type)) return JSON.stringify(String(value));
  return String(value);
}

const list = (items: string[]): string => `[${items.join(', ')}]`;

async function canonicalRows(ask: Ask, sql: string): Promise<string> {
  const { columns, rows } = await ask(sql);
  return list(rows.map((row) => list(row.map((value, i) => canonical(value, columns[i].type)))));
}

/** Python's json.dumps(..., sort_keys=True) of the parts, as the first 12 digits of their SHA-256. */
function sum(parts: Record<string, string>): string {
  const text = `{${Object.keys(parts).sort().map((k) => `"${k}": ${parts[k]}`).join(', ')}}`; // prettier-ignore
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

const filled = (sql: string, names: Record<string, string>): string =>
  sql.replace(/\{(\w+)\}/g, (_, name: string) => names[name]);

async function sumOf(
  questions: Record<string, string>,
  ask: Ask,
  names: Record<string, string>,
  more: Record<string, string> = {},
): Promise<string> {
  const parts = { ...more };
  for (const [name, sql] of Object.entries(questions)) parts[name] = await canonicalRows(ask, filled(sql, names));
  return sum(parts);
}

/** Check sum of the three answers. */
export const answers = (ask: Ask, names: Record<string, string>): Promise<string> => sumOf(QUESTIONS, ask, names);

/** Check sum of the control and the counts. */
export function control(ask: Ask, names: Record<string, string>, counts: Counts): Promise<string> {
  const c = `{"applied": ${counts.applied}, "read": ${counts.read}, "repeats": ${counts.repeats}, "superseded": ${counts.superseded}}`;
  return sumOf(CONTROL, ask, names, { c });
}
