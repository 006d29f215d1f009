import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VirtualClock } from '@carelake/laptop/clock';
import { parseDefinition, type Json } from '@carelake/laptop/engines/asl';
import { StateMachines } from '@carelake/laptop/engines/state-machine';
import { FunctionError, InvocationRefused } from '@carelake/laptop/engines/worker';
import { scratch, settle, until } from './fixtures';

const ARN = 'arn:aws:states:us-east-1:000000000000:stateMachine:m';
const FN = 'arn:aws:lambda:us-east-1:000000000000:function:fn';

describe('state machines', () => {
  let folder: ReturnType<typeof scratch>;
  let clock: VirtualClock;
  let open: StateMachines[];
  beforeEach(() => {
    folder = scratch();
    clock = new VirtualClock();
    open = [];
  });
  afterEach(async () => {
    await Promise.all(open.map((m) => m.stop()));
    folder.clean();
  });

  const parse = (states: object, more: object = {}) =>
    parseDefinition(
      'm',
      JSON.stringify({ StartAt: Object.keys(states)[0], States: states, ...more }),
      (arn) => arn === FN,
    );

  function machines(
    states: object,
    invoke: (input: Json, fn: string) => Json | Promise<Json> = (input) => input,
    more: object = {},
  ) {
    const made = new StateMachines([{ name: 'm', arn: ARN, definition: parse(states, more) }], {
      clock,
      dir: join(folder.dir, 'executions'),
      invoke: async (fn, payload) => JSON.stringify(await invoke(JSON.parse(payload) as Json, fn)),
      log: () => undefined,
    });
    open.push(made);
    return made;
  }

  async function run(states: object, input: Json, invoke?: (input: Json) => Json, more: object = {}) {
    const { ended } = machines(states, invoke, more).start(ARN, input, 'one');
    let over = false;
    void ended.then(() => (over = true));
    const virtualMs = await until(clock, () => over);
    return { ...(await ended), virtualMs };
  }

  const task = (more: object = {}) => ({ Type: 'Task', Resource: FN, End: true, ...more });

  test('a retrier with full jitter waits a random part of its pause, bounded by MaxDelaySeconds', async () => {
    const retry = { ErrorEquals: ['States.ALL'], IntervalSeconds: 100, BackoffRate: 2, MaxDelaySeconds: 300 };
    const pauses = async (JitterStrategy?: string): Promise<number[]> => {
      const calls: number[] = [];
      const made = new StateMachines(
        [
          {
            name: 'm',
            arn: ARN,
            definition: parse({ T: task({ Retry: [{ ...retry, MaxAttempts: 4, JitterStrategy }] }) }),
          },
        ],
        {
          clock,
          dir: join(folder.dir, `jitter-${JitterStrategy}`),
          random: () => 0.25,
          log: () => undefined,
          invoke: async () => {
            calls.push(clock.now());
            throw new FunctionError('Busy', 'busy');
          },
        },
      );
      open.push(made);
      let over = false;
      void made.start(ARN, {}, 'one').ended.then(() => (over = true));
      await until(clock, () => over);
      return calls.slice(1).map((at, i) => (at - calls[i]!) / 1000);
    };
    expect(await pauses()).toEqual([100, 200, 300, 300]);
    expect(await pauses('FULL')).toEqual([25, 50, 75, 75]);
  });

  test('a task gets its Parameters, and ResultSelector, ResultPath and OutputPath shape what it gives', async () => {
    const seen: Json[] = [];
    const states = {
      A: task({
        InputPath: '$.in',
        Parameters: {
          fixed: 1,
          'id.$': '$.id',
          nested: { 'first.$': "$.list[0]['name']" },
          'run.$': '$$.Execution.Name',
          'state.$': '$$.State.Name',
        },
        ResultSelector: { 'count.$': '$.n' },
        ResultPath: '$.out.a',
        OutputPath: '$.out',
      }),
    };
    const ending = await run(
      states,
      { in: { id: 'x', list: [{ name: 'y' }] }, out: { kept: true } },
      (input) => (seen.push(input), { n: 7, m: 8 }),
    );
    expect(seen).toEqual([{ fixed: 1, id: 'x', nested: { first: 'y' }, run: 'one', state: 'A' }]);
    expect(ending).toMatchObject({ status: 'SUCCEEDED', output: { kept: true, a: { count: 7 } } });
  });

  test('the optimized integration wraps the reply', async () => {
    const states = {
      A: {
        Type: 'Task',
        Resource: 'arn:aws:states:::lambda:invoke',
        Parameters: { FunctionName: FN, 'Payload.$': '$' },
        OutputPath: '$.Payload',
        End: true,
      },
    };
    expect(await run(states, { a: 1 }, (input) => ({ got: input }))).toMatchObject({ output: { got: { a: 1 } } });
  });

  test('choices compare by type, combine, and fall to the default', async () => {
    const to = (Next: string, rule: object) => ({ ...rule, Next });
    const states = {
      C: {
        Type: 'Choice',
        Choices: [
          to('None', { Variable: '$.absent', IsPresent: true }),
          to('Both', {
            And: [{ Variable: '$.n', NumericGreaterThan: 5 }, { Not: { Variable: '$.s', StringEquals: 'no' } }],
          }),
          to('Done', { Variable: '$.done', BooleanEquals: true }),
        ],
        Default: 'None',
      },
      Both: { Type: 'Pass', Result: 'both', End: true },
      Done: { Type: 'Pass', Result: 'done', End: true },
      None: { Type: 'Pass', Result: 'none', End: true },
    };
    expect(await run(states, { n: 6, s: 'yes', done: false })).toMatchObject({ output: 'both' });
    expect(await run(states, { n: 6, s: 'no', done: true })).toMatchObject({ output: 'done' });
    expect(await run(states, { n: 5, s: 'x', done: false })).toMatchObject({ output: 'none' });
    // A path that finds nothing is a fault of the machine, as in the service.
    expect(await run(states, { n: 5, s: 'x' })).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
  });

  test('Wait takes its time on the clock, Fail names its error', async () => {
    const states = { W: { Type: 'Wait', Seconds: 90, Next: 'F' }, F: { Type: 'Fail', Error: 'Own', Cause: 'because' } };
    const ending = await run(states, {});
    expect(ending).toMatchObject({ status: 'FAILED', error: 'Own', cause: 'because' });
    expect(ending.virtualMs).toBe(90_000);
  });

  test('retriers count for themselves, with interval and back-off', async () => {
    const times: number[] = [];
    const errors = ['Throttled', 'Throttled', 'Other', 'Throttled', 'Throttled'];
    const states = {
      A: task({
        Retry: [
          { ErrorEquals: ['Throttled'], IntervalSeconds: 2, MaxAttempts: 3, BackoffRate: 2 },
          { ErrorEquals: ['States.TaskFailed'], IntervalSeconds: 10, MaxAttempts: 1 },
        ],
      }),
    };
    const ending = await run(states, {}, () => {
      times.push(clock.now());
      throw new FunctionError(errors[times.length - 1]!, 'x');
    });
    expect(times.slice(1).map((t, i) => (t - times[i]!) / 1000)).toEqual([2, 4, 10, 8]);
    expect(ending).toMatchObject({ status: 'FAILED', error: 'Throttled' });
    expect(JSON.parse(ending.cause!)).toEqual({ errorType: 'Throttled', errorMessage: 'x', trace: [] });
  });

  test('a catcher keeps the input and puts the error at its ResultPath', async () => {
    const states = {
      A: task({ Catch: [{ ErrorEquals: ['Lambda.TooManyRequestsException'], ResultPath: '$.fault', Next: 'B' }] }),
      B: { Type: 'Pass', End: true },
    };
    const ending = await run(states, { a: 1 }, () => {
      throw new InvocationRefused('TooManyRequestsException', 'slow down');
    });
    expect(ending).toMatchObject({
      status: 'SUCCEEDED',
      output: { a: 1, fault: { Error: 'Lambda.TooManyRequestsException', Cause: 'slow down' } },
    });
  });

  test('States.ALL does not catch a state above 256 KiB', async () => {
    const states = { A: task({ Catch: [{ ErrorEquals: ['States.ALL'], Next: 'B' }] }), B: { Type: 'Succeed' } };
    expect(await run(states, {}, () => 'x'.repeat(300_000))).toMatchObject({
      status: 'FAILED',
      error: 'States.DataLimitExceeded',
    });
  });

  test('a task and an execution that last too long time out', async () => {
    const never = () => new Promise<Json>(() => undefined) as unknown as Json;
    const states = {
      A: task({ TimeoutSeconds: 30, Catch: [{ ErrorEquals: ['States.Timeout'], Next: 'B' }] }),
      B: { Type: 'Pass', Result: 'late', End: true },
    };
    expect(await run(states, {}, never)).toMatchObject({ status: 'SUCCEEDED', output: 'late', virtualMs: 30_000 });
    const loop = { W: { Type: 'Wait', Seconds: 40, Next: 'A' }, A: task({ End: undefined, Next: 'W' }) };
    expect(await run(loop, {}, (x) => x, { TimeoutSeconds: 100 })).toMatchObject({
      status: 'TIMED_OUT',
      error: 'States.Timeout',
      virtualMs: 100_000,
    });
  });

  test('a history that grows past its limit ends the execution', async () => {
    // A task makes five events, so that a third of the states get there.
    const states = { A: task({ End: undefined, Next: 'B' }), B: task({ End: undefined, Next: 'A' }) };
    expect(await run(states, {})).toMatchObject({
      status: 'FAILED',
      error: 'States.Runtime',
      cause: expect.stringContaining('25000'),
    });
  });

  test('a killed execution goes on in the state it was in, and a wait keeps its end', async () => {
    const states = { W: { Type: 'Wait', Seconds: 100, Next: 'A' }, A: task({ Next: 'B', End: undefined }), B: task() };
    let calls = 0;
    const first = machines(states, () => (calls++, { step: calls }));
    const { executionArn } = first.start(ARN, { from: 'start' }, 'one');
    await settle();
    await clock.advance(60_000);
    await first.stop();

    const hang = machines(states, (input) =>
      calls++ === 0 ? { done: 'A', input } : new Promise<Json>(() => undefined),
    );
    expect(hang.resume()).toBe(1);
    const waited = await until(clock, () => calls === 2);
    expect(waited).toBe(40_000);
    await hang.stop();

    const inputs: Json[] = [];
    const last = machines(states, (input) => (inputs.push(input), 'end'));
    expect(last.resume()).toBe(1);
    expect(last.executions()).toEqual([executionArn]);
    await until(clock, () => last.executions().length === 0);
    // Only B ran again, with what A had given.
    expect(inputs).toEqual([{ done: 'A', input: { from: 'start' } }]);
    const left = readdirSync(join(folder.dir, 'executions'));
    expect(left).toEqual(['ended.ndjson']);
    expect(JSON.parse(readFileSync(join(folder.dir, 'executions', 'ended.ndjson'), 'utf8'))).toMatchObject({
      name: 'one',
      status: 'SUCCEEDED',
    });
  });

  test('the same name while it runs is the same execution', async () => {
    let calls = 0;
    const m = machines({ A: task() }, async () => (calls++, await settle(), 1));
    const a = m.start(ARN, {}, 'same');
    const b = m.start(ARN, {}, 'same');
    expect(b.ended).toBe(a.ended);
    await a.ended;
    expect(calls).toBe(1);
    expect(existsSync(join(folder.dir, 'executions', 'ended.ndjson'))).toBe(true);
  });

  test.each([
    ['a Map state', { M: { Type: 'Map', End: true } }, /state "M": the laptop does not run states of type Map/],
    ['an unknown field', { A: task({ HeartbeatSeconds: 5 }) }, /state "A".*HeartbeatSeconds/],
    [
      'an intrinsic function',
      { A: task({ Parameters: { 'x.$': "States.Format('{}', $.a)" } }) },
      /state "A".*States.Format/,
    ],
    ['a path with a wildcard', { A: task({ InputPath: '$.a[*]' }) }, /\$\.a\[\*\]/],
    [
      'an SDK integration',
      { A: task({ Resource: 'arn:aws:states:::aws-sdk:redshiftdata:executeStatement' }) },
      /state "A": calls arn.*redshiftdata/,
    ],
    [
      'an unknown comparison',
      { C: { Type: 'Choice', Choices: [{ Variable: '$.a', StringMatches: 'x*', Next: 'C' }] } },
      /StringMatches/,
    ],
    ['a state that is not there', { A: { Type: 'Pass', Next: 'Z' } }, /leads to "Z"/],
  ])('%s is refused, with the state', (_name, states, message) => {
    expect(() => parse(states)).toThrow(message);
  });

  test('JSONata is refused', () => {
    expect(() => parse({ A: { Type: 'Succeed' } }, { QueryLanguage: 'JSONata' })).toThrow(/JSONata/);
  });

  describe('a clock that is set', () => {
    const states = { W: { Type: 'Wait', Seconds: 30, Next: 'T' }, T: task() };
    const left = async (): Promise<void> => {
      const first = machines(states, undefined, { TimeoutSeconds: 60 });
      void first.start(ARN, {}, 'one');
      await clock.advance(10_000);
      await first.stop();
    };
    const goOn = async (lastSeen?: number): Promise<number> => {
      const second = machines(states, undefined, { TimeoutSeconds: 60 });
      expect(second.resume(lastSeen)).toBe(1);
      const ended = (): boolean => second.executions().length === 0;
      const ms = await until(clock, ended, 1000);
      expect(readFileSync(join(folder.dir, 'executions', 'ended.ndjson'), 'utf8')).toMatch(/"SUCCEEDED"/);
      return ms;
    };

    test('back between two processes: a wait lasts no longer than it is', async () => {
      await left();
      clock = new VirtualClock(clock.now() - 7_200_000);
      expect(await goOn()).toBeLessThanOrEqual(31_000);
    });

    test('forward, or a process that comes back late: nothing times out for it', async () => {
      await left();
      const lastSeen = clock.now();
      clock = new VirtualClock(clock.now() + 7_200_000);
      const ms = await goOn(lastSeen);
      expect(ms).toBeGreaterThanOrEqual(19_000);
      expect(ms).toBeLessThanOrEqual(21_000);
    });
  });
});
