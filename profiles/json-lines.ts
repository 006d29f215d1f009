/** A JSON text with the line of every value, so that a message about a profile can name the line it speaks of. */
export interface LocatedJson {
  value: unknown;
  /** JSON pointer → 1-based line on which the value (for a member: its name) starts. */
  lines: Map<string, number>;
}

/** Thrown for text that is no JSON, or JSON that names a member twice (the second would win in silence). */
export class JsonSyntaxError extends Error {
  constructor(
    message: string,
    readonly line: number,
    readonly pointer: string,
  ) {
    super(message);
  }
}

/** Escapes one member name for a JSON pointer (RFC 6901). */
export const escapePointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

/**
 * Parses strict JSON and notes the line of each value.
 * @throws JsonSyntaxError with line and pointer; the message holds nothing of the text but single characters.
 */
export function parseLocated(text: string): LocatedJson {
  const scanner = new Scanner(text.startsWith('\uFEFF') ? text.slice(1) : text);
  const value = scanner.document();
  return { value, lines: scanner.lines };
}

/** The line of a pointer, or of its nearest parent that occurs in the text. */
export function lineOf(lines: ReadonlyMap<string, number>, pointer: string): number {
  for (let p = pointer; ; p = p.slice(0, p.lastIndexOf('/'))) {
    const line = lines.get(p);
    if (line !== undefined) return line;
    if (p === '') return 1;
  }
}

class Scanner {
  readonly lines = new Map<string, number>();
  private at = 0;
  private line = 1;

  constructor(private readonly text: string) {}

  document(): unknown {
    this.space();
    const value = this.value('');
    this.space();
    if (this.at < this.text.length) this.fail('text after the end of the JSON value', '');
    return value;
  }

  private fail(message: string, pointer: string): never {
    throw new JsonSyntaxError(message, this.line, pointer);
  }

  private space(): void {
    for (; ; this.at++) {
      const c = this.text[this.at];
      if (c === '\n') this.line++;
      else if (c !== ' ' && c !== '\t' && c !== '\r') return;
    }
  }

  private value(pointer: string): unknown {
    if (!this.lines.has(pointer)) this.lines.set(pointer, this.line);
    const c = this.text[this.at];
    if (c === '{') return this.object(pointer);
    if (c === '[') return this.array(pointer);
    if (c === '"') return this.string(pointer);
    const word = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/.exec(
      this.text.slice(this.at, this.at + 400),
    );
    if (!word)
      return this.fail(
        c === undefined ? 'the text ends in the middle of a value' : `a value cannot start with ${c}`,
        pointer,
      );
    this.at += word[0].length;
    return JSON.parse(word[0]);
  }

  private string(pointer: string): string {
    const literal = /"(?:[^"\\\u0000-\u001f]|\\.)*"/y;
    literal.lastIndex = this.at;
    const found = literal.exec(this.text);
    if (!found) return this.fail('a string is not closed on its line', pointer);
    this.at += found[0].length;
    try {
      return JSON.parse(found[0]) as string;
    } catch {
      return this.fail('a string holds an unknown escape', pointer);
    }
  }

  private object(pointer: string): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    this.at++;
    this.space();
    if (this.text[this.at] === '}') return (this.at++, result);
    for (;;) {
      if (this.text[this.at] !== '"') this.fail('expected a member name in quotes', pointer);
      const line = this.line;
      const name = this.string(pointer);
      const child = `${pointer}/${escapePointer(name)}`;
      if (Object.hasOwn(result, name)) this.fail('the member occurs twice', child);
      this.lines.set(child, line);
      this.space();
      if (this.text[this.at] !== ':') this.fail('expected : after a member name', child);
      this.at++;
      this.space();
      Object.defineProperty(result, name, {
        value: this.value(child),
        enumerable: true,
        writable: true,
        configurable: true,
      });
      if (!this.more('}', pointer)) return result;
    }
  }

  private array(pointer: string): unknown[] {
    const result: unknown[] = [];
    this.at++;
    this.space();
    if (this.text[this.at] === ']') return (this.at++, result);
    for (;;) {
      result.push(this.value(`${pointer}/${result.length}`));
      if (!this.more(']', pointer)) return result;
    }
  }

  /** After a member: true if another one follows, false at the closing mark. */
  private more(close: string, pointer: string): boolean {
    this.space();
    const c = this.text[this.at];
    if (c !== ',' && c !== close) this.fail(`expected , or ${close}`, pointer);
    this.at++;
    if (c === close) return false;
    this.space();
    return true;
  }
}
