import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CliError } from '../../cli/errors';
import { exportedFiles } from '../../cli/export-folder';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'carelake-export-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(files: Record<string, object | string>): void {
  for (const [name, value] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value));
  }
}
const PATIENT = '{"resourceType":"Patient","id":"a"}\n';
const TIME = '2024-08-06T18:12:57Z';
const url = (name: string): object => ({ type: 'Patient', url: `https://ehr.example/files/${name}?token=1` });
const manifest = (more: object = {}): object => ({
  transactionTime: TIME,
  output: [url('1.ndjson')],
  error: [],
  ...more,
});
const found = (): unknown[] => exportedFiles(folder).map(({ name, madeMs }) => [name, madeMs]);
const refusal = (): string => {
  try {
    exportedFiles(folder);
  } catch (error) {
    if (error instanceof CliError) return error.render();
    throw error;
  }
  throw new Error('nothing was refused');
};

test('a manifest says which files an export has, what was deleted, and as of when', () => {
  put({ 'manifest.json': manifest({ deleted: [url('gone.ndjson')] }), '1.ndjson': PATIENT, 'gone.ndjson': PATIENT });
  expect(found()).toEqual([
    ['1.ndjson', Date.parse(TIME)],
    ['gone.ndjson', Date.parse(TIME)],
  ]);
});

test('so does the log of a client, which names no file', () => {
  const log = [
    { eventId: 'kickoff', eventDetail: { exportUrl: 'x' } },
    { eventId: 'status_complete', eventDetail: { transactionTime: TIME } },
  ];
  put({ 'log.ndjson': log.map((one) => JSON.stringify(one)).join('\n'), 'Patient.000.ndjson': PATIENT });
  expect(found()).toEqual([['Patient.000.ndjson', Date.parse(TIME)]]);
});

test('a folder without either is read as it is', () => {
  put({ 'b/x.json': PATIENT, 'a.ndjson': PATIENT, '.hidden': 'x' });
  expect(found()).toEqual([
    ['a.ndjson', undefined],
    ['b/x.json', undefined],
  ]);
});

test.each<[string, Record<string, object | string>, string]>([
  [
    'a file that the manifest names is not there',
    { 'm.json': manifest(), 'x.ndjson': PATIENT },
    '1 of 1 files are not there',
  ],
  [
    'the server reports errors',
    { 'm.json': manifest({ error: [url('e.ndjson')] }), '1.ndjson': PATIENT },
    'the export reports 1 errors',
  ],
  [
    'the client reports errors',
    { 'log.ndjson': '{"eventId":"download_error","eventDetail":{}}', '1.ndjson': PATIENT },
    'the export reports 1 errors',
  ],
  [
    'a file that the manifest does not name',
    { 'm.json': manifest(), '1.ndjson': PATIENT, 'x.ndjson': PATIENT },
    'files that are none of the export',
  ],
  ['a file of another kind', { '1.ndjson': PATIENT, 'notes.txt': 'x' }, 'files that are none of the export'],
  ['nothing', {}, 'the folder holds no file of resources'],
])('%s: nothing is loaded', (_, files, message) => {
  put(files);
  expect(refusal()).toContain(message);
});
