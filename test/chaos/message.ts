/** What a message tells to do. */
export type Way = 'start' | 'rebuild' | 'remove' | 'backfill' | 'replay-failed' | 'send again';

export interface Heeded {
  readonly way: Way;
  /** The file to remove. */
  readonly file?: string;
}

const WAYS: [RegExp, Way][] = [
  [/\brebuild\b/, 'rebuild'],
  [/^remove (this file|it)\b/, 'remove'],
  [/\bbackfill\b/, 'backfill'],
  [/\breplay-failed\b/, 'replay-failed'],
  [/\bsend (them|it|what)\b.*\bagain\b/, 'send again'],
  [/\bstart\b/, 'start'],
];

/**
 * Reads how a command that failed says to go on.
 * @throws Error where its message is none: no place, no next step, a stack, or a way that nobody can follow
 */
export function heed(stderr: string, code: number | null = 1): Heeded {
  const refuse = (why: string): never => {
    throw new Error(`${why} (exit code ${code}):\n${stderr.slice(-3000)}`);
  };
  // What was told of work in the background has no next step; the failure of the command comes last.
  const told = stderr.split(/^(?=carelake: )/m).filter((part) => part.startsWith('carelake: '));
  const message =
    told.findLast((part) => /^ +next: /m.test(part)) ?? told.at(-1) ?? refuse('it failed without a message');
  if (/\n\s+at \S/.test(message)) refuse('a stack in place of a message');
  const where = /^ {2}where: (.+)$/m.exec(message)?.[1];
  if (where === undefined) refuse('the message names no place');
  const steps = [...message.matchAll(/^ +next: +(.+)$/gm)].map((match) => match[1]!);
  if (steps.length === 0) refuse('the message names no next step');
  // Where several things are told, each has its step; the one that mends most comes first in the list above.
  const found = WAYS.find(([pattern]) => steps.some((step) => pattern.test(step)));
  return found ? { way: found[1], file: where } : refuse('nobody can follow the next step');
}
