import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { queryServed } from '../../cli/sql';
import { type Cli, cli, endpointOf, must, newFolder, type Query, ROOT, runOf, serve, untilRead } from './laptop';

/** What `carelake ingest` does with a file that it has landed before. */
describe('a file that lies in landing already', () => {
  const dataDir = newFolder('ingest');
  const file = join(ROOT, 'examples', 'visits.csv');
  const plain = join(ROOT, 'examples', 'visits.json');
  const mended = join(mkdtempSync(join(tmpdir(), 'carelake-ingest-')), 'visits.json');
  writeFileSync(mended, readFileSync(plain, 'utf8').replace('"missed"', '"lost": "noshow", "missed"'));
  const args = (profile: string): string[] =>
    ['ingest', '--phi-ok', '--profile', profile, file, '--json', '--data', dataDir]; // prettier-ignore
  const read = async (profile: string) => JSON.parse(await must(args(profile))) as object;
  const query: Query = async (sql) => (await queryServed(endpointOf(dataDir), runOf(dataDir).names!, sql)).rows;
  const visits = () =>
    query(`SELECT appointment_id FROM gold_phi.obt_appointment WHERE source_system = 'example-desk' ORDER BY 1`);
  let serving: Cli;
  let before: number;

  beforeAll(async () => {
    const { process, document } = await serve(['--patients', '20', '--events', '400', '--data', dataDir]);
    serving = process;
    before = document.load.read;
    expect(await read(plain)).toMatchObject({ landed: true, received: 5, accepted: 4, quarantined: 1 });
    await untilRead(query, before + 8);
  });
  afterAll(async () => {
    if (serving?.child.exitCode === null) await serving.kill();
  });

  it('is read by a mended profile, and the counts of that reading alone are told', async () => {
    const told = { landing_object: expect.stringMatching(/^[0-9a-f]{16}$/) as unknown, landed: false };
    expect(await read(mended)).toEqual({ ...told, received: 5, accepted: 5, quarantined: 0 });
    await untilRead(query, before + 18);
    expect(await visits()).toEqual([['V1'], ['V2'], ['V3'], ['V4'], ['V5']]);
  });

  it('is refused once it was withdrawn, since nothing would be read', async () => {
    await must(['withdraw', 'example-visits/visits.csv', '--data', dataDir]);
    expect(await visits()).toEqual([]);
    const refused = await cli(args(mended));
    expect([refused.code, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toMatch(/landed and withdrawn; nothing was read[\s\S]*withdraw .*--undo/);
    await must(['withdraw', 'example-visits/visits.csv', '--undo', '--data', dataDir]);
    expect(await visits()).toHaveLength(5);
  });
});
