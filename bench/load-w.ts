import { RealClock } from '@carelake/laptop/clock';
import { openS3Store } from '@carelake/laptop/endpoints/s3-store';
import { openPlatform, runPlatform, runStar, type Run } from './w/engines';
import { frozenInput, silverOf } from './w/input';
import { PRINTED } from './w/questions';

export type { Run } from './w/engines';

export interface LoadW {
  n: number;
  /** Runs in the order they ran, interleaved. */
  star: Run[];
  starTuned: Run[];
  full: Run[];
  delta: Run[];
  /** Best of the runs by wall time: platform ÷ star as published, platform ÷ star with the platform's storage settings, delta ÷ full load. */
  ratios: { full: number; fullTuned: number; fullCpu: number; delta: number; deltaCpu: number };
  /** Every check sum of every run is the one that the peers printed (or, where none is printed, star's). */
  same: boolean;
  findings: string[];
}

const best = (runs: Run[], of: (run: Run) => number): number => Math.min(...runs.map(of));

function compare(
  n: number,
  label: string,
  runs: Run[],
  which: 'full' | 'delta',
  expected: { ans: string; ctl: string },
): string[] {
  const { ans, ctl } = PRINTED[`${n} ${which}`] ?? expected;
  return runs.flatMap((run, i) => [
    ...(run.ans === ans ? [] : [`${label}, run ${i + 1}: answers ${run.ans}, printed ${ans}`]),
    ...(run.ctl === ctl
      ? []
      : [`${label}, run ${i + 1}: control ${run.ctl}, printed ${ctl}; counts ${JSON.stringify(run.counts)}`]),
  ]);
}

/**
 * The work W side by side: star.sql of the peers and the platform's own load, same engine, same process, interleaved; then the
 * delta on the platform's warehouse. Input and silver are made once and are not timed.
 * @param opts.n appointments (default 1 M, with `full` 10 M)
 * @param opts.rounds interleaved rounds (default 2 at 1 M and 1 at 10 M)
 * @throws Error when the generator's Python packages are missing
 */
export async function loadW(
  opts: { n?: number; full?: boolean; rounds?: number; detail?: boolean; log?: (line: string) => void } = {},
): Promise<LoadW> {
  const n = opts.n ?? (opts.full ? 10_000_000 : 1_000_000);
  const rounds = opts.rounds ?? (n > 1_000_000 ? 1 : 2);
  const log = opts.log ?? (() => undefined);
  const folder = frozenInput(n);
  const s3 = await openS3Store(folder, new RealClock());
  const silver = await silverOf(folder, s3);
  log(`work W, ${n} appointments: ${silver.base.length} + ${silver.delta.length} silver objects`);
  const result: Omit<LoadW, 'ratios' | 'same' | 'findings'> = { n, star: [], starTuned: [], full: [], delta: [] };
  const note = (name: string, run: Run): Run => {
    log(`${name}: ${run.wall.toFixed(2)} s, CPU ${run.cpu.toFixed(1)} s, peak ${run.peakMb.toFixed(0)} MB, disk ${run.diskMb.toFixed(0)} MB; ${Object.entries(run.phases).filter(([, s]) => s >= 0.05).map(([p, s]) => `${p} ${s.toFixed(2)}`).join(', ')}`); // prettier-ignore
    return run;
  };
  for (let round = 0; round < rounds; round += 1) {
    result.star.push(note('star.sql', await runStar(folder, ['base'], false)));
    const warehouse = await openPlatform(folder, s3);
    try {
      result.full.push(note('platform, full load', await runPlatform(folder, s3, warehouse, silver.base, opts.detail)));
      result.delta.push(note('platform, delta', await runPlatform(folder, s3, warehouse, silver.delta, opts.detail)));
    } finally {
      await warehouse.close();
    }
    result.starTuned.push(note("star.sql, platform's storage settings", await runStar(folder, ['base'], true)));
  }
  const whole = PRINTED[`${n} delta`] ? undefined : await runStar(folder, ['base', 'delta'], true);
  const findings = [
    ...compare(n, 'star.sql', [...result.star, ...result.starTuned], 'full', result.star[0]),
    ...compare(n, 'platform, full load', result.full, 'full', result.star[0]),
    ...compare(n, 'platform, delta', result.delta, 'delta', whole ?? result.delta[0]),
  ];
  const full = best(result.full, (r) => r.wall);
  const fullCpu = best(result.full, (r) => r.cpu);
  return {
    ...result,
    ratios: {
      full: full / best(result.star, (r) => r.wall),
      fullTuned: full / best(result.starTuned, (r) => r.wall),
      fullCpu: fullCpu / best(result.star, (r) => r.cpu),
      delta: best(result.delta, (r) => r.wall) / full,
      deltaCpu: best(result.delta, (r) => r.cpu) / fullCpu,
    },
    same: findings.length === 0,
    findings,
  };
}

if (require.main === module) {
  const size = process.argv.find((arg) => /^\d+$/.test(arg));
  void loadW({
    n: size ? Number(size) : undefined,
    full: process.argv.includes('--full'),
    detail: process.argv.includes('--detail'),
    log: console.log,
  }).then(({ ratios, same, findings }) => {
    console.log(JSON.stringify({ ratios, same, findings }, null, 1));
    process.exitCode = same ? 0 : 1;
  });
}
