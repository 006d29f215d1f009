import { MAX_RECORD_BYTES } from '../../contracts/envelope';
import { loadsOnArrival } from '../../config';
import { clientsFor } from '../clients';
import { CliError, EXIT } from '../errors';
import { existingFolder, type RunState, servedBy } from '../folder';
import { runnable } from '../hints';
import { type Judged, judgedOf } from '../judged';
import { zonesOf } from '../laptop';
import { count, print, printJson, Progress, table } from '../output';
import { putRecords, type SentRecord } from '../put-records';
import { sentenceOf } from '../quarantine/rules';
import { documentOf, linesOf, openInput, type OutRecord, partitionKeyOf, type RefusedLine } from '../records';

/** So long a push waits for its records to be validated; a batch of the stream takes a second or two. */
const WAIT_MS = 60_000;

export interface PushOptions {
  data?: string;
  json?: boolean;
  /** `--no-wait`: false. */
  wait: boolean;
}

/** Puts every line of a file into the stream of a serving laptop, as a producer would, and tells what became of them. */
export async function push(file: string, options: PushOptions): Promise<number> {
  const { dataDir, run } = existingFolder(options.data);
  const served = servedBy(dataDir);
  if (!served || !run.names) {
    throw new CliError('nothing serves this data folder, so no stream is open', {
      where: dataDir,
      next: 'in another terminal: npm start',
    });
  }
  const input = openInput(file);
  const document = documentOf(file);
  const { kinesis } = clientsFor(served, run.names.region);
  const refused: RefusedLine[] = [];
  const taken: SentRecord[] = [];
  const progress = new Progress(options.json);
  const { stream } = run.names;
  const began = Date.now();
  const records = document ? ofDocument(document) : ofLines(input, refused);
  const sent = await progress.step(
    `send to stream ${stream}`,
    (tell) =>
      putRecords(kinesis, stream, records, {
        onSent: (n) => tell(count(n)),
        ...(options.wait ? { onTaken: (record) => void taken.push(record) } : {}),
      }),
    (n) => (n === 1 ? '1 record' : `${count(n)} records`),
  );
  kinesis.destroy();
  const judged = options.wait && sent > 0 ? await judge(progress, dataDir, run, taken, began) : undefined;
  if (options.json) printJson({ sent, refused, ...(judged ?? {}) });
  else if (sent > 0) print(runnable(told(sent, judged, run.env)));
  if (refused.length > 0) {
    throw new CliError(`${refused.length} line(s) are longer than a record may be and were not sent`, {
      where: `${file}, line ${refused
        .slice(0, 5)
        .map((r) => `${r.line} (${count(r.bytes)} bytes)`)
        .join(', ')}`,
      rule: `ENV-SIZE: at most ${count(MAX_RECORD_BYTES)} bytes`,
      next: 'shorten them and push them again; the other lines need no second push',
      exitCode: EXIT.failed,
    });
  }
  if (sent === 0)
    throw new CliError('the input holds no record', { where: file, next: 'one envelope per line (docs/producers.md)' });
  return judged && judged.rejected > judged.accepted ? EXIT.rejected : EXIT.ok;
}

function judge(
  progress: Progress,
  dataDir: string,
  run: RunState,
  taken: SentRecord[],
  began: number,
): Promise<Judged> {
  return progress.step(
    'validate',
    () => judgedOf(zonesOf(dataDir, run.names!), taken, began, WAIT_MS),
    ({ accepted, rejected }) => `${count(accepted)} accepted, ${count(rejected)} rejected`,
  );
}

function told(sent: number, judged: Judged | undefined, env: string): string {
  const load = loadsOnArrival(env)
    ? 'What is accepted is loaded now: carelake sql "select * from ops.conservation"'
    : `Environment ${env} loads on a schedule, or at once by: carelake load`;
  const sentence = sent === 1 ? '1 record sent' : `${count(sent)} records sent`;
  if (!judged) return `${sentence}. ${load}`;
  const { accepted, rejected, byRule, waiting } = judged;
  const rules = Object.entries(byRule).sort((a, b) => b[1] - a[1]);
  return [
    `${sentence}: ${count(accepted)} accepted, ${count(rejected)} rejected${waiting > 0 ? `, ${count(waiting)} not validated yet` : ''}.`,
    ...(rejected > 0
      ? [
          table(
            ['rule', 'records', 'asks'],
            rules.map(([rule, n]) => [rule, n, sentenceOf(rule)]),
          ),
          'Look at them: carelake quarantine list',
        ]
      : []),
    ...(accepted > 0 ? [load] : []),
  ].join('\n');
}

function* ofDocument(events: readonly Uint8Array[]): Generator<OutRecord> {
  for (const data of events) yield { partitionKey: partitionKeyOf(data), data };
}

async function* ofLines(input: ReturnType<typeof openInput>, refused: RefusedLine[]): AsyncGenerator<OutRecord> {
  for await (const { line, bytes } of linesOf(input)) {
    if (bytes.length > MAX_RECORD_BYTES) refused.push({ line, bytes: bytes.length, rule: 'ENV-SIZE' });
    else yield { partitionKey: partitionKeyOf(bytes), data: bytes };
  }
}
