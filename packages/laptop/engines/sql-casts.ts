import { bound, once } from './sql-once';
import { DialectError, quoteText } from './sql-tokens';
import { isGroup, type Node, textOf, tokenOf, upperOf, wordsAt } from './sql-tree';

/** A type as a statement writes it. */
export interface SqlType {
  /** Redshift's own name, as it names a column without a name: `int4`, `varchar`, … */
  readonly name: string;
  /** As the local engine takes it. */
  readonly local: string;
  /** Bytes of a varchar or char; absent: as many as the value has. */
  readonly bytes?: number;
}

const NAMES: Readonly<Record<string, string>> = {
  SMALLINT: 'int2', INT2: 'int2', INTEGER: 'int4', INT: 'int4', INT4: 'int4', BIGINT: 'int8', INT8: 'int8',
  DECIMAL: 'numeric', NUMERIC: 'numeric', DEC: 'numeric', REAL: 'float4', FLOAT4: 'float4', FLOAT: 'float8', FLOAT8: 'float8', DOUBLE: 'float8',
  BOOLEAN: 'bool', BOOL: 'bool', VARCHAR: 'varchar', NVARCHAR: 'varchar', TEXT: 'varchar', CHAR: 'bpchar', CHARACTER: 'bpchar', NCHAR: 'bpchar', BPCHAR: 'bpchar',
  DATE: 'date', TIME: 'time', TIMETZ: 'timetz', TIMESTAMP: 'timestamp', TIMESTAMPTZ: 'timestamptz', INTERVAL: 'interval',
}; // prettier-ignore
const LOCAL: Readonly<Record<string, string>> = {
  int2: 'SMALLINT', int4: 'INTEGER', int8: 'BIGINT', float4: 'REAL', float8: 'DOUBLE', bool: 'BOOLEAN', varchar: 'VARCHAR', bpchar: 'VARCHAR',
  date: 'DATE', time: 'TIME', timetz: 'TIMETZ', timestamp: 'TIMESTAMP', timestamptz: 'TIMESTAMPTZ', interval: 'INTERVAL',
}; // prettier-ignore
const MAX_BYTES: Readonly<Record<string, number>> = { varchar: 65_535, bpchar: 4096 };

/**
 * Reads a type.
 * @returns it and the place behind it
 * @throws DialectError for what is none
 */
export function readType(nodes: readonly Node[], at: number): { type: SqlType; next: number } {
  const word = upperOf(nodes[at]);
  let name = Object.hasOwn(NAMES, word) ? NAMES[word] : undefined;
  if (name === undefined)
    throw new DialectError(
      `the type ${tokenOf(nodes[at])?.text.toLowerCase() ?? 'after the cast'} is not one that both engines have; write one of: ${Object.keys(LOCAL).join(', ')}, numeric(p, s)`,
    );
  let next = at + 1;
  if (word === 'DOUBLE') {
    if (!wordsAt(nodes, next, 'PRECISION')) throw new DialectError('DOUBLE is not a type; write double precision');
    next++;
  }
  if (name === 'bpchar' && wordsAt(nodes, next, 'VARYING')) [name, next] = ['varchar', next + 1];
  const group = nodes[next];
  const sizes = isGroup(group) ? group.nodes.filter((n) => upperOf(n) !== ',').map((n) => tokenOf(n)?.text ?? '') : [];
  if (isGroup(group)) next++;
  if (wordsAt(nodes, next, 'WITHOUT', 'TIME', 'ZONE')) next += 3;
  else if (wordsAt(nodes, next, 'WITH', 'TIME', 'ZONE'))
    [name, next] = [name === 'time' ? 'timetz' : 'timestamptz', next + 3];
  return { type: sized(name, sizes), next };
}

/** Quotients of decimals have at least four digits behind the point in Redshift, whatever they are made of. */
export const isFewDigits = ({ name, local }: SqlType): boolean =>
  name === 'numeric' && Number(/(\d+)\)$/.exec(local)?.[1]) <= 4;

