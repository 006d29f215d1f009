import type { BootOptions } from '@carelake/laptop/runtime';
import { start } from '../../cli/commands/start';
import { asCliError } from '../../cli/failures';
import { prepare, type StartOptions } from '../../cli/source';

/** What goes wrong with the machine of a serving process. */
export type Trouble =
  /** The disk takes so many more operations and then none. */
  | { readonly kind: 'disk-full'; readonly operations: number }
  /** So many writes of state machines are not permitted. */
  | { readonly kind: 'refused'; readonly writes: number };

/** How a process begins. */
export interface Birth {
  readonly options: StartOptions;
  /** How far the machine's time is off. */
  readonly skewMs: number;
}

/** `carelake start` in a process whose disk and clock another process breaks by messages. */
async function main({ options, skewMs }: Birth): Promise<number> {
  let room = Infinity;
  let refusals = 0;
  const fail = (code: string): never => {
    throw Object.assign(new Error(`${code}: injected`), { code });
  };
  process.on('message', (trouble: Trouble) => {
    if (trouble.kind === 'disk-full') room = trouble.operations;
    else refusals = trouble.writes;
  });
  const beforeDisk: BootOptions['beforeDisk'] = (operation, path) => {
    if (--room < 0) fail('ENOSPC');
    if (operation === 'write' && refusals > 0 && path.includes('/executions/') && refusals-- > 0) fail('EPERM');
  };
  return start(options, await prepare(options), { beforeDisk, wall: () => Date.now() + skewMs });
}

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
process.umask(0o077);
main(JSON.parse(process.argv[2]!) as Birth)
  .catch((error: unknown) => {
    const failure = asCliError(error);
    process.stderr.write(`${failure.render()}\n`);
    return failure.exitCode;
  })
  .then((code) => {
    process.exitCode = code;
    process.disconnect();
  });
