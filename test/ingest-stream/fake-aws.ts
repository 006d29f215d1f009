import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Stored {
  body: Buffer;
  checksum: string | null;
}

/** An answer to give instead of serving the request. */
export interface Fault {
  status: number;
  code: string;
}

/**
 * The few calls that ingest makes, over HTTP, so that the plain SDK clients are what is tested: conditional PutObject and
 * HeadObject with checksums, and GetSecretValue.
 */
export class FakeAws {
  readonly objects = new Map<string, Stored>();
  /** Every request as `METHOD bucket/key`, in order. */
  readonly calls: string[] = [];
  secret = '';
  /** Called before each request; an answer here is given instead. */
  fault: (call: string) => Fault | undefined = () => undefined;
  /** Called before each write of a new object; where it says so the object is stored, and the answer lost. */
  loses: (call: string) => boolean = () => false;
  /** Called before each request; where it says so there is never an answer. */
  hangs: (call: string) => boolean = () => false;
  private server: Server | undefined;

  async start(): Promise<string> {
    this.server = createServer((req, res) => void this.serve(req, res));
    await new Promise<void>((done) => this.server!.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((done) => this.server?.close(done));
  }

  keys(bucket: string): string[] {
    return [...this.objects.keys()]
      .filter((k) => k.startsWith(`${bucket}/`))
      .map((k) => k.slice(bucket.length + 1))
      .sort();
  }

  private async serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const path = decodeURIComponent((req.url ?? '').split('?')[0]).slice(1);
    const target = req.headers['x-amz-target'];
    const call = target ? String(target) : `${req.method} ${path}`;
    this.calls.push(call);
    if (this.hangs(call)) return;
    const fault = this.fault(call);
    if (fault) return this.refuse(res, fault.status, fault.code);
    if (req.method === 'PUT' && !this.objects.has(path) && this.loses(call)) {
      this.objects.set(path, { body, checksum: null });
      return this.refuse(res, 503, 'ServiceUnavailable');
    }
    if (target === 'secretsmanager.GetSecretValue') {
      res.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
      res.end(JSON.stringify({ Name: 'key', SecretString: this.secret }));
    } else if (req.method === 'PUT') this.put(req, res, path, body);
    else if (req.method === 'DELETE') {
      this.objects.delete(path);
      res.writeHead(204).end();
    } else this.head(res, path);
  }

  private put(req: IncomingMessage, res: ServerResponse, path: string, body: Buffer): void {
    const checksum = (req.headers['x-amz-checksum-sha256'] as string | undefined) ?? null;
    if (checksum !== null && createHash('sha256').update(body).digest('base64') !== checksum)
      return this.refuse(res, 400, 'BadDigest');
    if (req.headers['if-none-match'] === '*' && this.objects.has(path))
      return this.refuse(res, 412, 'PreconditionFailed');
    this.objects.set(path, { body, checksum });
    res.writeHead(200, { etag: '"opaque"' }).end();
  }

  private head(res: ServerResponse, path: string): void {
    const stored = this.objects.get(path);
    if (!stored) return void res.writeHead(404).end();
    res
      .writeHead(200, {
        'content-length': stored.body.length,
        ...(stored.checksum ? { 'x-amz-checksum-sha256': stored.checksum } : {}),
      })
      .end();
  }

  private refuse(res: ServerResponse, status: number, code: string): void {
    res.writeHead(status, { 'content-type': 'application/xml', 'x-amzn-errortype': code });
    res.end(`<Error><Code>${code}</Code><Message>refused: Zq7Canary</Message></Error>`);
  }
}
