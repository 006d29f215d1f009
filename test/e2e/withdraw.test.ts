import { copyFileSync, mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import type { AnswersDocument } from '../../cli/answers';
import { clientsFor } from '../../cli/clients';
import { queryServed } from '../../cli/sql';
import {
  cli,
  contentsOf,
  endpointOf,
  keySecretFile,
  must,
  newFolder,
  runOf,
  serve,
  tablesOf,
  type Query,
} from './laptop';

const folder = mkdtempSync(join(tmpdir(), 'carelake-withdraw-'));
const secret = keySecretFile();
const AT = { column: 'seen', datetime: 'yyyy-MM-dd HH:mm' };

function profileOf(status: Record<string, string>): string {
  const path = join(folder, 'ward.json');
  writeFileSync(
    path,
    JSON.stringify({
      profile: 'ward',
      source_system: 'ward',
      mode: 'delta',
      file: { format: 'csv', zone: 'UTC' },
      entities: [
        {
          entity: 'patient',
          effective_at: AT,
          recorded_at: AT,
          fields: { patient_id: 'patient', zip5: 'zip', reported_age_years: { constant: 40 } },
        },
        {
          entity: 'appointment',
          effective_at: AT,
          recorded_at: AT,
          fields: {
            appointment_id: 'visit',
            patient_id: 'patient',
            clinic_id: 'clinic',
            status_code: { column: 'status', map: status },
            scheduled_start_at: { column: 'start', datetime: 'yyyy-MM-dd HH:mm' },
          },
        },
      ],
    }),
  );
  return path;
}

/** When the files were made. */
const MADE = { monday: new Date('2024-03-04T20:00:00Z'), tuesday: new Date('2024-03-05T20:00:00Z') };
const file = (name: keyof typeof MADE, rows: string[]): string => {
  const path = join(folder, `${name}.csv`);
  writeFileSync(path, ['visit,patient,zip,clinic,status,start,seen', ...rows, ''].join('\n'));
  utimesSync(path, MADE[name], MADE[name]);
  return path;
};
const MONDAY = file('monday', [
  'V1,P1,10001,C1,open,2024-03-05 09:00,2024-03-04 08:00',
  'V2,P2,10002,C1,open,2024-03-05 10:00,2024-03-04 08:00',
]);
/** V1 goes on, P2 moved; V2 is said once more as it was. */
const TUESDAY = file('tuesday', [
  'V1,P1,10001,C1,gone,2024-03-05 09:00,2024-03-05 18:00',
  'V2,P2,10002,C1,open,2024-03-05 10:00,2024-03-04 08:00',
  'V3,P2,20002,C2,open,2024-03-06 10:00,2024-03-05 18:00',
]);
const WRONG = { open: 'booked', gone: 'fulfilled' };
const RIGHT = { open: 'booked', gone: 'noshow' };

const args = (dataDir: string, input: string, profile: string): string[] =>
  ['--phi-ok', '--profile', profile, '--input', input, '--data', dataDir, '--key-secret-file', secret]; // prettier-ignore
const once = async (dataDir: string, input: string, profile: string): Promise<AnswersDocument> =>
  JSON.parse(await must(['start', '--once', '--json', ...args(dataDir, input, profile)])) as AnswersDocument;

describe('a landed file is withdrawn, and read anew', () => {
  const dataDir = newFolder('withdraw');
  const query: Query = async (sql) => (await queryServed(endpointOf(dataDir), runOf(dataDir).names!, sql)).rows;
  let onlyMonday: Record<string, string[]>;
  let both: Record<string, string[]>;
  /** A folder that holds one file: what is compared with, and later withdrawn from. */
  const monday = newFolder('withdraw-monday');

  beforeAll(async () => {
    await once(monday, MONDAY, profileOf(RIGHT));
    onlyMonday = await tablesOf(monday);
    const tuesday = newFolder('withdraw-both');
    await once(tuesday, MONDAY, profileOf(RIGHT));
    await once(tuesday, TUESDAY, profileOf(RIGHT));
    both = await tablesOf(tuesday);
  });

  it('a mended profile read over the same file replaces the earlier reading', async () => {
    await once(dataDir, MONDAY, profileOf(WRONG));
    const before = await once(dataDir, TUESDAY, profileOf(WRONG));
    expect(before.load).toEqual({ read: 10, applied: 7, superseded: 1, duplicate: 2, withdrawn: 0 });
    const after = await once(dataDir, TUESDAY, profileOf(RIGHT));
    // Received and accepted once, by the reading that stands.
    expect(after.ingest).toEqual({ received: 5, accepted: 5, quarantined: 0, unmapped: 0, held: 0 });
    expect(after.load).toMatchObject({ read: 16, withdrawn: 6 });
    expect(await tablesOf(dataDir)).toEqual(both);
    await must(['check', '--data', dataDir]);
  });

  it('withdrawn, its events go but those that another file says; undone, they are there again', async () => {
    const { process } = await serve(args(dataDir, TUESDAY, profileOf(RIGHT)));
    try {
      const { s3 } = clientsFor(endpointOf(dataDir), runOf(dataDir).names!.region);
      const { Versions } = await s3.send(
        new ListObjectVersionsCommand({ Bucket: runOf(dataDir).names!.buckets.landing }),
      );
      s3.destroy();
      expect(Versions!.map((v) => v.Key).sort()).toEqual(['ward/monday.csv', 'ward/tuesday.csv']);
      const { object, state } = JSON.parse(await must(['withdraw', 'ward/tuesday.csv', '--json', '--data', dataDir])) as Record<string, string>; // prettier-ignore
      expect(state).toBe('withdrawn');
      expect(await contentsOf(query)).toEqual(onlyMonday);
      expect(await query('SELECT sum(withdrawn) FROM ops.conservation')).toEqual([[12]]);
      // Said again, by its id, it changes nothing.
      await must(['withdraw', object!, '--data', dataDir]);
      expect(await contentsOf(query)).toEqual(onlyMonday);
      await must(['withdraw', object!, '--undo', '--data', dataDir]);
      expect(await contentsOf(query)).toEqual(both);
      expect(await query('SELECT sum(withdrawn) FROM ops.conservation')).toEqual([[6]]);
      await must(['withdraw', 'ward/tuesday.csv', '--data', dataDir]);
      const unknown = await cli(['withdraw', 'ward/nobody.csv', '--data', dataDir]);
      expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('no such object in landing')]);
    } finally {
      await process.interrupt();
    }
    await must(['check', '--data', dataDir]);
  });

  it('stays withdrawn when the warehouse is made again from silver, and when the file is read again', async () => {
    await must(['rebuild', '--yes', '--data', dataDir]);
    expect(await tablesOf(dataDir)).toEqual(onlyMonday);
    await must(['check', '--data', dataDir]);
    const day = new Date().toISOString().slice(0, 10);
    const { process } = await serve(args(dataDir, MONDAY, profileOf(RIGHT)));
    await must(['backfill', '--from', '2020-01-01', '--to', day, '--data', dataDir]);
    expect(await contentsOf(query)).toEqual(onlyMonday);
    await process.interrupt();
  });

  it('its copy, which was not read while it stood, says the same from then on', async () => {
    const copied = newFolder('withdraw-copy');
    const copy = join(folder, 'tuesday-again.csv');
    copyFileSync(TUESDAY, copy);
    utimesSync(copy, MADE.tuesday, MADE.tuesday); // by itself it has the time at which it was copied
    await once(copied, MONDAY, profileOf(RIGHT));
    await once(copied, TUESDAY, profileOf(RIGHT));
    const { process } = await serve(args(copied, copy, profileOf(RIGHT)));
    const ask: Query = async (sql) => (await queryServed(endpointOf(copied), runOf(copied).names!, sql)).rows;
    const counts = 'SELECT sum(read), sum(withdrawn) FROM ops.conservation';
    try {
      expect(await ask(counts)).toEqual([[10, 0]]);
      await must(['withdraw', 'ward/tuesday.csv', '--data', copied]);
      expect(await ask(counts)).toEqual([[16, 6]]);
      expect(await contentsOf(ask)).toEqual(both);
      await must(['withdraw', 'ward/tuesday-again.csv', '--data', copied]);
      expect(await ask(counts)).toEqual([[16, 12]]);
      expect(await contentsOf(ask)).toEqual(onlyMonday);
    } finally {
      await process.interrupt();
    }
    await must(['check', '--data', copied]);
  });

  it('is withdrawn in the end when the process is killed in the middle', async () => {
    const again = monday;
    const { process } = await serve(args(again, TUESDAY, profileOf(RIGHT)));
    const withdrawing = cli(['withdraw', 'ward/tuesday.csv', '--data', again]);
    const { names } = runOf(again);
    const { s3 } = clientsFor(endpointOf(again), names!.region);
    await process.until('the decision', async () => {
      const { Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket: names!.buckets.control, Prefix: 'withdrawals/' })).catch(() => ({ Versions: undefined })); // prettier-ignore
      return Versions?.length ? true : undefined;
    });
    s3.destroy();
    await process.kill();
    const { code, stdout, stderr } = await withdrawing;
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^carelake: .+\n {2}where: /m);
    expect(stderr).not.toMatch(/\n\s+at /);
    const next = await serve(args(again, TUESDAY, profileOf(RIGHT)));
    await must(['withdraw', 'ward/tuesday.csv', '--data', again]);
    await next.process.interrupt();
    expect(await tablesOf(again)).toEqual(onlyMonday);
    await must(['check', '--data', again]);
  });
});
