import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttp2Server, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { inBackground } from '../background';
import type { RawRequest } from './router';
import type { EndpointReply } from './types';

type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;

/** First bytes of cleartext HTTP/2 with prior knowledge, which the Kinesis client of SDK v3 speaks. */
const PREFACE = 'PRI * HTTP/2.0';

export interface Listener {
  /** Opens 127.0.0.1; 0 takes any free port. */
  listen(port: number): Promise<number>;
  /** Stops listening and ends every connection. */
  close(): Promise<void>;
}

/** How long a connection may keep others waiting, in milliseconds. */
export interface Patience {
  /** From the connection to its first byte, and from there to the end of a request's headers. */
  readonly headMs: number;
  /** Between two requests of a connection. */
  readonly restMs: number;
  /** Without any byte in either direction within a request. */
  readonly stallMs: number;
}
const PATIENCE: Patience = { headMs: 30_000, restMs: 60_000, stallMs: 300_000 };

/** One port on loopback that speaks HTTP/1.1 and cleartext HTTP/2, distinguished by the first bytes. */
export function createListener(
  handle: (request: RawRequest) => Promise<EndpointReply>,
  patience: Patience = PATIENCE,
): Listener {
  const respond = (request: Request, response: Response, holdsBody: boolean): void => {
    inBackground('the answer to a request', answer(handle, request, response, holdsBody));
  };
  const http1 = http1Server(patience);
  http1.on('request', (request: IncomingMessage, response: ServerResponse) => respond(request, response, false));
  http1.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => respond(request, response, true));
  const http2 = createHttp2Server({ settings: { initialWindowSize: 1024 * 1024 } });
  http2.on('session', (session) => {
    session.setLocalWindowSize(16 * 1024 * 1024);
    session.setTimeout(patience.stallMs, () => session.destroy());
  });
  http2.on('request', (request, response) => respond(request, response, false));
  http2.on('checkContinue', (request, response) => respond(request, response, true));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setNoDelay(true);
    const silent = (): void => void socket.destroy();
    socket.setTimeout(patience.headMs, silent);
    tellApart(socket, (isHttp2) => {
      socket.setTimeout(0).removeListener('timeout', silent);
      (isHttp2 ? http2 : http1).emit('connection', socket);
    });
  });
  return {
    listen: (port) => open(server, port),
    close: () => {
      http1.close();
      return close(server, sockets);
    },
  };
}

function http1Server({ headMs, restMs, stallMs }: Patience): HttpServer {
  const http1 = createHttpServer({
    keepAliveTimeout: restMs,
    headersTimeout: headMs,
    // A large body may take its time, as long as it moves.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(headMs, 30_000),
  });
  http1.setTimeout(stallMs);
  // It gets its connections from another server; only a listening one would look for those whose headers never end.
  http1.emit('listening');
  return http1;
}

function tellApart(socket: Socket, decide: (isHttp2: boolean) => void): void {
  const onReadable = (): void => {
    const head = socket.read() as Buffer | null;
    if (head === null) return;
    socket.removeListener('readable', onReadable);
    socket.unshift(head);
    const start = head.toString('latin1', 0, PREFACE.length);
    decide(start.length >= 3 && PREFACE.startsWith(start));
  };
  socket.on('readable', onReadable);
}

function open(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE')
        reject(
          new Error(
            `port ${port} on 127.0.0.1 is in use: another carelake or another program listens on it. Stop it, or choose another port with --port N (0 means any free one).`,
          ),
        );
      else if (error.code === 'EACCES')
        reject(new Error(`port ${port} needs more rights than this user has: choose one above 1023 with --port N.`));
      else reject(error);
    });
    server.listen({ port, host: '127.0.0.1' }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

function close(server: Server, sockets: Set<Socket>): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) return resolve();
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });
}

async function answer(
  handle: (request: RawRequest) => Promise<EndpointReply>,
  request: Request,
  response: Response,
  holdsBody: boolean,
): Promise<void> {
  let asked = !holdsBody;
  const continueBody = (): void => {
    if (!asked) response.writeContinue();
    asked = true;
  };
  try {
    const reply = await handle({
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers: request.headers as Record<string, string | undefined>,
      body: request,
      continueBody,
    });
    const headers: Record<string, string> = { ...reply.headers };
    // The body that was never asked for would be read as the next request.
    if (!asked && request.httpVersionMajor === 1) headers['connection'] = 'close';
    await send(response, { ...reply, headers });
  } catch {
    // The client has gone, or a body broke off half-way: an unfinished answer must not look finished.
    (response as ServerResponse).destroy();
  }
}

async function send(response: Response, reply: EndpointReply): Promise<void> {
  const { body, headers = {} } = reply;
  // Both HTTPs have these two calls, with types that have no common form.
  const out = response as ServerResponse;
  if (body instanceof Readable) {
    out.writeHead(reply.status, headers);
    await pipeline(body, out);
    return;
  }
  const bytes = body === undefined ? undefined : Buffer.from(body as Uint8Array);
  const length =
    bytes !== undefined && headers['content-length'] === undefined ? { 'content-length': String(bytes.length) } : {};
  const empty =
    bytes === undefined && headers['content-length'] === undefined && reply.status !== 204 && reply.status !== 304
      ? { 'content-length': '0' }
      : {};
  out.writeHead(reply.status, { ...headers, ...length, ...empty });
  out.end(bytes);
}
