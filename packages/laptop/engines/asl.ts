/** States language, JSONPath variant: as much of it as the platform's own state machines use. All else is refused at boot. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

/** A retrier of a state. */
export interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly MaxAttempts?: number;
  readonly BackoffRate?: number;
  readonly MaxDelaySeconds?: number;
  readonly JitterStrategy?: 'FULL' | 'NONE';
}

/** A catcher of a state. */
export interface Catcher {
  readonly ErrorEquals: readonly string[];
  readonly ResultPath?: string | null;
  readonly Next: string;
}

/** A state, as far as its type has the field. */
export interface State {
  readonly Type: 'Task' | 'Choice' | 'Wait' | 'Pass' | 'Succeed' | 'Fail';
  readonly Next?: string;
  readonly End?: boolean;
  readonly InputPath?: string | null;
  readonly OutputPath?: string | null;
  readonly ResultPath?: string | null;
  readonly Parameters?: Json;
  readonly ResultSelector?: Json;
  readonly Resource?: string;
  readonly TimeoutSeconds?: number;
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly Catcher[];
  readonly Choices?: readonly (JsonObject & { Next: string })[];
  readonly Default?: string;
  readonly Seconds?: number;
  readonly SecondsPath?: string;
  readonly Timestamp?: string;
  readonly TimestampPath?: string;
  readonly Result?: Json;
  readonly Error?: string;
  readonly Cause?: string;
}

/** A whole state machine. */
export interface Definition {
  readonly StartAt: string;
  readonly TimeoutSeconds?: number;
  readonly States: Readonly<Record<string, State>>;
}

/** An execution fails with this error name, by which retriers and catchers choose. */
export class StatesError extends Error {
  constructor(
    readonly error: string,
    override readonly cause: string,
  ) {
    super(`${error}: ${cause}`);
    this.name = 'StatesError';
  }
}

