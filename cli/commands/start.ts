import { answersText, type AnswersDocument, conservationText, readAnswers, readLoadCounts } from '../answers';
import { environmentOf, exportsText } from '../environment';
import {
  checkGivenUp,
  checkIngest,
  checkLoad,
  checkLoaded,
  checkReadable,
  cameIn,
  type CountedIngest,
  countIngest,
  countSilverRows,
  difference,
  type LoadCounts,
} from '../conservation';
import { loadsOnArrival } from '../../config';
import { findingsText, type Found, newFindings, readFindings, wentWrong } from '../findings';
import { EXIT } from '../errors';
import { runnable } from '../hints';
import { feed, type Session, tellSame } from '../feeding';
import { type RunState, writeRun } from '../folder';
import { alarmLine, asker, boot, namesOf, servedHere, zonesOf } from '../laptop';
import { count, print, printJson, Progress } from '../output';
import { pageContent } from '../page';
import {
  checkAfter,
  checkBefore,
  hasUnfollowed,
  migrateAgain,
  noteServing,
  noteStopped,
  readLanded,
  resumeLoads,
  unreadFiles,
  wasStoppedInOrder,
} from '../resume';
import type { Prepared, Source, StartOptions } from '../source';
import { loadsText, waitText } from '../schedule';
import { synthesize } from '../synthesize';
import { QUIET_MS, STILL_QUIET_MS, untilLoaded } from '../waiting';
import type { BootOptions } from '@carelake/laptop/runtime';

const DEFAULT_PORT = 4600;

interface Counts extends CountedIngest {
  load: LoadCounts;
}

/** What goes wrong with the machine: a disk and a clock that tests break. */
export type Faults = Pick<BootOptions, 'beforeDisk' | 'wall'>;

/** Everything from the templates to the answers, and then serving until Ctrl-C. Returns the exit code. */
export async function start(options: StartOptions, { source, state }: Prepared, faults: Faults = {}): Promise<number> {
  const progress = new Progress();
  const { dataDir } = source;
  // A whole comparison costs a second load: after a stop in order it is left to `--once` and `carelake check`.
  const wasInOrder = wasStoppedInOrder(dataDir);
  const isWhole = options.once === true || !wasInOrder;
  if (!wasInOrder) migrateAgain(dataDir);
  const before = isWhole ? await checkBefore(dataDir, state.names) : [];
  noteServing(dataDir);
  const session = await open(options, source, state, progress, faults);
  const stopped = stopSignal();
  let inOrder = false;
  try {
    const taken = takeIn(session, wasInOrder).then(async (document) => {
      if (isWhole)
        await progress.step('check that stream, lake and warehouse agree', (tell) =>
          checkAfter(dataDir, session.platform, session.names, before, tell),
        );
      return document;
    });
    taken.catch(() => undefined); // after Ctrl-C its endpoints close under it
    const document = await Promise.race([taken, stopped.then(() => undefined)]);
    if (!document) {
      progress.line('Stopped before the answers; the next start continues from here.');
      return EXIT.interrupted;
    }
    inOrder = true;
    report(session, document);
    const isGood = !wentWrong(document.run);
    if (options.once !== true) {
      progress.line(
        `Serving at ${session.platform.url} from ${source.dataDir}. Ctrl-C stops; the next start serves what is there.`,
      );
      progress.line(`In a browser: ${session.platform.page}`);
      if (!loadsOnArrival(state.env)) progress.line(loadsText(state.env));
      await stopped;
      progress.line('Stopping.');
      return EXIT.ok;
    }
    return isGood ? EXIT.ok : EXIT.rejected;
  } finally {
    await session.platform.stop();
    if (inOrder) noteStopped(dataDir);
  }
}

async function open(
  options: StartOptions,
  source: Source,
  state: RunState,
  progress: Progress,
  faults: Faults,
): Promise<Session> {
  const { dataDir } = source;
  const { assemblyDir } = await progress.step(
    `synthesize the templates of environment ${state.env}`,
    () => synthesize(dataDir, state.env),
    ({ made }) => (made ? 'made' : 'unchanged since last time'),
  );
  const say = (text: string | undefined): void => {
    if (text !== undefined) progress.line(text);
  };
  const onAlarm: BootOptions['onAlarm'] = (status, was) => say(alarmLine(status, was));
  const port = options.port ?? (options.once ? 0 : DEFAULT_PORT);
  const platform = await progress.step(
    'boot what they describe',
    (tell) =>
      boot({
        ...faults,
        assemblyDir,
        dataDir,
        port,
        keySecretFile: options.keySecretFile,
        durable: options.durable,
        onProgress: tell,
        onAlarm,
        onNotice: say,
        page: () => pageContent(state.env, dataDir),
      }),
    (booted) => `endpoints at ${booted.url}`,
  );
  if (platform.notRun.length > 0) {
    const types = new Map<string, number>();
    for (const { type } of platform.notRun) types.set(type, (types.get(type) ?? 0) + 1);
    progress.line(
      `  not run on the laptop: ${[...types].map(([type, n]) => (n === 1 ? type : `${type} ×${n}`)).join(', ')}`,
    );
  }
  // Raised by a former process, and not over yet.
  for (const status of platform.alarms()) say(alarmLine(status));
  const names = namesOf(platform);
  writeRun(dataDir, { ...state, names });
  return {
    options,
    source,
    state: { ...state, names },
    platform,
    names,
    ask: asker(platform.endpoints.warehouse, dataDir),
    progress,
  };
}

