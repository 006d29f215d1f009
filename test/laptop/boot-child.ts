import { bootPlatform } from '@carelake/laptop/runtime';

/** Boots, puts records without end, and tells how many are in the stream: a process to be killed. */
async function main([assemblyDir, dataDir]: string[]): Promise<void> {
  const { endpoints } = await bootPlatform({ assemblyDir: assemblyDir!, dataDir: dataDir!, port: 0 });
  const stream = endpoints.kinesis.list()[0]!;
  for (let sent = 0; ;) {
    const records = Array.from({ length: 100 }, () => ({
      partitionKey: `p${sent % 7}`,
      data: Buffer.from(`record ${sent++}`),
    }));
    endpoints.kinesis.putRecords(stream, records);
    process.stdout.write(`${sent}\n`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
void main(process.argv.slice(2));
