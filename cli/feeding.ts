import type { Platform } from '@carelake/laptop/runtime';
import type { Ask } from './ask';
import { clientsFor } from './clients';
import { sameFile, storedFile, streamNetwork, uploadFile, uploadProfile } from './feed';
import { type Names, type RunState, writeRun } from './folder';
import { servedHere } from './laptop';
import { count, type Progress } from './output';
import type { Source, StartOptions } from './source';
import { QUIET_MS } from './waiting';

/** A start that is under way. */
export interface Session {
  options: StartOptions;
  source: Source;
  state: RunState;
  platform: Platform;
  names: Names;
  ask: Ask;
  progress: Progress;
}

/** Sends what is still to come: the rest of the network, or the files that do not lie in landing yet. */
export async function feed(session: Session): Promise<void> {
  const { source, names, progress, platform } = session;
  const { kinesis, s3 } = clientsFor(servedHere(platform), names.region);
  try {
    if (source.files.length > 0) await feedFiles(session, s3);
    else if (session.state.source.kind === 'synthetic') {
      const network = session.state as RunState & { source: { kind: 'synthetic' } };
      const goesOn = network.sent > 0 ? `, continuing after ${count(network.sent)}` : '';
      await progress.step(
        `stream ${count(network.source.patients)} patients, ${count(network.source.events)} events through Kinesis${goesOn}`,
        (tell) => streamNetwork(kinesis, names.stream, network, (sent) => mark(session, sent), tell),
        (sent) => `${count(sent)} records`,
      );
    }
  } finally {
    kinesis.destroy();
    s3.destroy();
  }
}

async function feedFiles(session: Session, s3: ReturnType<typeof clientsFor>['s3']): Promise<void> {
  const { source, names, progress, platform } = session;
  const landing = names.buckets.landing!;
  if (source.ignored.length > 0) progress.line(ignoredText(source.ignored));
  for (const [i, { path, control, key, state, madeMs }] of source.files.entries()) {
    if (control) await uploadProfile(s3, names.buckets.control!, control.key, control.text);
    // A file that lies in landing since before a crash may have been read, half read, or its event lost with the crash. Put
    // again it would be another arrival; read again it makes the same objects, whatever there is of them.
    const stored = await storedFile(s3, landing, key, state.sha256);
    if (stored) {
      mark(session, i + 1);
      await progress.step('read the file again from landing', async () => {
        await platform.idle({ quietMs: QUIET_MS });
        await platform.execute('IngestFileMachine', stored);
      });
      continue;
    }
    await progress.step(`put ${count(state.size)} bytes into landing, for ${state.profile}`, () =>
      uploadFile(s3, landing, key, path, state.size, state.sha256, madeMs),
    );
    mark(session, i + 1);
  }
}

/** What tells of files that a source knows and does not read. */
export function ignoredText(patterns: readonly string[]): string {
  const times = (pattern: string): number => patterns.filter((one) => one === pattern).length;
  const each = [...new Set(patterns)].map((one) => (times(one) === 1 ? one : `${one} ×${times(one)}`));
  return `Known to the source and not read: ${count(patterns.length)} files (${each.join(', ')}).`;
}

function mark(session: Session, sent: number): void {
  session.state = { ...session.state, sent };
  writeRun(session.source.dataDir, session.state);
}

/** A file that landed before, under whatever name, changes nothing; its sender is told so. */
export async function tellSame({ source, names, platform, progress }: Session): Promise<void> {
  if (source.files.length === 0) return;
  const { s3, kinesis } = clientsFor(servedHere(platform), names.region);
  try {
    for (const [i, { key }] of source.files.entries()) {
      const same = await sameFile(s3, names.buckets, key);
      if (same !== undefined)
        progress.line(
          `File ${i + 1} of ${source.files.length} has the same bytes as one that was read before (landing object ${same}): nothing was ingested from it.`,
        );
    }
  } finally {
    s3.destroy();
    kinesis.destroy();
  }
}