/**
 * Brings in what is still to come, waits until it is loaded, and counts before and after: where no function ran in between, once.
 * @param wasInOrder whether the folder was stopped in order
 */
async function takeIn(session: Session, wasInOrder: boolean): Promise<AnswersDocument> {
  const { progress, platform, ask } = session;
  const began = Date.now();
  const before = await counts(session);
  const foundBefore = await findings(session);
  const isComplete = session.state.status !== 'streaming';
  if (!isComplete) await feed(session);
  else progress.line(`- ${session.source.dataDir} already holds its data: ${count(before.ingest.received)} records`);
  if (!loadsOnArrival(session.state.env)) progress.line(waitText(session.state.env));
  await progress.step('load', (tell) =>
    untilLoaded(platform, ask, tell, isComplete && wasInOrder ? STILL_QUIET_MS : QUIET_MS),
  );
  if (!loadsOnArrival(session.state.env)) {
    // Nobody waits a day for the first answers: what the schedule would start is started once now.
    await progress.step(`start the load that environment ${session.state.env} starts on a schedule`, () =>
      platform.execute('LoadMachine', { window: 'open' }),
    );
  }
  const { dataDir } = session.source;
  const zones = zonesOf(dataDir, session.names);
  const unread = (): number => unreadFiles(platform, session.names, dataDir);
  if (unread() > 0)
    await progress.step(
      'finish reading the files in landing',
      () => readLanded(platform, session.names, dataDir),
      (files) => `${count(files)} files`,
    );
  if ((await countSilverRows(zones)) !== (await readLoadCounts(ask)).read || (await hasUnfollowed(zones.control, ask)))
    await progress.step('load what is in silver but not in the warehouse', async () => {
      await resumeLoads(platform, session.names, ask);
      await platform.idle({ quietMs: QUIET_MS });
    });
  checkGivenUp(dataDir, zones.failed, began, unread() > 0);
  const isUntouched = platform.invoked() === 0;
  const after = isUntouched ? before : await counts(session);
  checkIngest(after.ingest, dataDir);
  checkLoad(after.load, 'ops.conservation');
  checkReadable(zones.silver);
  checkLoaded(await countSilverRows(zones), after.load, dataDir);
  if (!isComplete) {
    session.state = { ...session.state, status: 'complete' };
    writeRun(dataDir, session.state);
  }
  await tellSame(session);
  const found = newFindings(isUntouched ? foundBefore : await findings(session), foundBefore);
  const run = { ingest: cameIn(after, before), load: difference(after.load, before.load), ...found };
  return { ingest: after.ingest, load: after.load, run, answers: await readAnswers(ask) };
}

async function counts(session: Session): Promise<Counts> {
  return {
    ...(await countIngest(zonesOf(session.source.dataDir, session.names))),
    load: await readLoadCounts(session.ask),
  };
}

const findings = (session: Session): Promise<Found> =>
  readFindings(zonesOf(session.source.dataDir, session.names), session.ask);

/** Results to stdout; with `--json` nothing else is ever printed there. */
function report(session: Session, document: AnswersDocument): void {
  const { options, platform, names, progress } = session;
  if (options.json) {
    printJson(document);
    if (wentWrong(document.run)) progress.line(findingsText(document.run, false));
    return;
  }
  const told = findingsText(document.run, session.state.source.kind === 'synthetic');
  print(`\n${conservationText(document)}\n${told}\n${answersText(document.answers)}\n`);
  if (options.once) return;
  const exports = exportsText(environmentOf(servedHere(platform), names));
  print(runnable('Point any AWS client here (to print it again: carelake env):'));
  print(exports.replace(/^/gm, '  '));
  print(
    runnable(
      [
        '',
        'Push   carelake push examples/events.ndjson   (docs/producers.md)',
        `Query  carelake sql "select * from gold_phi.no_show_rate where by_dimension = 'clinic'"`,
        'Look   carelake quarantine list',
        '',
      ].join('\n'),
    ),
  );
  progress.line();
}

function stopSignal(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done());
  });
}
