import type { AnswersDocument } from '../../cli/answers';
import { generate } from '../../synthetic';
import { Cli, keySecretFile, must, newFolder, runOf, tablesOf } from './laptop';

const NETWORK = { patients: 1500, events: 16_000, seed: 11 };
const secret = keySecretFile();
const args = (dataDir: string) => [
  'start', '--once', '--json', '--data', dataDir, '--key-secret-file', secret,
  '--patients', `${NETWORK.patients}`, '--events', `${NETWORK.events}`, '--seed', `${NETWORK.seed}`,
]; // prettier-ignore

describe('a run that is killed with -9', () => {
  let undisturbed: Record<string, string[]>;
  const expected = generate(NETWORK).expected();

  beforeAll(async () => {
    const dataDir = newFolder('undisturbed');
    const document = JSON.parse(await must(args(dataDir))) as AnswersDocument;
    expect(document.load).toEqual(expected.load);
    undisturbed = await tablesOf(dataDir);
  });

  async function resumed(dataDir: string): Promise<void> {
    const document = JSON.parse(await must(args(dataDir))) as AnswersDocument;
    // Some records may have been sent twice; all of them were sent, and each repeat is known as one.
    const again = document.ingest.received - NETWORK.events;
    expect(again).toBeGreaterThanOrEqual(0);
    expect(document.load.applied).toBe(expected.load.applied);
    expect(document.load.superseded).toBe(expected.load.superseded);
    expect(document.answers).toEqual(expected.answers);
    expect(await tablesOf(dataDir)).toEqual(undisturbed);
  }

  it('in the middle of the stream ends with the same tables after the next start', async () => {
    const dataDir = newFolder('mid-stream');
    const run = new Cli(args(dataDir));
    const sent = await run.until('a mark in mid-stream', () =>
      runOf(dataDir)?.sent > 0 ? runOf(dataDir).sent : undefined,
    );
    await run.kill();
    expect(sent).toBeLessThan(NETWORK.events);
    expect(runOf(dataDir).status).toBe('streaming');
    await resumed(dataDir);
  });

  it('in the middle of loads, twice, ends with the same tables after the next start', async () => {
    const dataDir = newFolder('mid-load');
    for (const pause of [0, 1500]) {
      const run = new Cli(args(dataDir));
      await run.until('everything in the stream', () => (runOf(dataDir)?.sent === NETWORK.events ? true : undefined));
      await new Promise((done) => setTimeout(done, pause));
      await run.kill();
    }
    await resumed(dataDir);
  });
});
