import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Bytes of a line that is not over yet which are kept; a line of a head is shorter. */
const MOST_KEPT = 16_384;

/**
 * Passes connections on to the laptop, byte for byte, and counts the forms in which requests came: a client that sends its
 * bodies in another form than supposed would prove less than its check says.
 */
export class Tap {
  /** Requests by `x-amz-content-sha256` (a hash of a body as `hash`), and the operations of S3 that matter here. */
  readonly forms: Record<string, number> = {};
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async to(endpoint: string): Promise<Tap> {
    const port = Number(new URL(endpoint).port);
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const tap = new Tap(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('connection', (client: Socket) => tap.pass(client, connect(port, '127.0.0.1')));
    return tap;
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private pass(client: Socket, laptop: Socket): void {
    for (const [socket, other] of [
      [client, laptop],
      [laptop, client],
    ] as const) {
      this.sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => this.sockets.delete(socket));
      socket.pipe(other);
    }
    let kept = '';
    client.on('data', (bytes: Buffer) => {
      const lines = (kept + bytes.toString('latin1')).split('\r\n');
      kept = lines.pop()!.slice(-MOST_KEPT);
      for (const line of lines) this.note(line);
    });
  }

  private note(line: string): void {
    const form = /^x-amz-content-sha256: *(\S+)$/i.exec(line)?.[1];
    if (form) this.count(/^[0-9a-f]{64}$/.test(form) ? 'hash' : form);
    if (/^POST \S+\?uploads\S* HTTP/.test(line)) this.count('CreateMultipartUpload');
    if (/^POST \S+\?delete\S* HTTP/.test(line)) this.count('DeleteObjects');
    if (/^x-amz-copy-source:/i.test(line)) this.count('CopyObject');
  }

  private count(what: string): void {
    this.forms[what] = (this.forms[what] ?? 0) + 1;
  }
}
