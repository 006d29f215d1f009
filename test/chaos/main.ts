import { parseArgs } from 'node:util';
import { CheckSuite } from '../../scripts/checks';
import { LOSSES } from './damage';
import { type Played, playRound, RoundFailed } from './round';

const HELP = `npm run chaos -- [--minutes N] [--seed S] [--json] [--lose row|object]
Plays rounds on fresh folders until N minutes are over (1; at least one round): random records and files, random faults, and at the end the
same tables as an undisturbed run. Round i has the seed S + i. The moments of faults are the machine's, all else is the seed's.
--lose: loses something for good, to see that it is reported. Exit code 1 when a round ends otherwise than it should.`;

interface Arguments {
  minutes: number;
  seed: number;
  json: boolean;
  lose?: keyof typeof LOSSES;
}

const OPTIONS = {
  minutes: { type: 'string', default: '1' },
  seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
  json: { type: 'boolean', default: false },
  lose: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** @returns undefined where help is asked for @throws Error saying what is wrong */
function read(args: string[]): Arguments | undefined {
  const { values } = parseArgs({ args, options: OPTIONS });
  const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
  const lose = values.lose as keyof typeof LOSSES | undefined;
  if (values.help) return undefined;
  if (!(minutes >= 0)) throw new Error('--minutes takes a number from 0');
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error('--seed takes a whole number from 0');
  if (lose !== undefined && !Object.hasOwn(LOSSES, lose)) throw new Error('--lose takes row or object');
  return { minutes, seed, json: values.json, lose };
}

function sum(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const one of counts) for (const [name, n] of Object.entries(one)) total[name] = (total[name] ?? 0) + n;
  return total;
}

const listed = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, n]) => `${name} ${n}`)
    .join(', ') || 'none';

/** @returns 0 when every round ended well, 1 when one did not, 2 when it was asked wrongly */
async function main(args: string[]): Promise<number> {
  let asked: Arguments | undefined;
  try {
    asked = read(args);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    return 2;
  }
  if (!asked) {
    console.log(HELP);
    return 0;
  }
  const { minutes, seed, json, lose } = asked;
  const suite = new CheckSuite('chaos', console.error);
  const played: Played[] = [];
  const failures: { seed: number; folder: string; message: string }[] = [];
  const until = performance.now() + minutes * 60_000;
  for (let i = 0; i === 0 || performance.now() < until; i++) {
    await suite.check(
      `a round of seed ${seed + i}`,
      async () => {
        try {
          played.push(await playRound(seed + i, lose));
        } catch (error) {
          const { folder, message } = error as RoundFailed;
          failures.push({ seed: seed + i, folder, message });
          // The message tells all; a stack of the loop itself would tell nothing.
          throw Object.assign(new Error(message), { stack: message });
        }
      },
      { stopOnFailure: false },
    );
  }
  const faults = sum(played.map((round) => round.faults));
  const followed = sum(played.map((round) => round.followed));
  const records = played.reduce((n, round) => n + round.records, 0);
  const files = played.reduce((n, round) => n + round.files, 0);
  const rounds = played.length + failures.length;
  if (json) console.log(JSON.stringify({ seed, rounds, records, files, faults, followed, failures }));
  else {
    console.log(`${rounds} rounds from seed ${seed}, ${failures.length} with a difference; ${records} records, ${files} files`);
    console.log(`faults: ${listed(faults)}\nmessages followed: ${listed(followed)}`);
    for (const { message } of failures) console.log(message);
  } // prettier-ignore
  return suite.finish();
}

void main(process.argv.slice(2)).then((code) => process.stdout.write('', () => process.exit(code)));
