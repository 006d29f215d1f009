import { loadsOnArrival } from '../../config';
import { clientsFor } from '../clients';
import { CliError, EXIT, runnable } from '../errors';
import { existingFolder, servedBy } from '../folder';
import { count, print, printJson, Progress } from '../output';
import { putRecords } from '../put-records';
import { linesOf, openInput, type OutRecord, partitionKeyOf, type RefusedLine } from '../records';
import { MAX_RECORD_BYTES } from '../../contracts/envelope';

/** Puts every line of a file into the stream of a serving laptop, as a producer would. */
export async function push(file: string, options: { data?: string; json?: boolean }): Promise<number> {
  const { dataDir, run } = existingFolder(options.data);
  const served = servedBy(dataDir);
  if (!served || !run.names) {
    throw new CliError('nothing serves this data folder, so no stream is open', {
      where: dataDir,
      next: `in another terminal: npm start${options.data === undefined ? '' : ` -- --data ${options.data}`}`,
    });
  }
  const input = openInput(file);
  const { kinesis } = clientsFor(served, run.names.region);
  const refused: RefusedLine[] = [];
  const progress = new Progress(options.json);
  const stream = run.names.stream;
  const sent = await progress.step(
    `send to stream ${stream}`,
    (tell) => putRecords(kinesis, stream, recordsOf(input, refused), { onSent: (n) => tell(count(n)) }),
    (n) => `${count(n)} records`,
  );
  kinesis.destroy();
  if (options.json) printJson({ sent, refused });
  else if (sent > 0) print(runnable(`${count(sent)} records sent. ${whatFollows(run.env)}`));
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
  return EXIT.ok;
}

function whatFollows(env: string): string {
  return loadsOnArrival(env)
    ? 'They are validated and loaded now: carelake sql "select * from ops.conservation"'
    : `They are validated now; environment ${env} loads on a schedule, or at once by: carelake load`;
}

async function* recordsOf(input: ReturnType<typeof openInput>, refused: RefusedLine[]): AsyncGenerator<OutRecord> {
  for await (const { line, bytes } of linesOf(input)) {
    if (bytes.length > MAX_RECORD_BYTES) refused.push({ line, bytes: bytes.length, rule: 'ENV-SIZE' });
    else yield { partitionKey: partitionKeyOf(bytes), data: bytes };
  }
}
