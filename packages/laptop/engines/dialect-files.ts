import { DialectError, type Token } from './sql-tokens';

const FILE_LIKE = /[/\\*?]|\.(parquet|csv|tsv|json|jsonl|ndjson|xlsx|arrow|db|duckdb|txt|gz|zst)\b/i;
const BEFORE_TABLES = new Set(['FROM', 'JOIN', 'USING', 'INTO', 'TABLE', 'UPDATE']);

/**
 * A text as the local engine can only take it for a value. Where it expects a table it opens the file that a text names, and which places
 * these are its grammar alone knows; in parentheses a text is a value everywhere, and a syntax error where a table belongs.
 */
export const asValue = ({ text }: Token): string => `(${text})`;

/**
 * Refuses names of files: quoted names that look like one wherever they are, and texts where a table is named in plain sight, which
 * `asValue` would leave to the engine's own words.
 * @throws DialectError
 */
export function refuseFiles(tokens: readonly Token[]): void {
  tokens.forEach((token, i) => {
    const before = tokens[i - 1];
    if (token.kind === 'quoted' && FILE_LIKE.test(token.text) && before?.upper !== 'AS')
      throw new DialectError('a quoted name looks like a file: only COPY reads files');
    if (token.kind === 'string' && before?.kind === 'word' && BEFORE_TABLES.has(before.upper) && !inTrim(tokens, i))
      throw new DialectError('a text in place of a table name: only COPY reads files');
    if (token.kind === 'word' && token.upper === 'FROM' && before?.text === '(')
      throw new DialectError('a query begins with SELECT; write SELECT * FROM …');
  });
}

/** TRIM('x' FROM 'y') and the like: FROM parts their arguments. */
function inTrim(tokens: readonly Token[], i: number): boolean {
  let depth = 0;
  for (let at = i - 1; at > 0; at--) {
    const { text } = tokens[at] as Token;
    if (text === ')') depth++;
    if (text === '(' && depth-- === 0)
      return ['TRIM', 'EXTRACT', 'SUBSTRING', 'POSITION'].includes(tokens[at - 1]?.upper ?? '');
  }
  return false;
}
