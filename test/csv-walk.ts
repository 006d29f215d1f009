import { readFileSync } from 'node:fs';

/** A row of a CSV file by the names of its header; an absent column has no value. */
export type CsvRow = Readonly<Record<string, string>>;

/** A CSV file of commas and double quotes, walked letter by letter: a second opinion that shares nothing with the platform's reader. */
export function walkCsv(file: string): CsvRow[] {
  const [header, ...rows] = cellsOf(readFileSync(file, 'utf8'));
  return rows.map((cells) => Object.fromEntries(header!.map((name, i) => [name, cells[i] ?? ''])));
}

function cellsOf(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i]!;
    if (isQuoted) {
      if (letter !== '"') cell += letter;
      else if (text[i + 1] === '"') cell += text[++i];
      else isQuoted = false;
    } else if (letter === '"') isQuoted = true;
    else if (letter === ',' || letter === '\n') {
      row.push(cell);
      cell = '';
      if (letter === '\n') rows.push(row);
      if (letter === '\n') row = [];
    } else if (letter !== '\r') cell += letter;
  }
  if (cell !== '' || row.length > 0) rows.push([...row, cell]);
  return rows;
}
