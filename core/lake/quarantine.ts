import { parquetReadObjects } from 'hyparquet';

/** Whether a quarantine object holds a record that ended the process which read it. */
export async function holdsKilled(bytes: Uint8Array): Promise<boolean> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const rows = await parquetReadObjects({ file, columns: ['rule_ids'] });
  return rows.some(({ rule_ids }) => rule_ids === 'SYS-KILLED');
}
