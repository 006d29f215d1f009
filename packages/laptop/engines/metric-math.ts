/** A value of metric math: a number, or a number or nothing for each period, the newest first. */
export type Series = readonly (number | undefined)[];
type Value = number | Series | readonly Series[];

/** A read expression; `names` are the ids it refers to. */
export interface Expression {
  readonly names: readonly string[];
  /** @param periods how many periods the result has. */
  evaluate(series: Readonly<Record<string, Series>>, periods: number): Series;
}

type Node = (scope: Readonly<Record<string, Series>>, periods: number) => Value;
type Refuse = (what: string) => never;

const TOKEN = /\s*(?:(\d+(?:\.\d+)?)|([A-Za-z_]\w*)|(&&|\|\||==|!=|<=|>=|[-+*/<>(),[\]]))/y;

const COMPARE: Record<string, (a: number, b: number) => number> = {
  '==': (a, b) => Number(a === b),
  '!=': (a, b) => Number(a !== b),
  '<': (a, b) => Number(a < b),
  '<=': (a, b) => Number(a <= b),
  '>': (a, b) => Number(a > b),
  '>=': (a, b) => Number(a >= b),
};
const SUMS: Record<string, (a: number, b: number) => number> = { '+': (a, b) => a + b, '-': (a, b) => a - b };
/** A division by nothing has no value. */
const PRODUCTS: Record<string, (a: number, b: number) => number> = { '*': (a, b) => a * b, '/': (a, b) => a / b };
const AND = { '&&': (a: number, b: number) => Number(a !== 0 && b !== 0) };
const OR = { '||': (a: number, b: number) => Number(a !== 0 || b !== 0) };
/** Weakest first. */
const LEVELS = [OR, AND, COMPARE, SUMS, PRODUCTS] as Record<string, (a: number, b: number) => number>[];

const isList = (v: Value): v is readonly Series[] => Array.isArray(v) && Array.isArray(v[0]);
const asSeries = (v: Value, periods: number): Series =>
  typeof v === 'number' ? Array.from({ length: periods }, () => v) : (v as Series);
const finite = (n: number): number | undefined => (Number.isFinite(n) ? n : undefined);

function combine(operate: (a: number, b: number) => number): (a: Value, b: Value, periods: number) => Value {
  return (a, b, periods) => {
    if (typeof a === 'number' && typeof b === 'number') return operate(a, b);
    const [left, right] = [asSeries(a, periods), asSeries(b, periods)];
    return left.map((x, i) => (x === undefined || right[i] === undefined ? undefined : finite(operate(x, right[i]))));
  };
}

/** FILL: a number, or REPEAT for the last value before the gap. */
function fill(series: Series, by: number | 'REPEAT'): Series {
  if (by !== 'REPEAT') return series.map((v) => v ?? by);
  // The newest stands first: what came before lies behind.
  return series.map((v, i) => v ?? series.slice(i + 1).find((older) => older !== undefined));
}

/** RUNNING_SUM: of each period and all before it, beginning with the oldest that is read. A gap stays one. */
function runningSum(series: Series): Series {
  let total = 0;
  return series
    .toReversed()
    .map((v) => (v === undefined ? undefined : (total += v)))
    .toReversed();
}

/** MAX, MIN and SUM of several metrics: period by period, over those that have a value. */
function across(lists: readonly Series[], periods: number, of: (values: number[]) => number): Series {
  return Array.from({ length: periods }, (_, i) => {
    const values = lists.flatMap((s) => s[i] ?? []);
    return values.length ? of(values) : undefined;
  });
}

const ACROSS: Record<string, (values: number[]) => number> = {
  SUM: (values) => values.reduce((a, b) => a + b, 0),
  MAX: (values) => Math.max(...values),
  MIN: (values) => Math.min(...values),
};

/** Reads one expression. @throws Error through `refuse` for what the laptop does not evaluate. */
export function parseExpression(text: string, refuse: Refuse): Expression {
  const names = new Set<string>();
  const result = new Parser(tokensOf(text, refuse), names, refuse).whole();
  return { names: [...names], evaluate: (series, periods) => asSeries(result(series, periods), periods) };
}

