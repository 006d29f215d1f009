import type { LoadContext, LoadEvent, LoadReply, Place, StepReply } from '../../lambdas/load/context';
import { check } from '../../lambdas/load/check';
import { finish } from '../../lambdas/load/finish';
import { start } from '../../lambdas/load/start';
import { selectLoad, type SelectContext } from '../../lambdas/select-load/select';

export interface Course {
  /** `select`, then `<op> <step> <attempt> <state>` of every call. */
  calls: string[];
  end: 'nothing pending' | 'failed' | 'stopped';
  last?: StepReply;
}

let executions = 0;
/** The machine's wait between two looks; fakes do not wait. */
const POLL_MS = 40;

async function invoke(c: LoadContext, event: LoadEvent): Promise<LoadReply> {
  if (event.op === 'start') return start(c, event);
  return event.op === 'check' ? check(c, event) : finish(c, event);
}

/**
 * The course of one execution, as the state machine's definition has it, without its waits.
 * @param limit calls after which it is stopped, as if the execution had died there
 */
export async function execute(
  c: LoadContext & SelectContext,
  options: {
    window?: 'open' | 'full';
    limit?: number;
    /** Name of the execution; a new one if not given. */
    execution?: string;
    /** Awaited before each call. */ turn?: () => Promise<void>;
  } = {},
): Promise<Course> {
  const course: Course = { calls: [], end: 'stopped' };
  const execution = options.execution ?? `execution-${++executions}`;
  let left = options.limit ?? 500;
  const call = async <T>(describe: (reply: T) => string, work: () => Promise<T>): Promise<T | undefined> => {
    if (left-- <= 0) return undefined;
    await options.turn?.();
    const reply = await work();
    course.calls.push(describe(reply));
    return reply;
  };
  for (;;) {
    const selected = await call(
      (s) => `select ${s.pending}`,
      () => selectLoad(c, options.window ?? 'open', execution),
    );
    if (!selected) return course;
    if (!selected.pending) return { ...course, end: 'nothing pending' };
    const ended = await carry(c, { load_id: selected.load.load_id, step: 'apply-0', attempt: 0 }, call, course);
    if (ended) return { ...course, end: ended };
  }
}

type Call = <T>(describe: (reply: T) => string, work: () => Promise<T>) => Promise<T | undefined>;

/** One load until the machine selects again, or ends. */
async function carry(
  c: LoadContext,
  from: Place,
  call: Call,
  course: Course,
): Promise<'failed' | 'stopped' | undefined> {
  let at: StepReply = { ...from, state: 'NEXT' };
  for (;;) {
    const { load_id, step, attempt, statement_id } = at;
    const op = at.state === 'RUNNING' ? ('check' as const) : ('start' as const);
    const event: LoadEvent =
      op === 'check' ? { op, load_id, step, attempt, statement_id: statement_id! } : { op, load_id, step, attempt };
    const reply = (await call(
      (r) => `${op} ${step} ${attempt} ${(r as StepReply).state}`,
      () => invoke(c, event),
    )) as StepReply | undefined;
    if (!reply) return 'stopped';
    course.last = at = reply;
    if (reply.state === 'FAILED') return 'failed';
    if (reply.state === 'BUSY' || reply.state === 'SELECT_AGAIN') return undefined;
    if (op === 'check' && reply.state === 'RUNNING') await c.sleep(POLL_MS);
    if (reply.state !== 'DONE') continue;
    const finished = await call(
      () => 'finish',
      () => invoke(c, { op: 'finish', load_id }),
    );
    return finished ? undefined : 'stopped';
  }
}
