import { runnable } from './hints';

/** Exit codes of every command; `carelake --help` lists them. */
export const EXIT = {
  /** It worked. */
  ok: 0,
  /** The run itself failed: a refused query, a load that did not finish, counts that do not add up. */
  failed: 1,
  /** It was asked wrongly: an option, a missing file, a profile that does not fit, no consent to real data. */
  usage: 2,
  /** Somebody else holds the port or the data folder. */
  busy: 3,
  /** Ctrl-C before the answers. */
  interrupted: 130,
  /** It ran, and most of what came in was rejected, or a snapshot was held back by its brake. */
  rejected: 4,
} as const;

/** A failure that the user can act on: what is wrong, where, by which rule, and the command to try next. */
export class CliError extends Error {
  constructor(
    message: string,
    readonly details: { where?: string; rule?: string; next?: string; exitCode?: number; lines?: string[] } = {},
  ) {
    super(message);
    this.name = 'CliError';
  }

  get exitCode(): number {
    return this.details.exitCode ?? EXIT.usage;
  }

  /** The whole message as the console shows it. */
  render(): string {
    const { where, rule, next, lines = [] } = this.details;
    return [
      `carelake: ${this.message}`,
      ...lines.map((line) => `  ${line}`),
      ...(where === undefined ? [] : [`  where: ${where}`]),
      ...(rule === undefined ? [] : [`  rule:  ${rule}`]),
      ...(next === undefined ? [] : [`  next:  ${runnable(next)}`]),
    ].join('\n');
  }
}