function tokensOf(text: string, refuse: Refuse): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(text);
    if (!token) return refuse(`cannot read "${text.slice(at)}"`);
    tokens.push(token[0].trim());
  }
  return tokens.map((t) => (t === 'AND' ? '&&' : t === 'OR' ? '||' : t));
}

class Parser {
  private at = 0;

  constructor(
    private readonly tokens: readonly string[],
    private readonly names: Set<string>,
    private readonly refuse: Refuse,
  ) {}

  whole(): Node {
    const node = this.level(0);
    return this.at < this.tokens.length ? this.refuse(`cannot continue reading at "${this.tokens[this.at]}"`) : node;
  }

  private take(expected?: string): string {
    const token = this.tokens[this.at++];
    if (token === undefined || (expected !== undefined && token !== expected))
      return this.refuse(`expects ${expected ?? 'more'} but has ${token ?? 'its end'}`);
    return token;
  }

  private level(depth: number): Node {
    const operators = LEVELS[depth];
    if (!operators) return this.primary();
    let left = this.level(depth + 1);
    while (Object.hasOwn(operators, this.tokens[this.at] ?? '')) {
      const apply = combine(operators[this.take()]!);
      const [first, second] = [left, this.level(depth + 1)];
      left = (scope, n) => apply(first(scope, n), second(scope, n), n);
    }
    return left;
  }

  private primary(): Node {
    const token = this.take();
    if (token === '-') {
      const [negate, operand] = [combine((a, b) => a - b), this.primary()];
      return (scope, n) => negate(0, operand(scope, n), n);
    }
    if (token === '(') {
      const inner = this.level(0);
      this.take(')');
      return inner;
    }
    if (token === '[') {
      const parts = this.list(']');
      return (scope, n) => parts.map((part) => asSeries(part(scope, n), n));
    }
    if (/^\d/.test(token)) return () => Number(token);
    if (!/^\w+$/.test(token)) return this.refuse(`expects a metric, a number or a function but has ${token}`);
    if (this.tokens[this.at] === '(') return this.call(token);
    if (token === 'REPEAT') return () => NaN;
    // CloudWatch's ids begin with a small letter; what does not is a word of its language.
    if (!/^[a-z]/.test(token)) return this.refuse(`the laptop does not evaluate ${token}`);
    this.names.add(token);
    return (scope) => scope[token] ?? this.refuse(`refers to ${token}, which the alarm does not define`);
  }

  private list(end: string): Node[] {
    const nodes = [this.level(0)];
    while (this.tokens[this.at] === ',') {
      this.take();
      nodes.push(this.level(0));
    }
    this.take(end);
    return nodes;
  }

  private call(name: string): Node {
    this.take('(');
    const args = this.list(')');
    const counted = (n: number): void => {
      if (args.length !== n) this.refuse(`${name} takes ${n} arguments here`);
    };
    if (name === 'FILL') {
      counted(2);
      return (scope, n) => {
        const by = args[1]!(scope, n);
        if (typeof by !== 'number') return this.refuse('FILL takes a number or REPEAT here');
        return fill(asSeries(args[0]!(scope, n), n), Number.isNaN(by) ? 'REPEAT' : by);
      };
    }
    if (name === 'IF') {
      counted(3);
      return (scope, n) => {
        const [when, yes, no] = args.map((arg) => asSeries(arg(scope, n), n)) as [Series, Series, Series];
        return when.map((c, i) => (c === undefined ? undefined : c === 0 ? no[i] : yes[i]));
      };
    }
    if (name === 'RUNNING_SUM') {
      counted(1);
      return (scope, n) => runningSum(asSeries(args[0]!(scope, n), n));
    }
    const of = ACROSS[name] ?? this.refuse(`the laptop does not evaluate ${name}`);
    counted(1);
    return (scope, n) => {
      const value = args[0]!(scope, n);
      if (!isList(value)) return this.refuse(`${name} takes a list of metrics here, as in ${name}([m1, m2])`);
      return across(value, n, of);
    };
  }
}
