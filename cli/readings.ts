import { join, relative } from 'node:path';
import { readState } from '@carelake/laptop/endpoints/files';
import { CHUNK_RECEIPTS, readingOfReceipt } from '../core/files/readings';
import { type Decisions, decisionsOf, decisionsPrefix, isReplaced } from '../core/files/withdrawals';
import { filesUnder } from './lake-files';

/** What was decided about landed objects and their readings. @param control folder of the zone */
export const folderDecisions = (control: string): Decisions =>
  decisionsOf(
    [...filesUnder(join(control, decisionsPrefix()), '')].map((path) => relative(control, path).replaceAll('\\', '/')),
  );

/** The reading that an object of silver or quarantine is of, by its name: as SQL of the local engine; empty for those of the stream. */
export const readingSql = (name: string): string =>
  `regexp_extract(${name}, '^file-([0-9a-f]{16}-p[0-9a-f]{8}(t[0-9a-f]{8})?)-', 1)`;

/** What a reading made of its rows. */
export interface ReadingRows {
  received: number;
  accepted: number;
  quarantined: number;
  /** Records of kinds that nothing in the profile reads, by kind. */
  unmapped: Record<string, number>;
  /** What ingest noted of rows that it accepted all the same, by rule. */
  notes: Record<string, number>;
}

/** Rows of all finished chunks by reading, without those that another reading took the place of. A chunk that was read twice leaves one receipt. @throws DamagedState */
export function readingRows(control: string): Map<string, ReadingRows> {
  const decisions = folderDecisions(control);
  const rows = new Map<string, ReadingRows>();
  for (const file of filesUnder(join(control, CHUNK_RECEIPTS), '.json')) {
    const reading = readingOfReceipt(file);
    if (reading === undefined || isReplaced(decisions, reading)) continue;
    const of = rows.get(reading) ?? { received: 0, accepted: 0, quarantined: 0, unmapped: {}, notes: {} };
    const chunk = readState<Partial<ReadingRows>>(file, {
      what: 'the receipt of a chunk of a file that was read',
      mend: 'remove it and start again: the file is read again from landing, which changes nothing in the tables',
    });
    for (const name of ['received', 'accepted', 'quarantined'] as const) of[name] += chunk?.[name] ?? 0;
    for (const kind of ['unmapped', 'notes'] as const)
      for (const [name, n] of Object.entries(chunk?.[kind] ?? {})) of[kind][name] = (of[kind][name] ?? 0) + n;
    rows.set(reading, of);
  }
  return rows;
}

/** Records of a reading of kinds that nothing in its profile reads. */
export const unmappedOf = ({ unmapped }: Pick<ReadingRows, 'unmapped'>): number =>
  Object.values(unmapped).reduce((sum, n) => sum + n, 0);