const FLOW = ['Type', 'Comment', 'InputPath', 'OutputPath'];
const FIELDS: Record<State['Type'], readonly string[]> = {
  Task: [
    ...FLOW,
    'Next',
    'End',
    'Resource',
    'Parameters',
    'ResultSelector',
    'ResultPath',
    'Retry',
    'Catch',
    'TimeoutSeconds',
  ],
  Choice: [...FLOW, 'Choices', 'Default'],
  Wait: [...FLOW, 'Next', 'End', 'Seconds', 'SecondsPath', 'Timestamp', 'TimestampPath'],
  Pass: [...FLOW, 'Next', 'End', 'Parameters', 'Result', 'ResultPath'],
  Succeed: FLOW,
  Fail: ['Type', 'Comment', 'Error', 'Cause'],
};
const RETRIER_FIELDS = [
  'ErrorEquals',
  'IntervalSeconds',
  'MaxAttempts',
  'BackoffRate',
  'MaxDelaySeconds',
  'JitterStrategy',
];
const CATCHER_FIELDS = ['ErrorEquals', 'ResultPath', 'Next'];
const PATH = /^\$\$?(\.[A-Za-z_][\w-]*|\['[^']+'\]|\[\d+\])*$/;

type Test = (value: Json | undefined, operand: Json) => boolean;
const sameKind =
  <T extends string | number>(kind: 'string' | 'number', holds: (a: T, b: T) => boolean): Test =>
  (a, b) =>
    typeof a === kind && typeof b === kind && holds(a as T, b as T);
const is =
  (holds: (value: Json | undefined) => boolean): Test =>
  (value, wanted) =>
    holds(value) === wanted;

/** Comparisons a choice may make. */
const TESTS: Record<string, Test> = {
  StringEquals: sameKind<string>('string', (a, b) => a === b),
  StringLessThan: sameKind<string>('string', (a, b) => a < b),
  StringGreaterThan: sameKind<string>('string', (a, b) => a > b),
  NumericEquals: sameKind<number>('number', (a, b) => a === b),
  NumericLessThan: sameKind<number>('number', (a, b) => a < b),
  NumericLessThanEquals: sameKind<number>('number', (a, b) => a <= b),
  NumericGreaterThan: sameKind<number>('number', (a, b) => a > b),
  NumericGreaterThanEquals: sameKind<number>('number', (a, b) => a >= b),
  BooleanEquals: (a, b) => typeof a === 'boolean' && a === b,
  IsPresent: is((v) => v !== undefined),
  IsNull: is((v) => v === null),
  IsString: is((v) => typeof v === 'string'),
  IsNumeric: is((v) => typeof v === 'number'),
  IsBoolean: is((v) => typeof v === 'boolean'),
};

/**
 * Reads and checks a definition.
 * @param name the machine, for messages. @param isFunction tells whether an ARN is a function of the platform.
 * @throws Error naming machine, state and what is not supported or not there.
 */
export function parseDefinition(name: string, text: string, isFunction: (arn: string) => boolean): Definition {
  const raw = JSON.parse(text) as Definition & Record<string, unknown>;
  const refuse = (state: string, what: string): never => {
    throw new Error(`state machine ${name}, state "${state}": ${what}`);
  };
  for (const key of Object.keys(raw))
    if (!['Comment', 'StartAt', 'States', 'TimeoutSeconds', 'Version', 'QueryLanguage'].includes(key))
      refuse('-', `the laptop does not run ${key}`);
  if ((raw.QueryLanguage ?? 'JSONPath') !== 'JSONPath')
    refuse('-', `the laptop does not run ${String(raw.QueryLanguage)}`);
  const target = (from: string, next: unknown): void => {
    if (typeof next !== 'string' || !(next in raw.States))
      refuse(from, `leads to "${String(next)}", which does not exist`);
  };
  target('-', raw.StartAt);
  for (const [id, state] of Object.entries(raw.States)) checkState(id, state, { refuse, target, isFunction });
  return raw;
}

interface Checks {
  refuse(state: string, what: string): never;
  target(from: string, next: unknown): void;
  isFunction(arn: string): boolean;
}

function checkState(id: string, state: State, { refuse, target, isFunction }: Checks): void {
  const fields = FIELDS[state.Type] ?? refuse(id, `the laptop does not run states of type ${state.Type}`);
  const only = (value: object, allowed: readonly string[]): void => {
    for (const key of Object.keys(value))
      if (!allowed.includes(key)) refuse(id, `the laptop does not run the field ${key}`);
  };
  const path = (value: unknown): void => {
    if (typeof value === 'string' && !PATH.test(value)) refuse(id, `the laptop does not read the path ${value}`);
  };
  only(state, fields);
  for (const p of [state.InputPath, state.OutputPath, state.ResultPath, state.SecondsPath, state.TimestampPath])
    path(p);
  for (const template of [state.Parameters, state.ResultSelector]) eachPath(template, path);
  if (fields.includes('Next') && state.End !== true) target(id, state.Next);
  if (state.Type === 'Task') {
    const fn = state.Resource === INVOKE ? (state.Parameters as JsonObject | undefined)?.FunctionName : state.Resource;
    if (typeof fn !== 'string' || !isFunction(fn))
      refuse(id, `calls ${String(fn ?? state.Resource)}, which is not a function of this platform`);
  }
  for (const retrier of state.Retry ?? []) only(retrier, RETRIER_FIELDS);
  for (const catcher of state.Catch ?? []) {
    only(catcher, CATCHER_FIELDS);
    path(catcher.ResultPath);
    target(id, catcher.Next);
  }
  if (state.Default !== undefined) target(id, state.Default);
  for (const choice of state.Choices ?? []) {
    target(id, choice.Next);
    const rule = Object.fromEntries(Object.entries(choice).filter(([key]) => key !== 'Next' && key !== 'Comment'));
    checkRule(rule, (what) => refuse(id, what), path);
  }
}

function checkRule(rule: JsonObject, refuse: (what: string) => never, path: (value: unknown) => void): void {
  if (rule.And ?? rule.Or) {
    for (const r of (rule.And ?? rule.Or) as JsonObject[]) checkRule(r, refuse, path);
    return;
  }
  if (rule.Not) return checkRule(rule.Not as JsonObject, refuse, path);
  path(rule.Variable);
  const operators = Object.keys(rule).filter((key) => key !== 'Variable');
  if (typeof rule.Variable !== 'string' || operators.length !== 1 || !TESTS[operators[0]!])
    refuse(`the laptop does not run the comparison ${operators.join(', ')}`);
}

/** Optimized integration that wraps the reply of a function. */
export const INVOKE = 'arn:aws:states:::lambda:invoke';

function eachPath(template: Json | undefined, see: (path: unknown) => void): void {
  if (Array.isArray(template)) template.forEach((v) => eachPath(v, see));
  else if (template && typeof template === 'object')
    for (const [key, value] of Object.entries(template))
      (key.endsWith('.$') ? see : (v: Json) => eachPath(v, see))(value);
}

/** Input of a state and the context object (`$$`). */
export interface Scope {
  readonly input: Json;
  readonly context: Json;
}

const steps = (path: string): (string | number)[] =>
  [...path.replace(/^\$\$?/, '').matchAll(/\.([\w-]+)|\['([^']+)'\]|\[(\d+)\]/g)].map(([, dot, quoted, index]) =>
    index !== undefined ? Number(index) : (dot ?? quoted)!,
  );

/** Value at a path, or undefined. */
export function find(path: string, scope: Scope): Json | undefined {
  let at: Json | undefined = path.startsWith('$$') ? scope.context : scope.input;
  for (const step of steps(path))
    at = at !== null && typeof at === 'object' ? (at as Record<string | number, Json>)[step] : undefined;
  return at;
}

/** Value at a path. @throws StatesError when it is not there. */
export function read(path: string, scope: Scope): Json {
  const value = find(path, scope);
  if (value === undefined)
    throw new StatesError('States.ParameterPathFailure', `the path ${path} finds nothing in the state's input`);
  return value;
}

/** Fills a payload template: keys that end in `.$` are replaced by what their path finds. */
export function fill(template: Json, scope: Scope): Json {
  if (Array.isArray(template)) return template.map((v) => fill(v, scope));
  if (template === null || typeof template !== 'object') return template;
  return Object.fromEntries(
    Object.entries(template).map(([key, value]) =>
      key.endsWith('.$') ? [key.slice(0, -2), read(String(value), scope)] : [key, fill(value, scope)],
    ),
  );
}

/** Input of a state after `InputPath` and `Parameters`. */
export function effectiveInput(state: State, scope: Scope): Json {
  const input = state.InputPath === null ? {} : state.InputPath ? read(state.InputPath, scope) : scope.input;
  return state.Parameters === undefined ? input : fill(state.Parameters, { ...scope, input });
}

/** Output of a state from its raw result, by `ResultSelector`, `ResultPath` and `OutputPath`. */
export function output(state: State, scope: Scope, result: Json): Json {
  const selected =
    state.ResultSelector === undefined ? result : fill(state.ResultSelector, { ...scope, input: result });
  const merged = place(state.ResultPath, scope.input, selected);
  if (state.OutputPath === null) return {};
  return state.OutputPath ? read(state.OutputPath, { ...scope, input: merged }) : merged;
}

/** Puts a result into an input: in its place (`$` or undefined), nowhere (null), or at a path. */
export function place(path: string | null | undefined, input: Json, result: Json): Json {
  if (path === null) return input;
  if (path === undefined || path === '$') return result;
  const put = (at: Json | undefined, [head, ...rest]: (string | number)[]): Json => {
    if (head === undefined) return result;
    if (typeof head === 'number' || (at !== undefined && (at === null || typeof at !== 'object' || Array.isArray(at))))
      throw new StatesError('States.ResultPathMatchFailure', `the result cannot be put at ${path}`);
    return { ...(at as JsonObject | undefined), [head]: put((at as JsonObject | undefined)?.[head], rest) };
  };
  return put(input, steps(path));
}

/** Next state of a choice. @throws StatesError when nothing matches and there is no default. */
export function choose(state: State, scope: Scope): string {
  for (const choice of state.Choices ?? []) if (holds(choice, scope)) return choice.Next;
  if (state.Default) return state.Default;
  throw new StatesError('States.NoChoiceMatched', 'no choice matched and there is no default');
}

function holds(rule: JsonObject, scope: Scope): boolean {
  if (rule.And) return (rule.And as JsonObject[]).every((r) => holds(r, scope));
  if (rule.Or) return (rule.Or as JsonObject[]).some((r) => holds(r, scope));
  if (rule.Not) return !holds(rule.Not as JsonObject, scope);
  const operator = Object.keys(rule).find((key) => key in TESTS)!;
  const value = find(String(rule.Variable), scope);
  if (value === undefined && operator !== 'IsPresent')
    throw new StatesError('States.Runtime', `the path ${String(rule.Variable)} finds nothing in the state's input`);
  return TESTS[operator]!(value, rule[operator]!);
}

/** Whether a retrier's or catcher's list names an error. `States.ALL` leaves out what no retry can mend. */
export function names(list: readonly string[], error: string): boolean {
  const unmendable = error === 'States.Runtime' || error === 'States.DataLimitExceeded';
  return list.some(
    (name) =>
      name === error ||
      (name === 'States.ALL' && !unmendable) ||
      (name === 'States.TaskFailed' && !unmendable && error !== 'States.Timeout'),
  );
}