function sized(name: string, sizes: readonly string[]): SqlType {
  if (name === 'numeric') {
    // Without a scale it has none: half of what is cast so comes out rounded.
    const [precision = '18', scale = '0'] = sizes;
    return { name, local: `DECIMAL(${precision}, ${scale})` };
  }
  const local = LOCAL[name]!;
  const most = MAX_BYTES[name];
  if (most === undefined) return { name, local };
  const [size] = sizes;
  if (size === undefined) return { name, local, bytes: name === 'bpchar' ? 1 : undefined };
  const bytes = size.toUpperCase() === 'MAX' ? most : Number(size);
  if (!(bytes >= 1 && bytes <= most)) throw new DialectError(`${name} holds 1 to ${most} bytes`);
  return { name, local, bytes };
}

/** Sentences that statements are made to fail with; they are Redshift's, and the only ones that an error may pass on as they are. */
export const RAISED = {
  zero: 'Divide by zero',
  long: 'Value too long for character type',
  digit: 'Invalid digit, Type: Integer',
  substring: 'negative substring length not allowed',
  length: 'negative length; write 0 or more',
  position: 'field position must be greater than zero; write 1 or greater',
  condition:
    'Redshift has no sum, min or max of booleans; write CASE WHEN x THEN 1 ELSE 0 END, bool_and(x) or bool_or(x)',
  quotient:
    'a quotient of decimals has other digits in Redshift; write one of its operands as CAST(x AS double precision)',
  middle:
    'a median of decimals may be rounded differently in Redshift; write its argument as CAST(x AS double precision)',
} as const;

/** An expression that fails with one of the sentences. `column` says where. */
export const raise = (sentence: keyof typeof RAISED, column?: string): string =>
  `error(${quoteText(`redshift: ${RAISED[sentence]}${column === undefined ? '' : `: column ${column}`}`)})`;

const ofText = (node: readonly Node[]): string | undefined => (node.length === 1 ? textOf(node[0]) : undefined);

/**
 * A cast as Redshift does it: a text is cut to the bytes of a varchar, and is no integer unless all of it are digits.
 * @param nodes what is cast, for literals are decided here
 * @param text the same for the local engine
 */
export function cast(nodes: readonly Node[], text: string, type: SqlType): string {
  const literal = ofText(nodes);
  if (type.bytes !== undefined) return cutTo(nodes, literal, text, type);
  if (/^int/.test(type.name)) return asInteger(nodes, literal, text, type);
  if (type.name === 'varchar') return asText(nodes, text);
  return `CAST(${text} AS ${type.local})`;
}

function cutTo(
  nodes: readonly Node[],
  literal: string | undefined,
  text: string,
  { bytes = 0, name }: SqlType,
): string {
  if (literal !== undefined) return `CAST(${quoteText(cutText(literal, bytes, name))} AS VARCHAR)`;
  const cut = (value: string): string =>
    once((v) => `CASE WHEN strlen(${v}) > ${bytes} THEN ${firstBytes(v, bytes)} ELSE ${v} END`, value);
  if (/^NULL$/i.test(text)) return `CAST(${text} AS VARCHAR)`;
  return asText(nodes, text, (value) => cut(name === 'bpchar' ? `rtrim(${value}, ' ')` : value));
}

const OF_TEXTS = /^(LEFT|RIGHT|LOWER|UPPER|INITCAP|TRIM|LTRIM|RTRIM|BTRIM|LPAD|RPAD|REPLACE|REVERSE|REPEAT|TRANSLATE|SUBSTRING|SUBSTR|SPLIT_PART|CONCAT|TO_CHAR|LISTAGG|MD5|CHR|REGEXP_SUBSTR|REGEXP_REPLACE)$/; // prettier-ignore

