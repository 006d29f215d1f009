import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { typedAs } from '../../cli/hints';
import { main } from '../../cli/main';

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'carelake-readers-'));
});
afterEach(() => {
  rmSync(place, { recursive: true, force: true });
  typedAs([], {});
});

function put(name: string, text: string): string {
  const path = join(place, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}
const PATIENT = '{"resourceType":"Patient","id":"a"}\n';

/** What a command that is refused says comes next. */
async function nextOf(...args: string[]): Promise<string> {
  let said = '';
  const [write, code] = [process.stderr.write.bind(process.stderr), process.exitCode];
  process.stderr.write = ((text: string) => ((said += text), true)) as typeof process.stderr.write;
  try {
    await main(['node', 'carelake', ...args]);
  } finally {
    process.stderr.write = write;
    process.exitCode = code;
  }
  return /next: {2}(.*)$/m.exec(said)?.[1] ?? said;
}

describe('what nobody said how to read', () => {
  it.each<[string, () => string, string]>([
    ['a folder of FHIR', () => join(put('export/Patient.ndjson', PATIENT), '..'), '--source fhir-r4'],
    ['a file of FHIR', () => put('bundle.json', '{"resourceType":"Bundle"}'), '--profile fhir-r4'],
    [
      'an export of Synthea',
      () => (put('csv/encounters.csv', 'Id'), join(put('csv/patients.csv', 'Id'), '..')),
      '--source synthea',
    ],
    [
      'a file of NPPES',
      () => put('npidata.csv', '"NPI","Entity Type Code","NPI Deactivation Date"\n'),
      '--profile nppes',
    ],
  ])('is read by what comes with the platform: %s', async (_, make, reader) => {
    const path = make();
    const start = await nextOf('start', '--input', path);
    expect(start).toBe(`npm start -- ${reader} --input ${path} --phi-ok`);
    // While the platform serves, the same by the command that goes there.
    expect(await nextOf('ingest', '--phi-ok', path)).toBe(
      `npm run --silent carelake -- ingest --phi-ok ${path} ${reader}`,
    );
  });

  it('is anybody’s, where nothing of the platform reads it', async () => {
    const path = put('x.csv', 'a,b\n1,2\n');
    expect(await nextOf('start', '--input', path)).toContain(`--profile NAME --input ${path}`);
    expect(await nextOf('ingest', path)).toContain('--profile NAME');
    expect(await nextOf('ingest', join(place, 'none'))).toContain('--profile NAME');
  });
});

describe('a name that is that of the other kind', () => {
  it.each<[string, string[], string]>([
    ['a folder for the profile of FHIR', ['--profile', 'fhir-r4'], '--source fhir-r4'],
    ['a source for a profile', ['--profile', 'synthea'], '--source synthea'],
    ['a profile for a source', ['--source', 'nppes'], '--profile nppes'],
  ])('is taken as what it is: %s', async (_, given, instead) => {
    const path = join(put('some/Patient.ndjson', PATIENT), '..');
    expect(await nextOf('start', '--phi-ok', ...given, '--input', path)).toBe(
      `npm start -- --phi-ok ${instead} --input ${path}`,
    );
  });
});
