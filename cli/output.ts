import { styleText } from 'node:util';

/** Without a terminal a step that lasts tells so often where it stands. */
const PLAIN_EVERY_MS = 10_000;

/**
 * Everything that is no result goes to stderr: steps, progress, errors. Stdout holds results alone, so that `--json` can
 * be piped. Colours and the rewriting of a line need a terminal; a pipe gets one plain line per finished step, and
 * one in a while of a step that lasts.
 */
export class Progress {
  private readonly tty = process.stderr.isTTY === true && process.env.NO_COLOR === undefined;
  private open = false;
  private lastPaint = this.tty ? -Infinity : performance.now();

  constructor(private readonly quiet = false) {}

  /** Runs one step and tells how long it took. The step may report where it stands through `tell`. */
  async step<T>(
    title: string,
    run: (tell: (detail: string) => void) => Promise<T>,
    done?: (result: T) => string,
  ): Promise<T> {
    const started = Date.now();
    this.paint(`… ${title}`);
    const result = await run((detail) => this.paint(`… ${title}: ${detail}`));
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    this.line(`${this.tty ? styleText('green', '✓') : '-'} ${title}${done ? `: ${done(result)}` : ''} (${seconds} s)`);
    return result;
  }

  /** A line of its own. */
  line(text = ''): void {
    if (this.quiet) return;
    process.stderr.write(`${this.open ? '\r\u001b[2K' : ''}${text}\n`);
    this.open = false;
  }

  private paint(text: string): void {
    if (this.quiet || performance.now() - this.lastPaint < (this.tty ? 80 : PLAIN_EVERY_MS)) return;
    this.lastPaint = performance.now();
    if (!this.tty) return void process.stderr.write(`${text}\n`);
    process.stderr.write(`\r\u001b[2K${text.slice(0, (process.stderr.columns ?? 100) - 1)}`);
    this.open = true;
  }
}

/** The one place that writes results. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Rows with whole numbers of any size as text, which JSON cannot tell otherwise. */
export const textOf = (rows: readonly (readonly unknown[])[]): unknown[][] =>
  rows.map((row) => row.map((cell) => (typeof cell === 'bigint' ? String(cell) : cell)));

export const count = (n: number): string => n.toLocaleString('en-US');

export const percent = (value: number | null): string => (value === null ? '-' : `${(value * 100).toFixed(1)} %`);

/** A number as people read it: a whole one as it is, others with four decimal places, or four significant digits below 1. */
export function shown(cell: unknown): unknown {
  if (typeof cell !== 'number' || Number.isInteger(cell) || !Number.isFinite(cell)) return cell;
  return Number(Math.abs(cell) < 1 ? cell.toPrecision(4) : cell.toFixed(4));
}

/** Comma-separated values, exact; a missing value is empty, and an empty text is quoted. */
export function csv(columns: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const field = (cell: unknown): string => {
    if (cell === null || cell === undefined) return '';
    const text = String(cell);
    return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows].map((row) => row.map(field).join(',')).join('\n');
}

/** Rows one below the other, a line for each column. */
export function records(columns: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const longest = Math.max(0, ...columns.map(width));
  return rows
    .map((row, i) =>
      [
        `-[ row ${i + 1} ]${'-'.repeat(Math.max(0, longest - 4))}`,
        ...columns.map((name, k) =>
          `${name}${' '.repeat(longest - width(name))}  ${row[k] === null ? '' : String(row[k])}`.trimEnd(),
        ),
      ].join('\n'),
    )
    .join('\n');
}

/** A plain table: numbers to the right, texts to the left, two blanks between. */
export function table(columns: string[], rows: unknown[][]): string {
  const texts = rows.map((row) => row.map((cell) => (cell === null || cell === undefined ? '' : String(cell))));
  const numeric = columns.map(
    (_, i) => rows.length > 0 && rows.every((row) => row[i] === null || typeof row[i] === 'number'),
  );
  // Without a spread: a call takes only so many arguments.
  const widths = columns.map((name, i) => texts.reduce((most, row) => Math.max(most, width(row[i]!)), width(name)));
  const line = (cells: string[]) =>
    cells
      .map((cell, i) => {
        const gap = ' '.repeat(widths[i]! - width(cell));
        return numeric[i] ? gap + cell : cell + gap;
      })
      .join('  ')
      .trimEnd();
  return [line(columns), line(widths.map((w) => '-'.repeat(w))), ...texts.map(line)].join('\n');
}

/** Columns of text on a terminal: combining marks take none, wide East Asian signs and emoji two. */
function width(text: string): number {
  let total = 0;
  for (const sign of text.normalize('NFC'))
    total += /\p{M}/u.test(sign)
      ? 0
      : /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uff00-\uff60]/u.test(sign)
        ? 2
        : 1;
  return total;
}