/** True where no double can be meant, as the words say. */
function isNoDouble(nodes: readonly Node[]): boolean {
  const [first, second] = nodes;
  if (nodes.length === 1 && isGroup(first)) return isNoDouble(first.nodes);
  if (nodes.length === 1) return ['string', 'number', 'parameter'].includes(tokenOf(first)?.kind ?? '');
  if (nodes.some((n) => upperOf(n) === '||')) return true;
  const colons = nodes.findLastIndex((n) => upperOf(n) === '::');
  if (colons >= 0) return !/^float/.test(NAMES[upperOf(nodes[colons + 1])] ?? 'float');
  if (nodes.length !== 2 || !isGroup(second)) return false;
  const as = second.nodes.findLastIndex((n) => upperOf(n) === 'AS');
  const isCast = upperOf(first) === 'CAST' && !/^float/.test(NAMES[upperOf(second.nodes[as + 1])] ?? 'float');
  return isCast || OF_TEXTS.test(upperOf(first));
}

/** A value as text: a double has fifteen digits there, and a whole one no point. @param use what is made of the text */
export function asText(nodes: readonly Node[], text: string, use = (written: string): string => written): string {
  if (isNoDouble(nodes) || /^NULL$/i.test(text)) return use(`CAST(${text} AS VARCHAR)`);
  const digits = (v: string, n: number): string => use(`printf('%.${n}g', CAST(CAST(${v} AS VARCHAR) AS DOUBLE))`);
  return once(
    (v) =>
      `CASE typeof(${v}) WHEN 'DOUBLE' THEN ${digits(v, 15)} WHEN 'FLOAT' THEN ${digits(v, 6)} ELSE ${use(`CAST(${v} AS VARCHAR)`)} END`,
    text,
  );
}

/** The letters that fit. Those of several bytes, which are rare, are counted one by one. */
function firstBytes(value: string, bytes: number): string {
  const fits = (v: string): string =>
    `left(${v}, list_max(list_filter(range(0, ${bytes} + 1), lambda letters: strlen(left(${v}, letters)) <= ${bytes})))`;
  return `CASE WHEN strlen(${value}) = length(${value}) THEN left(${value}, ${bytes}) ELSE ${bound(fits, value)} END`;
}

function cutText(text: string, bytes: number, name: string): string {
  let cut = name === 'bpchar' ? text.replace(/ +$/, '') : text;
  if (Buffer.byteLength(cut) > bytes) {
    const letters = [...cut];
    cut = '';
    for (let i = 0, used = 0; (used += Buffer.byteLength(letters[i]!)) <= bytes; i++) cut += letters[i];
  }
  return cut;
}

const DIGITS = /^\s*[+-]?\d+\s*$/;
/** Functions whose result is a number, so that no text can come into a cast of theirs. */
const OF_NUMBERS = /^(FLOOR|CEIL|CEILING|ROUND|TRUNC|ABS|SIGN|MOD|SQRT|POWER|EXTRACT|DATE_PART|DATEDIFF|COUNT|SUM|AVG|LEN|LENGTH|STRPOS|POSITION|ROW_NUMBER|RANK)$/; // prettier-ignore

function asInteger(nodes: readonly Node[], literal: string | undefined, text: string, type: SqlType): string {
  const whole = (value: string): string => `CAST(${value} AS ${type.local})`;
  if (literal !== undefined) {
    if (!DIGITS.test(literal)) throw new DialectError(RAISED.digit);
    return whole(text);
  }
  const [first, second] = nodes;
  const numeric =
    tokenOf(first)?.kind === 'number' ||
    (nodes.length === 2 && isGroup(second) && OF_NUMBERS.test(upperOf(first))) ||
    nodes.some((n) => ['+', '-', '*', '/', '%'].includes(upperOf(n)));
  if (numeric || /^NULL$/i.test(text)) return whole(text);
  // What is no text is decided when the statement is read, and costs nothing where it runs.
  return once(
    (v) =>
      `CASE WHEN typeof(${v}) = 'VARCHAR' AND NOT regexp_full_match(CAST(${v} AS VARCHAR), '\\s*[+-]?[0-9]+\\s*') THEN ${raise('digit')} ELSE ${whole(v)} END`,
    text,
  );
}
