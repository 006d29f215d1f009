import type { Names, Served } from './folder';

/** The exports that point any AWS client at the laptop, and the names it will want. */
export function environmentOf({ url, page, credentials }: Served, names: Names): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: names.region,
    AWS_DEFAULT_REGION: names.region,
    CARELAKE_PAGE: page,
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
