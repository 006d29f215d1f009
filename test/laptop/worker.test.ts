import { readFileSync } from 'node:fs';
import { FunctionError, FunctionPool, InvocationRefused, MAX_PAYLOAD_BYTES } from '@carelake/laptop/engines/worker';
import { functionSpec, scratch } from './fixtures';

const SOURCE = `
let calls = 0;
export const handler = async (event: any, context: any) => {
  calls++;
  if (event.do === 'env') return process.env;
  if (event.do === 'throw') { const e = new Error('no ' + event.what); e.name = 'OwnError'; throw e; }
  if (event.do === 'sleep') await new Promise((r) => setTimeout(r, event.ms));
  if (event.do === 'exit') process.exit(7);
  if (event.do === 'eat') { const all: any[] = []; for (;;) all.push(new Array(1e5).fill(Math.random())); }
  if (event.do === 'big') return 'x'.repeat(event.bytes);
  if (event.do === 'say') console.log('hello log');
  return { calls, pid: process.pid, left: context.getRemainingTimeInMillis(), id: context.awsRequestId, arn: context.invokedFunctionArn, memory: context.memoryLimitInMB };
};`;

describe('function processes', () => {
  const { dir, clean } = scratch();
  const pools: FunctionPool[] = [];
  const pool = (more = {}) => {
    const made = new FunctionPool(functionSpec(dir, SOURCE, more));
    pools.push(made);
    return made;
  };
  const call = async (p: FunctionPool, event: object) => JSON.parse(await p.invoke(JSON.stringify(event)));
  const failure = (work: Promise<unknown>) =>
    work.then(
      () => undefined,
      (e: FunctionError & InvocationRefused) => e,
    );

  afterAll(() => {
    for (const p of pools) p.stop();
    clean();
  });

  test('a warm process is used again, with a context of its own for each invocation', async () => {
    const p = pool();
    const first = await call(p, {});
    const second = await call(p, {});
    expect(second).toMatchObject({
      calls: 2,
      pid: first.pid,
      arn: 'arn:aws:lambda:us-east-1:000000000000:function:fn',
      memory: '256',
    });
    expect(second.id).not.toBe(first.id);
    expect(first.left).toBeGreaterThan(10_000);
    expect(first.left).toBeLessThanOrEqual(20_000);
  });

  test('invocations run side by side up to the limit, and further ones wait their turn', async () => {
    const p = pool({ concurrency: 2 });
    const pids = await Promise.all([1, 2, 3, 4].map(() => call(p, { do: 'sleep', ms: 100 })));
    expect(new Set(pids.map((r) => r.pid)).size).toBe(2);
    expect(p.busy).toBe(0);
  });

  test('the process sees the variables of the template and the runtime, and nothing of this shell', async () => {
    process.env.OUTSIDE = 'must not be seen';
    const p = pool({
      environment: { SILVER_BUCKET: 'silver' },
      runtimeEnvironment: { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' },
    });
    const env = await call(p, { do: 'env' });
    expect(env).toMatchObject({
      SILVER_BUCKET: 'silver',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
      AWS_LAMBDA_FUNCTION_NAME: 'fn',
      TZ: ':UTC',
    });
    expect(env.OUTSIDE).toBeUndefined();
  });

  test('an error keeps its name and text, and the process stays', async () => {
    const p = pool();
    const { pid } = await call(p, {});
    expect(await failure(call(p, { do: 'throw', what: 'luck' }))).toMatchObject({
      errorType: 'OwnError',
      errorMessage: 'no luck',
    });
    expect((await call(p, {})).pid).toBe(pid);
  });

  test('a function that takes too long is killed and reported as Lambda does', async () => {
    const p = pool({ timeoutSeconds: 0.3 });
    const error = await failure(call(p, { do: 'sleep', ms: 5000 }));
    expect(error).toMatchObject({
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringMatching(/Task timed out after 0.30 seconds$/),
    });
    expect((await call(p, {})).calls).toBe(1);
  });

  test('a process that ends or runs out of memory fails its invocation, and the next one starts afresh', async () => {
    const p = pool({ memoryMb: 64 });
    expect(await failure(call(p, { do: 'exit' }))).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringContaining('exit status 7'),
    });
    expect(await failure(call(p, { do: 'eat' }))).toMatchObject({ errorType: 'Runtime.ExitError' });
    expect((await call(p, {})).calls).toBe(1);
  });

  test('events and replies above 6 MB are refused', async () => {
    const p = pool();
    expect(await failure(p.invoke(JSON.stringify('x'.repeat(MAX_PAYLOAD_BYTES))))).toMatchObject({
      code: 'RequestTooLargeException',
    });
    expect(await failure(call(p, { do: 'big', bytes: MAX_PAYLOAD_BYTES }))).toMatchObject({
      errorType: 'Function.ResponseSizeTooLarge',
    });
    expect(await call(p, { do: 'big', bytes: 5_000_000 })).toHaveLength(5_000_000);
  });

  test('code that cannot be loaded fails every invocation with the reason', async () => {
    const broken = new FunctionPool(functionSpec(`${dir}/broken`, `throw new Error('at load');`));
    pools.push(broken);
    expect(await failure(call(broken, {}))).toMatchObject({ errorMessage: 'at load' });
    const missing = pool({ handler: 'index.other' });
    expect(await failure(call(missing, {}))).toMatchObject({ errorType: 'Runtime.HandlerNotFound' });
  });

  test('what the function prints goes to its log', async () => {
    const p = pool();
    await call(p, { do: 'say' });
    expect(readFileSync(p.spec.logFile, 'utf8')).toContain('hello log');
  });

  test('a stopped pool kills what runs', async () => {
    const p = pool();
    const running = failure(call(p, { do: 'sleep', ms: 60_000 }));
    await new Promise((r) => setTimeout(r, 300));
    p.stop();
    expect(await running).toMatchObject({ errorType: 'Runtime.ExitError' });
    expect(await failure(call(p, {}))).toMatchObject({ code: 'ServiceException' });
  });
});
