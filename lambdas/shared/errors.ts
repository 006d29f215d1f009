/**
 * An error that may be shown: its code names what went wrong, its detail holds only names that this platform gives
 * (names of lake objects, environment variables, states), never a value of a record, a text of another system, or the
 * name of a landing object, which is its sender's and may be a person's: `keyId` stands for it.
 */
export class SafeError extends Error {
  constructor(
    readonly code: string,
    readonly detail: string,
  ) {
    super(`${code}: ${detail}`);
    this.name = 'SafeError';
  }
}

/** The same of what no later try can change: state machines make none. */
export class LastingError extends SafeError {
  constructor(code: string, detail: string) {
    super(code, detail);
    this.name = 'LastingError';
  }
}

/** What may be told of any error. Foreign messages are left out: they quote what they could not read or store. */
export interface ShownError {
  name: string;
  code?: string;
  detail?: string;
  status?: number;
  /** Action that a service refused for want of a grant, e.g. `s3:PutObject`. */
  denied?: string;
  requestId?: string;
  frames: string[];
  cause?: ShownError;
}

interface ServiceError extends Error {
  $metadata?: { httpStatusCode?: number; requestId?: string };
}

/** A word such as `AccessDenied` or `TypeError`; anything else in the place of a name is left out. */
const WORD = /^[A-Za-z][A-Za-z0-9_.]{0,63}$/;
const FRAME = /^\s+at [^\n]*$/;

/** Code places of a stack. It begins with the message, which may have any lines itself, so that is cut off as a whole. */
function framesOf({ stack = '', message }: Error): string[] {
  const at = stack.indexOf(message);
  if (at < 0) return [];
  return stack
    .slice(at + message.length)
    .split('\n')
    .filter((line) => FRAME.test(line))
    .slice(0, 8)
    .map((line) => line.trim());
}

/** The action in the service's sentence about a missing grant; nothing else of the sentence is told. */
const DENIED = /\bnot authorized to perform:? ([a-z][a-z0-9-]{1,40}:[A-Z][A-Za-z0-9]{1,63})\b/;

/** Name, status and code places of an error, without its message. */
export function showError(error: unknown): ShownError {
  if (!(error instanceof Error)) return { name: typeof error, frames: [] };
  const service = error as ServiceError;
  return {
    name: WORD.test(error.name) ? error.name : 'Error',
    ...(error instanceof SafeError ? { code: error.code, detail: error.detail } : {}),
    status: service.$metadata?.httpStatusCode,
    ...(service.$metadata ? { denied: DENIED.exec(error.message)?.[1] } : {}),
    requestId: service.$metadata?.requestId,
    frames: framesOf(error),
    ...(error.cause instanceof Error ? { cause: showError(error.cause) } : {}),
  };
}

/** The value of an environment variable that the template sets. @throws SafeError that names it if it is not set */
export function environment(name: string): string {
  const value = process.env[name];
  if (!value) throw new SafeError('CONFIG', `environment variable ${name} is not set`);
  return value;
}
