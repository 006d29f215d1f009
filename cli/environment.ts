import type { Names, Served } from './folder';
import { quoted } from './hints';

/** The exports that point any AWS client at the laptop, and the names it will want. */
export function environmentOf({ url, page, credentials }: Served, names: Names): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: names.region,
    AWS_DEFAULT_REGION: names.region,
    // A proxy of the company's would be asked for a machine that only this one knows.
    NO_PROXY: withLoopback(process.env.NO_PROXY ?? process.env.no_proxy),
    no_proxy: withLoopback(process.env.no_proxy ?? process.env.NO_PROXY),
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

const LOOPBACK = ['127.0.0.1', 'localhost'];

/** Hosts that no proxy is asked for, this machine among them. */
function withLoopback(hosts = ''): string {
  const named = hosts.split(',').filter(Boolean);
  return named.includes('*') ? hosts : [...named, ...LOOPBACK.filter((host) => !named.includes(host))].join(',');
}

/** Settings of an earlier session that would win over the exports, or stop a client before it reads them. */
const STALE = ['AWS_PROFILE', 'AWS_DEFAULT_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_SECURITY_TOKEN'];

/** The exports as a shell reads them. */
export function exportsText(variables: Record<string, string>): string {
  const exports = Object.entries(variables)
    .map(([name, value]) => `export ${name}=${quoted(value)}`)
    .join('\n');
  return `unset ${STALE.join(' ')}\n${exports}`;
}
