import { cpus } from 'node:os';
import { entities } from './entities';
import { ingestCore } from './ingest-core';
import { type Found, type Line, n } from './line';
import { type BenchOptions, readOptions } from './options';
import { fhir, synthea } from './sources';
import { coldStart, eventToQueryable, streamToGold } from './stream';
import { workW } from './work-w';

interface Section {
  name: string;
  run: (full: boolean, log: (line: string) => void, options: BenchOptions) => Promise<Found>;
}

const SECTIONS: Section[] = [
  {
    name: 'core',
    run: async () => {
      const core = await ingestCore();
      return {
        details: core,
        lines: [
          {
            what: 'ingest core: record → validated, keyed, bronze and silver Parquet',
            measured: `${n(core.platform)} records per CPU s`,
            against: `${n(core.floor)} (base64 + JSON.parse)`,
            ratio: core.ratio,
            goal: '≥ 0.12 of the floor',
            reached: core.ratio >= 0.12,
          },
        ],
      };
    },
  },
  { name: 'entities', run: entities },
  { name: 'fhir', run: (full, log, { folders }) => fhir(full, log, folders.fhir) },
  { name: 'synthea', run: (_full, _log, { folders }) => synthea(folders.synthea) },
  {
    name: 'stream',
    run: async (full) => {
      const stream = await streamToGold(full ? 2_000_000 : 400_000);
      return {
        details: stream,
        lines: [
          {
            what: `stream → gold, ${n(stream.events)} events from one producer process on the same cores`,
            measured: `${n(stream.rate)} events/s (${n(stream.seconds, 1)} s)`,
            against: '1,000/s that one shard admits',
            ratio: stream.rate / 1000,
            goal: '≥ 20,000 events/s',
            reached: stream.rate >= 20_000,
          },
        ],
      };
    },
  },
  {
    name: 'latency',
    run: async () => {
      const latency = await eventToQueryable();
      return {
        details: latency,
        lines: [
          {
            what: `event → queryable, ${latency.events} events among ${n(latency.background)}/s, on-arrival trigger`,
            measured: `p95 ${n(latency.p95, 1)} s (p50 ${n(latency.p50, 1)}, max ${n(latency.max, 1)})`,
            against: '10 s',
            ratio: latency.p95 / 10,
            goal: 'p95 ≤ 10 s',
            reached: latency.p95 <= 10,
          },
        ],
      };
    },
  },
  { name: 'w', run: workW },
  {
    name: 'cold',
    run: async () => {
      const cold = await coldStart();
      return {
        details: cold,
        lines: [
          {
            what: 'fresh clone, empty npm cache → first answers (20,000 patients, 200,000 events)',
            measured: `${n(cold.seconds, 0)} s (install ${n(cold.installSeconds)}, start ${n(cold.startSeconds)})`,
            against: '180 s',
            ratio: cold.seconds / 180,
            goal: '≤ 180 s, one command',
            reached: cold.seconds <= 180,
          },
        ],
      };
    },
  },
];

const HELP = `npm run bench -- [SECTION...] [--full] [--json] [--fhir DIR] [--synthea DIR]
Sections: ${SECTIONS.map((section) => section.name).join(', ')}. All of them without a name. --full: 10 M appointments, a longer stream.
--fhir, --synthea: a folder of resources (Bundles, NDJSON, a Bulk Data export) and a CSV export of Synthea to read.
Figures are of this machine and this run; only the ratios compare.`;

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

/** Runs the sections one after the other, since they share the cores, and prints each as soon as it is known. */
async function main(args: string[]): Promise<number> {
  const options = readOptions(
    args,
    SECTIONS.map(({ name }) => name),
  );
  if ('help' in options) {
    console.log(HELP);
    return 0;
  }
  if ('wrong' in options) {
    console.error(`${options.wrong}\n${HELP}`);
    return 2;
  }
  const { full, json, wanted } = options;
  const results: Record<string, unknown> = {
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`,
  };
  if (!json) console.log(`${results.machine}\n`);
  let failed = false;
  for (const { name, run } of SECTIONS) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    try {
      const { lines, details } = await run(full, (line) => console.error(`  ${line}`), options);
      results[name] = { lines, details };
      if (!json) for (const line of lines) console.log(text(line));
    } catch (error) {
      failed = true;
      results[name] = { error: (error as Error).message };
      console.error(`${name}: could not be measured: ${(error as Error).stack}`);
    }
  }
  if (json) console.log(JSON.stringify(results));
  return failed ? 1 : 0;
}

function text({ what, measured, against, ratio, goal, reached }: Line): string {
  return `${reached ? 'reached ' : 'not yet '} ${what}\n          ${measured}; against ${against}${ratio === undefined ? '' : `: ratio ${ratio.toFixed(3)}`}; goal ${goal}\n`;
}

// A section that failed may leave an engine open, which would hold the process.
void main(process.argv.slice(2)).then((code) => process.stdout.write('', () => process.exit(code)));
