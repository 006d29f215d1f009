import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * A runner for checks that jest cannot host (they drive other people's tools for minutes). It runs the checks in order,
 * prints one line each and writes a JUnit report, so that the closing count of `.ci/run` comes from a report.
 */
export class CheckSuite {
  private readonly results: { name: string; seconds: number; error?: string }[] = [];

  /** @param say where the lines go that people read */
  constructor(
    private readonly name: string,
    private readonly say: (line: string) => void = console.log,
  ) {}

  /** Runs one check; a failure is recorded and, unless `stopOnFailure` is false, rethrown because later checks build on it. */
  async check(name: string, run: () => Promise<void> | void, options: { stopOnFailure?: boolean } = {}): Promise<void> {
    const started = Date.now();
    try {
      await run();
      this.results.push({ name, seconds: (Date.now() - started) / 1000 });
      this.say(`  ok    ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
    } catch (error) {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.results.push({ name, seconds: (Date.now() - started) / 1000, error: message });
      this.say(`  FAIL  ${name}\n${message.replace(/^/gm, '        ')}`);
      if (options.stopOnFailure ?? true) throw error;
    }
  }

  /** Writes `reports/<name>.xml` and returns the process exit code: 0 only when at least one check ran and none failed. */
  finish(): number {
    const failed = this.results.filter((result) => result.error !== undefined).length;
    const file = join('reports', `${this.name}.xml`);
    mkdirSync(dirname(file), { recursive: true });
    const cases = this.results.map(
      (result) =>
        `  <testcase classname="${xml(this.name)}" name="${xml(result.name)}" time="${result.seconds.toFixed(3)}">` +
        (result.error === undefined ? '' : `<failure>${xml(result.error)}</failure>`) +
        '</testcase>',
    );
    writeFileSync(
      file,
      `<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name="${xml(this.name)}" tests="${this.results.length}" failures="${failed}">\n${cases.join('\n')}\n</testsuite>\n`,
    );
    this.say(`${this.name}: ${this.results.length - failed} passed, ${failed} failed`);
    return this.results.length > 0 && failed === 0 ? 0 : 1;
  }
}

function xml(text: string): string {
  // Control characters are not legal in XML 1.0 even when escaped; tools' colour codes bring them in.
  return text
    .replace(/[\u0000-\u0008\u000b-\u001f]/g, '')
    .replace(/[<>&"]/g, (c) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' })[c]!);
}
