import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { failure, open, type Opened } from './open';

const page = readFileSync(join(__dirname, '../../docs/sql.md'), 'utf8');

/** Rows of the tables that begin with this header; a cell's code comes without its marks. */
function tables(...header: string[]): string[][] {
  const rows: string[][] = [];
  let inside = false;
  for (const line of page.split('\n')) {
    if (!line.startsWith('|')) {
      inside = false;
      continue;
    }
    const cells = line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim().replaceAll('\\|', '|')); // prettier-ignore
    if (cells.every((cell, i) => cell === header[i])) inside = true;
    else if (inside && !/^-+$/.test(cells[0] ?? '')) rows.push(cells.map((cell) => cell.replace(/^`(.*)`$/, '$1')));
  }
  return rows;
}

let opened: Opened;
beforeEach(async () => {
  opened = await open();
  await opened.batch([
    'CREATE TABLE visit (visit_id integer, clinic varchar(20), minutes integer, started timestamp)',
    "INSERT INTO visit VALUES (1, 'North', 30, '2026-03-06 09:15:00'), (2, 'North', 45, '2026-03-09 14:00:30'), (3, 'South', NULL, NULL)",
  ]);
});
afterEach(() => opened.close());

const text = (value: unknown): string => (value === null ? 'null' : String(value));

/** What a statement answers, as the page writes it: values, or the names of the columns where these are the point. */
async function answer(sql: string, wanted: string): Promise<string> {
  if (wanted.startsWith('error: '))
    return (await failure(opened.rows(sql))).replace('ERROR: ', 'error: ').replace(/: column \w+$|; write .+$/, '');
  const { columns, rows } = await opened.warehouse.query(sql);
  const names = columns.map((c) => c.name).join(', ');
  return names === wanted ? names : rows.map((row) => row.map(text).join(', ')).join(' / ');
}

const answers = tables('write', 'answer');
const refusals = tables('refused', 'write');

test('the page holds its tables', () => {
  expect(answers.length).toBeGreaterThan(60);
  expect(refusals.length).toBeGreaterThan(35);
});

test('what is written answers as the page says', async () => {
  const seen: string[][] = [];
  for (const [sql = '', wanted = ''] of answers)
    seen.push([sql, await answer(sql, wanted).catch((error: Error) => error.message)]);
  expect(seen).toEqual(answers);
});

test('what is refused is refused before it runs, says what to write, and that runs', async () => {
  const seen: string[][] = [];
  for (const [refused = '', instead = ''] of refusals) {
    const message = await failure(opened.rows(refused));
    const works = await opened.rows(instead).then(() => 'runs', (error: Error) => error.message); // prettier-ignore
    seen.push([refused, /; write .+/.test(message) ? 'says what to write' : message, works]);
  }
  expect(seen).toEqual(refusals.map(([refused]) => [refused, 'says what to write', 'runs']));
});
