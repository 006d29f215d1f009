import { CopyError } from './copy-error';
import type { Lake } from './lake';
import { BROKEN, type QueryResult } from './values';
import { openEngine } from './warehouse';
import { inGib } from './warehouse-limits';
import type { Begin, FromEngine, ToEngine } from './warehouse-messages';
import { StatementError, type Warehouse } from './warehouse-types';

/**
 * The warehouse's engine in a process of its own. Its memory is watched here, since a statement can take it faster than anybody asks; a
 * process whose memory is out of hand, or that does not heed an interrupt, ends at once: what was committed is in the file.
 */
const WATCH_MS = 50;
const ROWS_IN_A_MESSAGE = 5000;

let warehouse: Warehouse | undefined;
const cancels = new Map<number, AbortController>();
const asked = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
let asks = 0;

/** Messages leave one after the other: a large result must not pile up before a slow reader. */
let sent: Promise<void> = Promise.resolve();
function say(message: FromEngine): void {
  sent = sent.then(() => new Promise((done) => process.send?.(message, undefined, undefined, () => done())));
}

function end(message: string): void {
  const kill = (): void => void process.kill(process.pid, 'SIGKILL');
  process.send?.({ kind: 'ending', message } satisfies FromEngine, undefined, undefined, kill);
  setTimeout(kill, 200);
}

const ask = (name: 'files' | 'admit' | 'store', ...args: unknown[]): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const id = asks++;
    asked.set(id, { resolve, reject });
    say({ kind: 'ask', id, name, args });
  });

const lake: Lake = {
  files: async (...args) => (await ask('files', ...args)) as string[],
  admit: async (...args) => void (await ask('admit', ...args)),
  store: async (...args) => void (await ask('store', ...args)),
};

function watch(residentBytes: number): void {
  let ending = false;
  setInterval(() => {
    if (ending || process.memoryUsage.rss() <= residentBytes) return;
    ending = true;
    end(
      `out of memory: the warehouse's process exceeded its limit of ${inGib(residentBytes)} while this statement ran; it was stopped and is available again for the next one`,
    );
  }, WATCH_MS);
}

async function begin({ residentBytes, ...options }: Begin): Promise<void> {
  watch(residentBytes);
  try {
    warehouse = await openEngine({
      ...options,
      lake,
      onStuck: () =>
        end(
          "connection lost: the warehouse's process was stopped because a cancelled statement kept running; it is available again for the next one",
        ),
    });
    say({ kind: 'ready' });
  } catch (error) {
    say({ kind: 'refused', message: (error as Error).message });
    await sent;
    process.exit(1);
  }
}

function tell(id: number, at: number, { columns, rows, rowsChanged }: QueryResult): void {
  for (let from = 0; from < rows.length; from += ROWS_IN_A_MESSAGE)
    say({ kind: 'rows', id, rows: rows.slice(from, from + ROWS_IN_A_MESSAGE) });
  say({ kind: 'statement', id, at, result: { columns, rowsChanged } });
}

/** Runs a request; every outcome is said. */
async function perform(id: number, work: (open: Warehouse) => Promise<unknown>): Promise<void> {
  try {
    await work(warehouse!);
    say({ kind: 'done', id });
  } catch (error) {
    const index = error instanceof StatementError ? error.index : 0;
    const { message } = error as Error;
    say({ kind: 'failed', id, index, message });
    if (message === BROKEN) end(message.replace('ERROR: ', ''));
  } finally {
    cancels.delete(id);
  }
}

async function run({ id, sqls, options }: Extract<ToEngine, { kind: 'run' }>): Promise<void> {
  const cancel = new AbortController();
  cancels.set(id, cancel);
  await perform(id, (open) =>
    open.run(sqls, {
      ...options,
      signal: cancel.signal,
      onStatement: (at, { result, error }) => {
        if (result) tell(id, at, result);
        else say({ kind: 'statement', id, at, error: error?.message });
      },
    }),
  );
}

async function close(): Promise<void> {
  await warehouse?.close();
  await sent;
  process.exit(0);
}

function answered({ id, value, error }: Extract<ToEngine, { kind: 'lake' }>): void {
  const waiting = asked.get(id);
  asked.delete(id);
  if (error === undefined) waiting?.resolve(value);
  else waiting?.reject(new CopyError(error));
}

process.on('message', (message: ToEngine) => {
  switch (message.kind) {
    case 'begin':
      return void begin(message);
    case 'run':
      return void run(message);
    case 'query-engine':
      return void perform(message.id, async (open) => tell(message.id, 0, await open.queryEngine(message.sql)));
    case 'checkpoint':
      return void perform(message.id, (open) => open.checkpoint());
    case 'cancel':
      return cancels.get(message.id)?.abort(new Error('cancelled'));
    case 'close':
      return void close().catch(() => process.exit(1));
    case 'lake':
      return answered(message);
  }
});
// Ctrl-C reaches the whole group of processes; the platform says when this one has to end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
// Without its platform it would only hold the file.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
