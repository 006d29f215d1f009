import { MAX_RECORD_BYTES } from '../../contracts/envelope';
import { clientsFor } from '../clients';
import { CliError, EXIT } from '../errors';
import { mostRejected, unmappedText } from '../findings';
import { servedFolder } from '../folder';
import { runnable } from '../hints';
import { type Judged, withJudge } from '../judged';
import { zonesOf } from '../laptop';
import { count, print, printJson, Progress, table } from '../output';
import { putRecords, type SentRecord } from '../put-records';
import { sentenceOf } from '../quarantine/rules';
import { loadsText } from '../schedule';
import { documentOf, linesOf, openInput, outRecords, type RefusedLine } from '../records';

/** So long a push waits for its records to be validated; a batch of the stream takes a second or two. */
const WAIT_MS = 60_000;

export interface PushOptions {
  data?: string;
  json?: boolean;
  /** `--no-wait`: false. */
  wait: boolean;
}

/** Puts every line of a file, or the document that it is, into the stream of a serving laptop, as a producer would, and tells what became of them. */
export async function push(file: string, options: PushOptions): Promise<number> {
  const { dataDir, env, served, names } = servedFolder(options.data, 'no stream is open');
  const document = documentOf(file);
  const refused: RefusedLine[] = [];
  const records = outRecords(document ?? linesOf(openInput(file)), refused);
  const { kinesis } = clientsFor(served, names.region);
  const progress = new Progress(options.json);
  const { stream } = names;
  const zones = zonesOf(dataDir, names);
  const began = Date.now();
  const send = (onTaken?: (record: SentRecord) => void): Promise<number> =>
    progress.step(
      `send to stream ${stream}`,
      (tell) => putRecords(kinesis, stream, records, { onSent: (n) => tell(count(n)), onTaken }),
      (n) => (n === 1 ? '1 record' : `${count(n)} records`),
    );
  const sendAndWait = (): Promise<[number, Judged | undefined]> =>
    withJudge(async ({ note, judged }) => {
      const taken = await send(note);
      if (taken === 0) return [taken, undefined];
      return [
        taken,
        await progress.step(
          'validate',
          () => judged(zones, began, WAIT_MS),
          ({ accepted, rejected }) => `${count(accepted)} accepted, ${count(rejected)} rejected`,
        ),
      ];
    });
  const [sent, judged] = options.wait ? await sendAndWait() : [await send(), undefined];
  kinesis.destroy();
  if (options.json) printJson({ sent, refused, ...(judged ?? {}) });
  else if (sent > 0) print(pushedText(sent, judged, env));
  if (refused.length > 0) {
    const what = document ? 'event' : 'line';
    throw new CliError(`${refused.length} ${what}(s) exceed the size limit of a record and were not sent`, {
      where: `${file}, ${what} ${refused
        .slice(0, 5)
        .map((r) => `${r.line} (${count(r.bytes)} bytes)`)
        .join(', ')}`,
      rule: `ENV-SIZE: at most ${count(MAX_RECORD_BYTES)} bytes`,
      next: 'shorten them and push only them again; the others were sent',
      exitCode: EXIT.failed,
    });
  }
  if (sent === 0)
    throw new CliError('the input holds no record', { where: file, next: 'one envelope per line (docs/producers.md)' });
  return judged && mostRejected(judged.accepted, judged.rejected) ? EXIT.rejected : EXIT.ok;
}

/** What a push reports, and when the accepted records reach the tables. */
export function pushedText(sent: number, judged: Judged | undefined, env: string): string {
  const load = loadsText(env);
  const sentence = sent === 1 ? '1 record sent' : `${count(sent)} records sent`;
  if (!judged) return `${sentence}. ${load}`;
  const { accepted, rejected, byRule, unmapped, waiting } = judged;
  const rules = Object.entries(byRule).sort((a, b) => b[1] - a[1]);
  return [
    `${sentence}: ${count(accepted)} accepted, ${count(rejected)} rejected${waiting > 0 ? `, ${count(waiting)} not validated yet` : ''}.`,
    ...(rejected > 0
      ? [
          table(
            ['rule', 'records', 'requires'],
            rules.map(([rule, n]) => [rule, n, sentenceOf(rule)]),
          ),
          runnable('Look at them: carelake quarantine list'),
        ]
      : []),
    ...(Object.keys(unmapped).length > 0 ? [unmappedText(unmapped)] : []),
    ...(accepted > 0 ? [load] : []),
  ].join('\n');
}
