/**
 * What describes a Bulk Data export that lies in a folder: the manifest that the server answered, or the log that a client wrote (SMART Bulk
 * Data Client). Both say as of when the server exported, and what went wrong.
 */

export interface Export {
  /** As of when the server exported, ms since 1970. */
  readonly transactionMs: number | undefined;
  /** Names of the files that it consists of; undefined where it does not say. */
  readonly names: readonly string[] | undefined;
  /** How many errors the server or the client reports. */
  readonly errors: number;
}

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const timeOf = (text: unknown): number | undefined => {
  const ms = typeof text === 'string' ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? undefined : ms;
};

/** Reads a manifest; undefined for any other JSON. */
export function manifestOf(text: string): Export | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value) || value.resourceType !== undefined || !Array.isArray(value.output)) return undefined;
  const list = (member: unknown): Json[] => (Array.isArray(member) ? member.filter(isObject) : []);
  return {
    transactionMs: timeOf(value.transactionTime),
    names: [...list(value.output), ...list(value.deleted)].map(({ url }) => nameIn(String(url))),
    errors: list(value.error).length,
  };
}

/** The last part of a URL's path. */
const nameIn = (url: string): string => decodeURIComponent(url.replace(/[?#].*$/, '').replace(/^.*\//, ''));

/** Reads a log of a client; undefined for any other text. Names in it are the server's, and not those of the files. */
export function logOf(text: string): Export | undefined {
  const events = text.split('\n').flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return isObject(value) && typeof value.eventId === 'string' ? [value] : [];
    } catch {
      return [];
    }
  });
  if (events.length === 0) return undefined;
  const times = events.flatMap(({ eventDetail }) =>
    isObject(eventDetail) ? (timeOf(eventDetail.transactionTime) ?? []) : [],
  );
  return {
    transactionMs: times[0],
    names: undefined,
    errors: events.filter(({ eventId }) => /_error$/.test(String(eventId))).length,
  };
}
