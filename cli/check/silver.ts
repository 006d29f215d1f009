import { relative } from 'node:path';
import type { S3Store } from '@carelake/laptop/endpoints/s3-types';
import { keyOfPath } from '@carelake/laptop/endpoints/s3-keys';
import { isLoadable, parseSilverKey } from '../../core/lake/names';
import type { LoadObject } from '../../core/load/plan';
import { filesUnder, withEngine } from '../lake-files';
import { dirname } from 'node:path';

/** Objects of silver that a load can take, with the rows that their footers state. */
export async function silverObjects(s3: S3Store, bucket: string): Promise<LoadObject[]> {
  const folder = dirname(s3.pathOf(bucket, 'x'));
  if (filesUnder(folder, '.parquet').next().done) return [];
  const files = `${folder}/**/*.parquet`;
  const rows = await withEngine((query) => query(`SELECT file_name, num_rows FROM parquet_file_metadata($files)`, { files }));
  return rows.flatMap((row) => {
    const object = keyOfPath(relative(folder, String(row.file_name)));
    if (!isLoadable(object)) return [];
    const { entity, version } = parseSilverKey(object)!;
    return { object, entity, version, rows: Number(row.num_rows), bytes: s3.head(bucket, object)!.size };
  });
} // prettier-ignore
