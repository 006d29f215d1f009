import { type Found, type Line, n } from './line';
import { loadW, type LoadW, type Run } from './load-w';

const fastest = (runs: Run[]): Run => runs.reduce((a, b) => (b.wall < a.wall ? b : a));
const seconds = (run: Run): string => `${n(run.wall, 2)} s (CPU ${n(run.cpu, 1)} s)`;
const phases = (run: Run): string =>
  Object.entries(run.phases)
    .sort((a, b) => b[1] - a[1])
    .slice(0, 4)
    .map(([phase, s]) => `${phase} ${s.toFixed(2)}`)
    .join(', ');

/**
 * The work W by the platform's own load path beside the hand-written star in the same engine: at 1 M, and with `full` at
 * 10 M too, where the delta is also compared with the same delta on a tenth of the history.
 */
export async function workW(full: boolean, log: (line: string) => void): Promise<Found> {
  const small = await loadW({ n: 1_000_000, log });
  if (!full) return { lines: linesOf(small), details: small };
  const large = await loadW({ n: 10_000_000, log });
  const [before, after] = [fastest(small.delta), fastest(large.delta)];
  const growth: Line = {
    what: 'W: the 1 % delta at 10 M against that at 1 M, ten times the history',
    measured: `${seconds(after)}: ${phases(after)}`,
    against: seconds(before),
    ratio: after.wall / before.wall,
    goal: '≤ 5 ×',
    reached: after.wall / before.wall <= 5,
  };
  return { lines: [...linesOf(small), ...linesOf(large), growth], details: [small, large] };
}

function linesOf(w: LoadW): Line[] {
  const [load, delta, star, tuned] = [w.full, w.delta, w.star, w.starTuned].map(fastest) as [Run, Run, Run, Run];
  const peak = Math.max(...[...w.full, ...w.delta].map((run) => run.peakMb));
  return [
    {
      what: `W: full load of ${n(w.n)} appointments, with logs, ledger, guards and lineage`,
      measured: `${seconds(load)}: ${phases(load)}`,
      against: `${seconds(star)} of star.sql (${n(tuned.wall, 2)} s with the platform's storage settings)`,
      ratio: w.ratios.full,
      goal: '≤ 1.2 × star.sql (aim 0.6)',
      reached: w.ratios.full <= 1.2,
    },
    {
      what: 'W: delta of 1 % of the appointments and 0.5 % of the patients',
      measured: `${seconds(delta)}: ${phases(delta)}`,
      against: `${n(load.wall, 2)} s of the full load`,
      ratio: w.ratios.delta,
      goal: '≤ 0.10 of the full load (aim 0.05)',
      reached: w.ratios.delta <= 0.1,
    },
    {
      what: 'W: greatest resident memory',
      measured: `${n(peak)} MB`,
      against: '6,144 MB',
      ratio: peak / 6144,
      goal: '≤ 6 GB',
      reached: peak <= 6144,
    },
    {
      what: 'W: answers, counts and control sums are those that the peers printed',
      measured: w.same ? 'all the same' : w.findings.join('; '),
      against: 'bench/peers',
      goal: 'the same',
      reached: w.same,
    },
  ];
}
