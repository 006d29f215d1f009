import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { redactedNames } from '../../contracts/derive';
import { LastingError, SafeError, showError } from './errors';

const REDACTED: ReadonlySet<string> = redactedNames();

/** What the log of a function can do; the one of Powertools fits. */
export interface Log {
  info(message: string, extra: Record<string, unknown>): void;
  warn(message: string, extra: Record<string, unknown>): void;
  error(message: string, extra: Record<string, unknown>): void;
}

/** What a log shows in place of anything that may hold a value of a record. */
export function redact(key: string, value: unknown): unknown {
  if (REDACTED.has(key)) return '[redacted]';
  if (value instanceof Error) return showError(value);
  if (
    value instanceof Uint8Array ||
    (typeof value === 'object' && value !== null && (value as { type?: unknown }).type === 'Buffer')
  )
    return '[bytes]';
  return typeof value === 'bigint' ? value.toString() : value;
}

/**
 * Structured logger of a function. Members named like PHI fields are redacted, and of errors only name, code, status
 * and code places are printed.
 */
export function makeLogger(): Logger {
  return new Logger({ jsonReplacerFn: redact });
}

/**
 * Tells of records or rows at which the code threw: how many, and where the first one did; never what it said.
 * @param place the batch or object that they are of
 */
export function tellThrown(log: Log, thrown: readonly unknown[], place: Record<string, unknown>): void {
  if (thrown.length === 0) return;
  log.error('the code threw at records, which are quarantined as SYS-THROWN', {
    records: thrown.length,
    first: showError(thrown[0]),
    ...place,
  });
}

/**
 * Wraps a handler so that nothing of an error but what may be shown reaches the log: the runtime itself prints the
 * message and stack of whatever a handler throws.
 */
export function guarded<E, R>(
  logger: Logger,
  handle: (event: E, context: Context) => Promise<R>,
): (event: E, context: Context) => Promise<R> {
  return async (event, context) => {
    logger.addContext(context);
    try {
      return await handle(event, context);
    } catch (error) {
      const shown = showError(error);
      logger.error('invocation failed', { failure: shown });
      const safe =
        error instanceof LastingError
          ? new LastingError(error.code, error.detail)
          : error instanceof SafeError
            ? new SafeError(error.code, error.detail)
            : new SafeError('FAULT', shown.name);
      safe.stack = `${safe.name}: ${safe.message}`;
      throw safe;
    }
  };
}
