import type { Names } from './folder';

/** The laptop's administrator: what `carelake env` prints for any AWS client. */
export const LAPTOP_CREDENTIALS = { accessKeyId: 'carelake', secretAccessKey: 'carelake' };

/** The exports that point any AWS client at the laptop, and the names it will want. */
export function environmentOf(url: string, names: Names): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: LAPTOP_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: LAPTOP_CREDENTIALS.secretAccessKey,
    AWS_REGION: names.region,
    AWS_DEFAULT_REGION: names.region,
    CARELAKE_STREAM: names.stream,
    ...Object.fromEntries(
      Object.entries(names.buckets).map(([zone, bucket]) => [`CARELAKE_${zone.toUpperCase()}_BUCKET`, bucket]),
    ),
    CARELAKE_WORKGROUP: names.workgroup,
    CARELAKE_DATABASE: names.database,
    CARELAKE_LOAD_MACHINE: names.loadMachine,
  };
}

export function exportsText(variables: Record<string, string>): string {
  return Object.entries(variables)
    .map(
      ([name, value]) => `export ${name}=${/^[\w./:@-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`}`,
    )
    .join('\n');
}
