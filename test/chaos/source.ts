import { generate, minimumEvents, type NetworkOptions, type SyntheticRecord } from '../../synthetic';
import { exampleCsv } from '../example-clinic';
import { Random } from '../../synthetic/random';

/** A file for landing. */
export interface SentFile {
  readonly key: string;
  readonly body: Buffer;
  /** When its sender wrote it, whenever it lands. */
  readonly mtime: string;
}

/** All that a round brings in, in its natural order. */
export interface Material {
  /** The network that `start` streams itself. */
  readonly network: NetworkOptions;
  /** That network's records and those of a second one, which says other things about the same people. */
  readonly records: readonly SyntheticRecord[];
  readonly files: readonly SentFile[];
}

const STATUS = ['geplant', 'erschienen', 'nicht erschienen', 'abgesagt'];

const two = (n: number): string => String(n).padStart(2, '0');

function csv(random: Random): Buffer {
  const rows = Array.from({ length: random.between(3, 40) }, () => {
    const kind = random.chance(0.05) ? 'D' : 'N';
    const changed = `${two(random.between(1, 28))}.03.2026 ${two(random.below(24))}:${two(random.below(60))}`;
    const number = random.below(60);
    const person = number % 17;
    return {
      Kind: kind,
      Site: String(random.below(3)),
      Number: String(number),
      Patient: `P-${person}`,
      Born: `03.02.19${two(40 + person)}`,
      Status: random.pick(STATUS),
      Changed: changed,
    };
  });
  return Buffer.from(exampleCsv(rows), 'latin1');
}

export function materialOf(seed: number): Material {
  const random = new Random(seed, 7);
  const patients = random.between(20, 120);
  const networkOf = (of: number): NetworkOptions => ({
    patients,
    events: minimumEvents(patients) + random.below(1200),
    seed: of,
  });
  const [network, other] = [networkOf(seed), networkOf(seed + 1_000_003)];
  return {
    network,
    records: [...generate(network), ...generate(other)],
    files: Array.from({ length: random.between(1, 4) }, (_, i) => ({
      key: `example-clinic-csv/export-${i}.csv`,
      body: csv(random),
      mtime: `2026-04-0${i + 1}T06:00:00Z`,
    })),
  };
}
