import {
  bronzeKey,
  parseSilverKey,
  quarantineKey,
  receiptKey,
  receiptSubject,
  silverKey,
  silverPrefix,
  streamSource,
} from '../../core/lake/names';
import { fileEventId, landingHash } from '../../core/records/hash';

const stream = {
  stream: 'events',
  shardId: 'shardId-000000000003',
  firstSequence: '496',
  lastSequence: '499',
  arrivalMs: Date.UTC(2026, 0, 2, 9, 59, 59),
};
const file = {
  reading: '0123456789abcdef-p89abcdef',
  firstRow: 1,
  lastRow: 50_000,
  arrivalMs: Date.UTC(2026, 0, 2, 10),
};

describe('names of objects', () => {
  it('follow from where the records were received', () => {
    expect(bronzeKey(stream)).toBe('stream=events/arrival=2026-01-02T09/shardId-000000000003/496-499-c1.parquet');
    expect(silverKey('patient', 1, stream)).toBe(
      'patient/v1/arrival=2026-01-02T09/shardId-000000000003-496-499.parquet',
    );
    expect(silverKey('patient', 1, file)).toBe(
      'patient/v1/arrival=2026-01-02T10/file-0123456789abcdef-p89abcdef-000000000001-000000050000.parquet',
    );
    expect(quarantineKey(stream)).toBe('arrival=2026-01-02T09/shardId-000000000003-496-499.parquet');
    expect(quarantineKey(file)).toBe(
      'arrival=2026-01-02T10/file-0123456789abcdef-p89abcdef-000000000001-000000050000.parquet',
    );
    expect(streamSource('events', 'shardId-000000000003')).toBe('events/shardId-000000000003');
    expect(silverPrefix('clinic', 1, '2026-01-02T09')).toBe('clinic/v1/arrival=2026-01-02T09/');
  });

  it('can be read back', () => {
    expect(parseSilverKey(silverKey('patient', 1, stream))).toEqual({
      entity: 'patient',
      version: 1,
      arrivalHour: '2026-01-02T09',
      stem: 'shardId-000000000003-496-499',
    });
    expect(receiptSubject(receiptKey('patient/v1/x.parquet'))).toBe('patient/v1/x.parquet');
    expect(receiptSubject('loads/x.json')).toBeUndefined();
  });

  it.each([
    'patient/v0/arrival=2026-01-02T09/x.parquet',
    'pet/v1/arrival=2026-01-02T09/x.parquet',
    'constructor/v1/arrival=2026-01-02T09/x.parquet',
    'patient/v1/x.parquet',
    'patient/v1/arrival=2026-01-02T09/x.csv',
    'patient/v1/arrival=2026-01-02T09/a/b.parquet',
  ])('%s is no silver object', (key) => expect(parseSilverKey(key)).toBeUndefined());
});

describe('identifiers of file rows', () => {
  const statement = {
    sourceSystem: 's',
    entity: 'patient',
    naturalKey: ['P1'],
    effectiveAt: 1,
    recordedAt: 2,
    payloadHash: -5n,
  };

  it('are the same for the same row and differ when anything of it differs', () => {
    const id = fileEventId(statement);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(fileEventId({ ...statement })).toBe(id);
    const others = [
      { sourceSystem: 't' },
      { entity: 'clinic' },
      { naturalKey: ['P2'] },
      { effectiveAt: 2 },
      { recordedAt: 3 },
      { payloadHash: 5n },
    ];
    expect(new Set([id, ...others.map((o) => fileEventId({ ...statement, ...o }))]).size).toBe(7);
  });

  it('name the version of the landing object', () => {
    expect(landingHash('b', 'k', 'v1')).toMatch(/^[0-9a-f]{16}$/);
    expect(landingHash('b', 'k', 'v1')).not.toBe(landingHash('b', 'k', 'v2'));
  });
});
