/** CPU seconds (user + system) that work takes in this process. Work on files awaits; nothing else runs meanwhile. */
async function cpuSeconds(work: () => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1e6;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** Repetitions by which code is compiled and caches are filled before anything is counted. */
const WARM_UP = 2;

/**
 * Runs works in turn within one process, so that what slows one of them down slows all of them.
 * @returns the median CPU seconds of each
 */
export async function inTurn<K extends string>(
  reps: number,
  works: Readonly<Record<K, () => void | Promise<void>>>,
): Promise<Record<K, number>> {
  const names = Object.keys(works) as K[];
  const seconds = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<K, number[]>;
  for (let rep = -WARM_UP; rep < reps; rep++)
    for (const name of names) {
      const took = await cpuSeconds(works[name]);
      if (rep >= 0) seconds[name].push(took);
    }
  return Object.fromEntries(names.map((name) => [name, median(seconds[name])])) as Record<K, number>;
}
