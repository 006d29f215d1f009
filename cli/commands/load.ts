import { SFNClient } from '@aws-sdk/client-sfn';
import { EXIT } from '../errors';
import { execute } from '../executions';
import { servedFolder } from '../folder';
import { count, print, printJson, Progress } from '../output';
import { queryServed } from '../sql';

/** Starts the load now, as `aws stepfunctions start-execution` does in the account, and waits until nothing is pending. */
export async function load(options: { data?: string; json?: boolean; full?: boolean }): Promise<number> {
  const { dataDir, served, names } = servedFolder(options.data, 'nothing can be loaded');
  const events = async (): Promise<number> =>
    Number((await queryServed(served, names, 'SELECT coalesce(sum("read"), 0) FROM ops.conservation')).rows[0]![0]);
  const client = new SFNClient({ endpoint: served.url, region: names.region, credentials: served.credentials });
  try {
    const before = await events();
    const window = options.full ? 'full' : 'open';
    await new Progress(options.json).step('load', () =>
      execute(
        client,
        names.loadMachine,
        { window },
        {
          what: 'the load',
          where: `${dataDir}/logs`,
          next: 'the log of the load function says why; then: carelake load',
        },
      ),
    );
    const read = (await events()) - before;
    if (options.json) printJson({ read });
    else print(read === 0 ? 'Nothing was pending.' : `${count(read)} events loaded.`);
    return EXIT.ok;
  } finally {
    client.destroy();
  }
}
