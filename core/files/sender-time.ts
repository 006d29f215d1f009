import { isAhead } from '../records/conform';
import { parseInstant } from '../records/time';

/** The name under which tools keep a file's own time on an object (rclone, s3fs and others): seconds since 1970, with a fraction. */
export const MTIME = 'mtime';

/**
 * The time that the sender put on the object, in microseconds since 1970; undefined where there is none that can be believed.
 * @param landedMs when it landed: a clock that runs ahead would place the file above all that come after it
 */
export function senderTime(
  metadata: Readonly<Record<string, string>> | undefined,
  landedMs: number,
): number | undefined {
  const text = metadata?.[MTIME]?.trim() ?? '';
  const seconds = /^(\d{1,11})(?:\.(\d{1,9}))?$/.exec(text);
  const micros = seconds
    ? Number(seconds[1]) * 1_000_000 + Number((seconds[2] ?? '').slice(0, 6).padEnd(6, '0'))
    : parseInstant(text)?.micros;
  return micros === undefined || isAhead(micros, landedMs * 1000) ? undefined : micros;
}
