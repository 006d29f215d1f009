import { withAges } from './ages';

/**
 * The file of measures of a fact (`sql/measures/<fact>.sql`): up to five SELECTs, each below a comment `-- <section>: …`.
 * - values: `expression AS name`, not stored
 * - measures: `CAST(expression AS type) AS name -- meaning, unit`, or `e.member AS name` for a member under another name
 * - attributes: `role.attribute`, `role.attribute AS name`, or `CAST(expression AS type) AS name -- meaning`
 * - flags: `CAST(expression AS smallint) AS dq_xyz_01 -- meaning`: where it is 1 the fact is flagged DQ-XYZ-01, by itself and its members
 * - one big table: `f.column`, `f.column AS name`, or `CAST(expression AS type) AS name -- meaning`
 *
 * In an expression `AGE(role, f.day)` and `AGE_BAND(role, f.day)` stand for the completed years of a member, and their band.
 */
export interface Item {
  /** The name behind AS, or that of the column. */
  readonly name: string;
  readonly isNamed: boolean;
  /** The expression without its name. */
  readonly sql: string;
  /** From the CAST; absent for a plain column. */
  readonly type?: string;
  /** `alias.column` of a plain column. */
  readonly alias?: string;
  readonly column?: string;
  /** The comment behind it. */
  readonly doc?: string;
}

export interface Measures {
  readonly values: readonly Item[];
  readonly measures: readonly Item[];
  readonly attributes: readonly Item[];
  readonly flags: readonly Item[];
  /** Absent where the file lists none: then it is all that is stored. */
  readonly obt?: readonly Item[];
}

/** A file of measures that cannot be read. Its message names file and line. */
export class MeasureError extends Error {
  override readonly name = 'MeasureError';
}

const SECTIONS = {
  values: 'values',
  measures: 'measures',
  attributes: 'attributes',
  flags: 'flags',
  'one big table': 'obt',
} as const;
const HEADING = /^-- (values|measures|attributes|flags|one big table): /;
const COLUMN = /^(\w+)\.(\w+)$/;
const TYPE = /^CAST\(.*\sAS ([a-z][a-z ]*(?:\(\d+(?:, ?\d+)?\))?)\)$/s;

/** Code and comment of a line; no text of these files holds two dashes. */
const cut = (line: string): [string, string] => {
  const at = line.indexOf('--');
  return at < 0 ? [line.trim(), ''] : [line.slice(0, at).trim(), line.slice(at + 2).trim()];
};

const depth = (code: string): number => (code.match(/\(/g)?.length ?? 0) - (code.match(/\)/g)?.length ?? 0);

/** Parts of an expression that stand in no parenthesis. */
function outermost(sql: string): string {
  let level = 0;
  return [...sql].filter((c) => (c === '(' ? level++ : c === ')' ? --level : level) === 0).join('');
}

/** Whether an expression itself contains an AS: two items have been merged into one. */
const isNamedInside = (sql: string): boolean => /\sAS\s/.test(outermost(sql));
/** The type of an expression that is one CAST as a whole. */
const typeOf = (sql: string): string | undefined => (outermost(sql) === 'CAST()' ? TYPE.exec(sql)?.[1] : undefined);

function item(where: string, code: string, doc: string): Item {
  const text = code.replace(/,$/, '');
  const [, sql = text, given] = /^(.*)\sAS (\w+)$/s.exec(text) ?? [];
  if (isNamedInside(sql)) throw new MeasureError(`${where}: a comma is missing before this line`);
  const [, alias, column] = COLUMN.exec(sql) ?? [];
  const name = given ?? column;
  if (name === undefined) throw new MeasureError(`${where}: "${text}" has no name`);
  return {
    name,
    isNamed: given !== undefined,
    sql: withAges(sql),
    type: typeOf(sql),
    alias,
    column,
    ...(doc ? { doc } : {}),
  };
}

/** @throws MeasureError for a line outside the form, or a stored expression without type or meaning */
export function parseMeasures(file: string, text: string): Measures {
  const found: Partial<Record<keyof Measures, Item[]>> = {};
  let section: keyof typeof found | undefined;
  let list: Item[] | undefined;
  let code = '';
  for (const [i, line] of text.split('\n').entries()) {
    const where = `${file}, line ${i + 1}`;
    const heading = HEADING.exec(line);
    if (heading) section = SECTIONS[heading[1] as keyof typeof SECTIONS];
    const [part, comment] = cut(line);
    if (part === '') continue;
    if (list === undefined) {
      if (part !== 'SELECT' || section === undefined)
        throw new MeasureError(`${where}: a section must be a heading and a SELECT`);
      if (found[section]) throw new MeasureError(`${where}: the section occurs twice`);
      list = found[section] = [];
    } else if (/^FROM (event e|fact f);$/.test(part) && code === '') {
      list = section = undefined;
    } else {
      code = code ? `${code}\n    ${part}` : part;
      // The last item has no comma: it ends where the next line is FROM.
      const next = cut(text.split('\n')[i + 1] ?? '')[0];
      if (depth(code) !== 0 || !(part.endsWith(',') || next.startsWith('FROM '))) continue;
      const one = item(where, code, comment);
      if (section !== 'values' && !one.column && !(one.type && one.doc))
        throw new MeasureError(
          `${where}: ${one.name} must be CAST(expression AS type) AS name with a comment that explains it`,
        );
      list.push(one);
      code = '';
    }
  }
  if (list !== undefined || code !== '')
    throw new MeasureError(`${file}: the last section has no FROM event e; or FROM fact f;`);
  return {
    values: found.values ?? [],
    measures: found.measures ?? [],
    attributes: found.attributes ?? [],
    flags: found.flags ?? [],
    obt: found.obt,
  };
}

/** A fact without a file of its own. */
export const NO_MEASURES: Measures = { values: [], measures: [], attributes: [], flags: [] };
