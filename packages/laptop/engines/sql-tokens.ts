/** A piece of SQL. Words keep their spelling; compare them by `upper`. */
export interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'parameter' | 'symbol';
  readonly text: string;
  readonly upper: string;
  /** What a string says, its escapes resolved. */
  readonly value?: string;
  readonly start: number;
  readonly end: number;
}

/** SQL that the platform's warehouse does not take; the message says which construct and why. */
export class DialectError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DialectError';
  }
}

const PATTERN =
  /\s+|--[^\n]*|\/\*[\s\S]*?\*\/|(?<string>'(?:[^'\\]|''|\\[\s\S])*')|(?<quoted>"(?:[^"]|"")*")|(?<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|(?<word>[A-Za-z_\u0080-\uffff#][A-Za-z0-9_$\u0080-\uffff#]*)|(?<parameter>:[A-Za-z_][A-Za-z0-9_]*)|(?<symbol>::|<=|>=|<>|!=|\|\||[-+*/%()=<>,.;])/y;

/**
 * Splits one statement into tokens, without comments and white space.
 * @throws DialectError for characters that Redshift SQL does not have (`[`, `{`, `$`, …) and for unclosed quotes.
 */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  PATTERN.lastIndex = 0;
  while (PATTERN.lastIndex < sql.length) {
    const start = PATTERN.lastIndex;
    const match = PATTERN.exec(sql);
    if (!match) throw unknownSign(sql, start);
    const groups = match.groups ?? {};
    const kind = (['string', 'quoted', 'number', 'word', 'parameter', 'symbol'] as const).find(
      (k) => groups[k] !== undefined,
    );
    if (kind) tokens.push(tokenOf(kind, match[0], start));
  }
  while (tokens.at(-1)?.text === ';') tokens.pop();
  if (tokens.some((t) => t.text === ';'))
    throw new DialectError('only one statement at a time: there is a semicolon in the middle');
  if (tokens.length === 0) throw new DialectError('the statement is empty');
  return tokens;
}

/** Signs of other dialects, and what to write for them. */
const INSTEAD: Readonly<Record<string, string>> = {
  '[': 'one row per value: SELECT 1 UNION ALL SELECT 2',
  '{': 'one column per member',
  '~': "regexp_count(text, 'pattern') > 0",
  '^': 'power(a, b)',
  $: 'a parameter as :name',
  '`': 'a name in double quotes',
  '?': 'a parameter as :name',
};

function unknownSign(sql: string, at: number): DialectError {
  const sign = sql[at] ?? '';
  const instead = Object.hasOwn(INSTEAD, sign) ? `; write ${INSTEAD[sign]}` : '';
  return new DialectError(
    `the character ${JSON.stringify(sign)} at offset ${at} has no meaning here (or a quote is left open)${instead}`,
  );
}

/** Cuts a text at the semicolons that end its statements; comments and blanks alone are none. */
export function splitStatements(text: string): string[] {
  const found: string[] = [];
  let [from, holds] = [0, false];
  const end = (at: number): void => {
    if (holds) found.push(text.slice(from, at).trim());
    [from, holds] = [at + 1, false];
  };
  PATTERN.lastIndex = 0;
  for (let at = 0; at < text.length; at = PATTERN.lastIndex) {
    const match = PATTERN.exec(text);
    // What cannot be read is left to the one who reads the statement, and says where it is.
    if (!match) return [...found, text.slice(from).trim()];
    if (match[0] === ';') end(at);
    else if (match.groups && Object.values(match.groups).some((g) => g !== undefined)) holds = true;
  }
  end(text.length);
  return found;
}

function tokenOf(kind: Token['kind'], written: string, start: number): Token {
  const end = start + written.length;
  if (kind !== 'string') return { kind, text: written, upper: written.toUpperCase(), start, end };
  const value = unescape(written.slice(1, -1));
  return { kind, text: quoteText(value), upper: '', value, start, end };
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\', "'": "'", n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };

/** Redshift reads a backslash in a text as the beginning of an escape. */
function unescape(written: string): string {
  return written.replace(/''|\\([\s\S])/g, (_, sign?: string) => {
    if (sign === undefined) return "'";
    const meant = ESCAPES[sign];
    if (meant === undefined)
      throw new DialectError(
        'a backslash in a text starts an escape in Redshift, and this one has no meaning; write \\\\ for a backslash',
      );
    return meant;
  });
}

/** A cursor over tokens for the few statements that are parsed by hand. */
export class Cursor {
  constructor(
    readonly tokens: readonly Token[],
    public at = 0,
  ) {}

  get done(): boolean {
    return this.at >= this.tokens.length;
  }

  peek(ahead = 0): Token | undefined {
    return this.tokens[this.at + ahead];
  }

  /** Takes the words when all of them come next. */
  take(...words: string[]): boolean {
    if (!words.every((w, i) => this.tokens[this.at + i]?.upper === w)) return false;
    this.at += words.length;
    return true;
  }

  /** @throws DialectError when something else comes next. */
  expect(...words: string[]): void {
    if (!this.take(...words)) throw this.unexpected(words.join(' '));
  }

  string(what: string): string {
    const token = this.tokens[this.at++];
    if (token?.kind !== 'string') throw this.unexpected(what, -1);
    return token.value ?? '';
  }

  /** A name of up to two parts, in lower case as Redshift folds it. */
  name(): Name {
    const first = this.part();
    if (!this.take('.')) return { name: first };
    return { schema: first, name: this.part() };
  }

  part(): string {
    const token = this.tokens[this.at++];
    if (token?.kind === 'word' || token?.kind === 'quoted') return plainName(token);
    throw this.unexpected('a name', -1);
  }

  /** Moves behind the parenthesis that closes the one that comes next. @returns the tokens in between. */
  parenthesized(): Token[] {
    this.expect('(');
    const start = this.at;
    for (let depth = 1; this.at < this.tokens.length; this.at++) {
      const { text } = this.tokens[this.at] as Token;
      if (text === '(') depth++;
      else if (text === ')' && --depth === 0) return this.tokens.slice(start, this.at++);
    }
    throw new DialectError('a parenthesis is not closed');
  }

  unexpected(wanted: string, offset = 0): DialectError {
    const found = this.tokens[this.at + offset];
    return new DialectError(
      `expected ${wanted}, found ${found ? (found.kind === 'string' ? 'a text' : found.text) : 'the end'}`,
    );
  }
}

/** What a word or a quoted name names, in lower case as Redshift folds it. */
export const plainName = ({ kind, text }: Token): string =>
  (kind === 'quoted' ? text.slice(1, -1).replaceAll('""', '"') : text).toLowerCase();

export interface Name {
  readonly schema?: string;
  readonly name: string;
}

/** A name as DuckDB takes it. */
export const quoteName = ({ schema, name }: Name): string =>
  [schema, name].flatMap((p) => (p === undefined ? [] : [`"${p.replaceAll('"', '""')}"`])).join('.');
/** A text as a literal. */
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;
/** `schema.name` for messages and comparisons; the schema of unqualified names is left out. */
export const spell = ({ schema, name }: Name): string => (schema === undefined ? name : `${schema}.${name}`);
