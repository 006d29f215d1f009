import { parquetReadObjects } from 'hyparquet';

/** Rows of an object of the lake. */
export const rowsOfObject = (body: Uint8Array): Promise<Record<string, unknown>[]> =>
  parquetReadObjects({ file: new Uint8Array(body).buffer });
