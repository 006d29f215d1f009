/**
 * SQL from templates. A template is SQL with marks, and nothing else:
 * - `{word}` is a word or a list of names (`a, b, c`); `{x.list}` is the list behind an alias (`x.a, x.b, x.c`).
 * - A line with `{item}` or `{item.part}` stands once for each member of the list `items`; `-- each ,` (or `AND`, `UNION ALL` …) at
 *   its end says what stands between them.
 * - `-- each item` (or `-- each item, UNION ALL`) to `-- end` repeats the lines between. An item that has lists of its own stands for
 *   an entity: its words and lists go before the outer ones in there.
 */
export interface Row {
  readonly [part: string]: string | readonly Row[] | Row;
}

/** A template that asks for what its lists do not have. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

const WIDTH = 132;
/** Where a long line may be broken: after a name of a list. */
const BREAK = '\u0001';
const OPEN = /^\s*-- each (\w+)(?:, (.+))?$/;
const CLOSE = /^\s*-- end$/;
const MARK = /\{(\w+)(?:\.(\w+))?\}/g;

const isList = (value: Row[string] | undefined): value is readonly Row[] => Array.isArray(value);
const isScope = (row: Row): boolean => Object.values(row).some(isList);
const isRow = (value: Row[string] | undefined): value is Row => typeof value === 'object' && !isList(value);

/** @throws TemplateError for a mark that means nothing here, an empty list between commas, a block that is not closed */
export function render(template: string, scope: Row): string {
  return expand(template.split('\n'), scope)
    .flatMap(wrapped)
    .join('\n')
    .replace(/\n\s*;/g, ';');
}

function expand(lines: readonly string[], scope: Row): string[] {
  const out: string[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const block = OPEN.exec(lines[at]);
    if (!block) {
      out.push(...repeated(lines[at], scope));
      continue;
    }
    const end = closing(lines, at);
    const [, item, joiner] = block;
    const body = lines.slice(at + 1, end);
    listOf(scope, `${item}s`).forEach((row, i) => {
      if (i > 0 && joiner) out.push(joiner);
      out.push(...expand(body, { ...scope, ...(isScope(row) ? row : {}), [item]: row }));
    });
    at = end;
  }
  return out;
}

function closing(lines: readonly string[], from: number): number {
  let depth = 0;
  for (let at = from; at < lines.length; at += 1) {
    if (OPEN.test(lines[at])) depth += 1;
    if (CLOSE.test(lines[at]) && --depth === 0) return at;
  }
  throw new TemplateError(`"${lines[from].trim()}" is not closed`);
}

function listOf(scope: Row, name: string): readonly Row[] {
  const list = scope[name];
  if (!isList(list)) throw new TemplateError(`there is no list ${name}`);
  return list;
}

function repeated(line: string, scope: Row): string[] {
  const [, text, joiner] = /^(.*?)(?:\s+-- each (\S.*))?$/.exec(line)!;
  const item = [...text.matchAll(MARK)].map((m) => m[1]).find((name) => !(name in scope) && isList(scope[`${name}s`]));
  if (item === undefined) return [filled(line, scope)];
  const rows = listOf(scope, `${item}s`);
  const indent = /^\s*/.exec(text)![0];
  return rows.map((row, i) => {
    const one = filled(text, { ...scope, [item]: row });
    if (joiner === ',') return i < rows.length - 1 ? `${one},` : one;
    return joiner && i > 0 ? `${indent}${joiner} ${one.trimStart()}` : one;
  });
}

function filled(line: string, scope: Row): string {
  return line.replace(MARK, (mark, first: string, part: string | undefined) => {
    const value = scope[first];
    if (part === undefined) {
      if (typeof value === 'string') return value;
      if (isRow(value)) return partOf(value, 'name', mark);
      return names(listOf(scope, first), '', mark);
    }
    if (isRow(value)) return partOf(value, part, mark);
    return names(listOf(scope, part), `${first}.`, mark);
  });
}

function partOf(row: Row, part: string, mark: string): string {
  const value = row[part];
  if (typeof value !== 'string') throw new TemplateError(`${mark} has no value`);
  return value;
}

function names(rows: readonly Row[], alias: string, mark: string): string {
  if (rows.length === 0) throw new TemplateError(`${mark} is an empty list`);
  return rows.map((row) => alias + partOf(row, 'name', mark)).join(`,${BREAK} `);
}

/** A long line, broken at the names of its lists. */
function wrapped(line: string): string[] {
  const plain = line.replaceAll(BREAK, '');
  if (plain.length <= WIDTH || !line.includes(BREAK)) return [plain];
  const indent = `${/^\s*/.exec(line)![0]}  `;
  const out: string[] = [];
  let current = '';
  for (const piece of line.split(`${BREAK} `)) {
    if (current && current.length + 1 + piece.length > WIDTH) {
      out.push(current);
      current = indent + piece;
    } else current = current ? `${current} ${piece}` : piece;
  }
  return [...out, current];
}
