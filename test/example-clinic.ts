/** A row of the layout that `profiles/example-clinic-csv.json` reads; cells that are not given are those of a good one. */
const GOOD = {
  Kind: 'N',
  Region: '07',
  Site: '3',
  'Site name': 'Praxis',
  Number: '1',
  Patient: 'P-1',
  Name: 'Muster',
  Born: '03.02.1980',
  Sex: 'w',
  ZIP: '1067',
  NPI: '1000000004',
  Doctor: 'Dr. Z',
  Day: '29.03.2026',
  Time: '09:30',
  Minutes: '30',
  Status: 'geplant',
  Changed: '28.03.2026 10:00',
  Remark: 'x',
};
export type ExampleCells = Partial<Record<keyof typeof GOOD, string>>;

export const EXAMPLE_HEADER = Object.keys(GOOD).join(';');
const exampleRow = (cells: ExampleCells = {}): string => Object.values({ ...GOOD, ...cells }).join(';');
/** The text of a file. @param lines rows as they stand, or the cells in which they differ from a good one */
export const exampleCsv = (lines: readonly (string | ExampleCells)[]): string =>
  [EXAMPLE_HEADER, ...lines.map((line) => (typeof line === 'string' ? line : exampleRow(line)))].join('\r\n');
