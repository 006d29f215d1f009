import { readFileSync } from 'node:fs';
import { parquetMetadata } from 'hyparquet';
import { deserializeTCompactProtocol } from 'hyparquet/src/thrift.js';
import { costOfRun, placesOf } from '../../ops/verify/account';
import { probeParquet } from '../../ops/verify/copy-probes';
import { observe, PROBES, type Probe } from '../../ops/verify/probes';
import { compare, markdown } from '../../ops/verify/report';
import type { SqlOutcome, Target } from '../../ops/verify/target';

const places = { stream: 's', silver: 'b', quarantine: 'q', control: 'c', workgroup: 'w', database: 'd' };
const target = (name: Target['name'], answer: (statements: string[]) => SqlOutcome): Target => ({
  name,
  places,
  sql: async (statements) => answer(statements),
  submit: async () => undefined,
  put: async () => [],
  list: async () => [],
  get: async () => Buffer.alloc(0),
  write: async () => {},
  remove: async () => {},
});
const some = (...ids: string[]): Probe[] => PROBES.filter((probe) => ids.includes(probe.id));

describe('verify', () => {
  test('a probe compares by value, and an engine that writes numbers otherwise is not a difference', async () => {
    const probes = some('sql-integer-division', 'sql-rate');
    const good = await observe(
      target('laptop', ([sql]) => ({ ok: true, rows: sql!.includes('7 / 2') ? [['3']] : [['0.2500', null]] })),
      probes,
    );
    expect(Object.values(good).map((seen) => seen.outcome)).toEqual(['as expected', 'as expected']);
    const bad = await observe(
      target('account', () => ({ ok: true, rows: [['3.5']] })),
      probes,
    );
    expect(bad['sql-integer-division']).toEqual({ outcome: 'differs', expected: '[["3"]]', seen: '[["3.5"]]' });
  });

  test('a guard that does not raise is a difference', async () => {
    const seen = await observe(
      target('account', () => ({ ok: true, rows: [] })),
      some('sql-guard'),
    );
    expect(seen['sql-guard']).toMatchObject({ outcome: 'differs', expected: 'error' });
  });

  test('a right that the caller has too much is a difference, and only the first statement counts', async () => {
    const probes = some('grants-drop');
    expect(
      (
        await observe(
          target('account', () => ({ ok: false, failedAt: 0 })),
          probes,
        )
      )['grants-drop']!.outcome,
    ).toBe('as expected');
    expect(
      (
        await observe(
          target('account', () => ({ ok: false, failedAt: 1 })),
          probes,
        )
      )['grants-drop'],
    ).toMatchObject({ outcome: 'differs', seen: 'allowed' });
  });

  test('what a service says in an error never reaches the report', async () => {
    const leaky = target('account', () => {
      throw Object.assign(new Error('arn:aws:redshift-serverless:us-east-1:123456789012:workgroup/x'), {
        name: 'AccessDeniedException',
      });
    });
    const account = await observe(leaky, some('sql-lead'));
    expect(account['sql-lead']).toEqual({ outcome: 'could not run', expected: '', seen: 'AccessDeniedException' });
    const report = compare('dev', some('sql-lead'), undefined, account);
    expect(JSON.stringify(report) + markdown(report)).not.toContain('123456789012');
  });

  test('the report lists as differences what disagrees or came out otherwise', () => {
    const fine = { outcome: 'as expected' as const, expected: 'a', seen: 'a' };
    const other = { outcome: 'differs' as const, expected: 'a', seen: 'b' };
    const probes = some('sql-lead', 'sql-bigint', 'sql-trailing-blanks');
    const report = compare(
      'dev',
      probes,
      { 'sql-lead': fine, 'sql-bigint': fine, 'sql-trailing-blanks': fine },
      { 'sql-lead': fine, 'sql-bigint': other, 'sql-trailing-blanks': other },
    );
    expect(report.differences).toEqual(['sql-trailing-blanks', 'sql-bigint']);
    expect(markdown(report)).toContain('2 of 3 probes differ between the laptop and the account.');
    expect(markdown(report)).toContain("- sql-trailing-blanks: Redshift's notes say");
  });

  test('one place alone is no comparison, and the report says so', () => {
    const fine = { outcome: 'as expected' as const, expected: 'a', seen: 'a' };
    const other = { outcome: 'differs' as const, expected: 'a', seen: 'b' };
    const probes = some('sql-lead', 'sql-trailing-blanks');
    const seen = { 'sql-lead': fine, 'sql-trailing-blanks': other };
    expect(markdown(compare('laptop', probes, seen))).toContain(
      'Nothing was compared: only the laptop was asked. 1 of 2 probes came out there as Redshift is documented.',
    );
    expect(markdown(compare('dev', probes, undefined, seen))).toContain(
      'Nothing was compared: only the account was asked (environment dev).',
    );
  });

  test('what the documentation leaves open is asked first', () => {
    expect(PROBES.slice(0, 11).map((probe) => probe.id)).toEqual([
      'copy-types',
      'copy-pages-v2',
      'copy-times',
      'copy-decimal',
      'copy-dictionary',
      'copy-too-long',
      'sql-epoch-2038',
      'sql-epoch-fraction',
      'sql-trailing-blanks',
      'role-by-tag',
      'token-reuse',
    ]);
  });

  test('a token that runs a statement twice, or takes another one, is a difference', async () => {
    const ids = (...answers: (string | undefined)[]): Target => ({
      ...target('account', () => ({ ok: true, rows: [] })),
      submit: async () => answers.shift(),
    });
    const outcome = async (...answers: (string | undefined)[]) =>
      (await observe(ids(...answers), some('token-reuse')))['token-reuse']!;
    expect(await outcome('1', '1', undefined)).toMatchObject({ outcome: 'as expected' });
    expect(await outcome('1', '2', undefined)).toMatchObject({ seen: '["another statement","refused"]' });
    expect(await outcome('1', '1', '1')).toMatchObject({ seen: '["same statement","the first statement"]' });
    expect(await outcome('1', '1', '3')).toMatchObject({ seen: '["same statement","run as well"]' });
  });

  test('the probe of pages of version 2 has them, and silver has pages of version 1', () => {
    const pageType = (file: Uint8Array): unknown => {
      const buffer = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer;
      const chunk = parquetMetadata(buffer).row_groups[0]!.columns[3]!.meta_data!;
      const view = new DataView(buffer, Number(chunk.data_page_offset));
      return deserializeTCompactProtocol({ view, offset: 0 }).field_1;
    };
    const [v1, v2] = [0, 3];
    expect(pageType(probeParquet())).toBe(v1);
    expect(pageType(readFileSync('ops/verify/pages-v2.parquet'))).toBe(v2);
  });

  test('probe ids are unique, and the probe file is Parquet', () => {
    expect(new Set(PROBES.map((probe) => probe.id)).size).toBe(PROBES.length);
    expect(Buffer.from(probeParquet().subarray(0, 4)).toString()).toBe('PAR1');
  });

  test('places come from the outputs, and what is missing is named', () => {
    const outputs = {
      StreamName: 's',
      SilverBucketName: 'b',
      QuarantineBucketName: 'q',
      ControlBucketName: 'c',
      WorkgroupName: 'w',
      DatabaseName: 'd',
    };
    expect(placesOf(outputs)).toEqual(places);
    expect(() => placesOf({ ...outputs, StreamName: '' })).toThrow('stack outputs are missing: StreamName');
  });

  test('the price of a run: five minutes awake at 4 RPU and a cent', () => {
    expect(costOfRun(4, 0.375)).toBe(0.14);
  });
});
