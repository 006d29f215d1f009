import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { readLoadCounts } from '../cli/answers';
import { clientsFor } from '../cli/clients';
import { type Names, writeRun } from '../cli/folder';
import { asker, boot, namesOf, servedHere } from '../cli/laptop';
import { putRecords } from '../cli/put-records';
import { PROJECT, synthesize } from '../cli/synthesize';
import type { Platform } from '@carelake/laptop/runtime';
import { generate } from '../synthetic';
import { run } from './command';

/** From the first record put to the last one in the one big table, on a booted laptop. */
export interface StreamResult {
  events: number;
  seconds: number;
  /** Events per second; SDK client, endpoints, functions and loads share the cores. */
  rate: number;
}

export interface LatencyResult {
  /** Marked events among a steady stream. */
  events: number;
  background: number;
  p50: number;
  p95: number;
  max: number;
}

/** Boots the local environment on a fresh folder, and takes it away afterwards. */
async function withLaptop<T>(use: (platform: Platform, names: Names, dataDir: string) => Promise<T>): Promise<T> {
  const dataDir = mkdtempSync(join(tmpdir(), 'carelake-bench-'));
  const { assemblyDir } = await synthesize(dataDir, 'local');
  const platform = await boot({ assemblyDir, dataDir, port: 0 });
  try {
    return await use(platform, namesOf(platform), dataDir);
  } finally {
    await platform.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/**
 * Streams a network from a producer in a process of its own (`carelake push`, as anybody's producer would be) and waits
 * until every accepted event has been applied. The records are made before the clock starts.
 */
export async function streamToGold(events = 400_000): Promise<StreamResult> {
  return withLaptop(async (platform, names, dataDir) => {
    const network = generate({ patients: Math.round(events / 10), events });
    const file = join(dataDir, 'events.ndjson');
    const out = createWriteStream(file);
    const lines = function* (): Generator<Buffer> {
      for (const { data } of network) yield Buffer.concat([data, Buffer.from('\n')]);
    };
    await pipeline(lines, out);
    const { patients, seed } = network.options;
    writeRun(dataDir, {
      source: { kind: 'synthetic', patients, events, seed },
      env: 'local',
      sent: 0,
      status: 'streaming',
      names,
    });
    const accepted = network.expected().ingest.accepted;
    const ask = asker(platform.endpoints.warehouse, dataDir);
    const started = Date.now();
    const pushed = run(
      'npx',
      ['--no-install', 'tsx', 'cli/run.ts', 'push', file, '--json', '--no-wait', '--data', dataDir],
      PROJECT,
    );
    while ((await readLoadCounts(ask)).read < accepted) await sleep(250);
    const seconds = (Date.now() - started) / 1000;
    await pushed;
    return { events, seconds, rate: Math.round(events / seconds) };
  });
}

/** An appointment that a clinic of the network books; `mark` names it. */
function booking(mark: string): { partitionKey: string; data: Buffer } {
  const envelope = {
    event_id: mark,
    entity: 'appointment',
    schema_version: 1,
    op: 'upsert',
    source_system: 'bench',
    effective_at: '2024-03-11T09:00:00-04:00',
    recorded_at: '2024-03-11T09:00:00-04:00',
    payload: {
      appointment_id: mark,
      patient_id: `P${mark.length * 7919}`,
      clinic_id: 'CLINIC-001',
      status_code: 'booked',
      created_at: '2024-03-11T09:00:00-04:00',
      scheduled_start_at: '2024-04-02T10:15:00-04:00',
    },
  };
  return { partitionKey: mark, data: Buffer.from(JSON.stringify(envelope)) };
}

/** Puts a steady stream and, within it, marked events; tells how long each took from put to its row in the one big table. */
export async function eventToQueryable(marked = 100, background = 1000): Promise<LatencyResult> {
  return withLaptop(async (platform, names, dataDir) => {
    const { kinesis } = clientsFor(servedHere(platform), names.region);
    const ask = asker(platform.endpoints.warehouse, dataDir);
    const put = new Map<string, number>();
    const latencies: number[] = [];
    let serial = 0;
    const PER_SECOND = 2;
    const producing = (async () => {
      const began = Date.now();
      for (let tick = 0; put.size < marked; tick++) {
        const batch = Array.from({ length: Math.round(background / PER_SECOND) }, () =>
          booking(`background-${serial++}`),
        );
        const mark = `marked-${tick}`;
        put.set(mark, Date.now());
        await putRecords(kinesis, names.stream, [...batch, booking(mark)]);
        await sleep(Math.max(0, began + ((tick + 1) * 1000) / PER_SECOND - Date.now()));
      }
    })();
    const seen = new Set<string>();
    const deadline = Date.now() + 300_000;
    while (seen.size < marked && Date.now() < deadline) {
      await sleep(100);
      const rows = await ask(
        `SELECT appointment_id FROM gold_phi.obt_appointment WHERE source_system = 'bench' AND appointment_id LIKE 'marked-%'`,
      );
      const now = Date.now();
      for (const { appointment_id: id } of rows as { appointment_id: string }[]) {
        if (seen.has(id)) continue;
        seen.add(id);
        latencies.push((now - put.get(id)!) / 1000);
      }
    }
    await producing;
    kinesis.destroy();
    if (seen.size < marked) throw new Error(`only ${seen.size} of ${marked} marked events became queryable`);
    latencies.sort((a, b) => a - b);
    const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.ceil(latencies.length * share) - 1)]!;
    return { events: marked, background, p50: at(0.5), p95: at(0.95), max: at(1) };
  });
}

export interface ColdStartResult {
  /** Clone, `npm ci` with an empty cache, `npm start` to the first answers. */
  seconds: number;
  installSeconds: number;
  startSeconds: number;
}

/** The README's first command from a fresh clone with an empty npm cache. */
export async function coldStart(): Promise<ColdStartResult> {
  const folder = mkdtempSync(join(tmpdir(), 'carelake-cold-'));
  const clone = join(folder, 'clone');
  const cache = join(folder, 'cache');
  mkdirSync(cache);
  try {
    const project = join(__dirname, '..');
    await run('git', ['clone', '--quiet', project, clone], folder);
    const { seconds: install } = await run('npm', ['ci', '--cache', cache, '--no-audit', '--no-fund'], clone);
    const { seconds: start } = await run('npm', ['start', '--silent', '--', '--once', '--json'], clone);
    return { seconds: install + start, installSeconds: install, startSeconds: start };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
