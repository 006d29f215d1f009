import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type Algorithm, ALGORITHMS, algorithmNamed } from './checksums';
import { EndpointError } from './errors';
import type { Checksums, Draft, S3Store } from './s3-types';
import { type ChunkSigner, same } from './sigv4';
import type { EndpointCall } from './types';

const malformed = (): EndpointError =>
  new EndpointError('IncompleteBody', 'the aws-chunked body is malformed or incomplete', 400);

/** Compares the pieces of a body with their signatures, each with the one before; where pieces are not signed, nothing. */
class Pieces {
  private hash = createHash('sha256');
  private said = '';

  constructor(private readonly signer: ChunkSigner | undefined) {}

  begin(extension: string | undefined): void {
    if (this.signer) this.said = /^chunk-signature=([0-9a-f]{64})$/.exec(extension ?? '')?.[1] ?? '';
  }

  add(bytes: Uint8Array): void {
    if (this.signer) this.hash.update(bytes);
  }

  /** @throws EndpointError when the piece is not the one that was signed, at this place */
  end(): void {
    if (!this.signer) return;
    this.compare('PAYLOAD', this.said);
  }

  endTrailers(lines: readonly string[], said: string): void {
    if (!this.signer) return;
    for (const line of lines) this.hash.update(`${line}\n`);
    this.compare('TRAILER', said);
  }

  private compare(kind: 'PAYLOAD' | 'TRAILER', said: string): void {
    const expected = (this.signer as ChunkSigner).next(kind, this.hash.digest('hex'));
    this.hash = createHash('sha256');
    if (!same(expected, said))
      throw new EndpointError('SignatureDoesNotMatch', 'The signature of a piece of the body does not match it.', 403);
  }
}

/**
 * Takes the payload out of an aws-chunked body: size line, bytes, …, size 0, trailers. Trailers come by lower-case name.
 * @param signer compares the signature of each piece, where the sender signs them
 */
async function* unchunk(
  body: AsyncIterable<Uint8Array>,
  trailers: Map<string, string>,
  signer: ChunkSigner | undefined,
  trailersSigned: boolean,
): AsyncIterable<Uint8Array> {
  const pieces = new Pieces(signer);
  const lines: string[] = [];
  let line = '';
  let left = 0;
  let state: 'size' | 'data' | 'end' | 'trailer' = 'size';
  for await (const piece of body) {
    let at = 0;
    while (at < piece.length) {
      if (state === 'data') {
        const bytes = piece.subarray(at, at + Math.min(left, piece.length - at));
        pieces.add(bytes);
        yield bytes;
        at += bytes.length;
        left -= bytes.length;
        if (left === 0) {
          pieces.end();
          state = 'end';
        }
        continue;
      }
      const newline = piece.indexOf(10, at);
      const stop = newline < 0 ? piece.length : newline + 1;
      line += Buffer.from(piece.subarray(at, stop)).toString('latin1');
      at = stop;
      if (line.length > 16_384) throw malformed();
      if (newline < 0) break;
      const content = line.trimEnd();
      line = '';
      if (state === 'trailer') addTrailer(content, trailers, lines);
      else if (state === 'end') state = 'size';
      else {
        const [size = '', extension] = content.split(';');
        if (!/^[0-9a-fA-F]{1,12}$/.test(size)) throw malformed();
        left = parseInt(size, 16);
        pieces.begin(extension);
        if (left === 0) pieces.end();
        state = left === 0 ? 'trailer' : 'data';
      }
    }
  }
  if (state !== 'trailer') throw malformed();
  if (trailersSigned) pieces.endTrailers(lines, trailers.get('x-amz-trailer-signature') ?? '');
}

function addTrailer(content: string, trailers: Map<string, string>, lines: string[]): void {
  const colon = content.indexOf(':');
  if (colon <= 0) return;
  const [name, value] = [content.slice(0, colon).trim().toLowerCase(), content.slice(colon + 1).trim()];
  trailers.set(name, value);
  if (name !== 'x-amz-trailer-signature') lines.push(`${name}:${value}`);
}

/** Algorithms that the headers announce: a checksum, a trailer, or a wish. */
function announced(call: EndpointCall): Algorithm[] {
  const names = [
    ...Object.keys(call.headers).filter((h) => h.startsWith('x-amz-checksum-')),
    ...(call.headers['x-amz-trailer'] ?? '').split(',').map((t) => t.trim().toLowerCase()),
  ].map((h) => h.replace(/^x-amz-checksum-/, ''));
  const wished = call.headers['x-amz-sdk-checksum-algorithm'] ?? call.headers['x-amz-checksum-algorithm'] ?? '';
  return [...new Set([...names, wished].flatMap((n) => algorithmNamed(n) ?? []))];
}

/** A body on disk, checked against everything its sender said of it. */
export interface Received {
  readonly draft: Draft;
  /** The checksums to keep: those announced, else S3's own choice. */
  readonly checksums: Checksums;
}

/**
 * Receives a body as a draft: streamed, unchunked, hashed and compared with the sender's checksums and lengths.
 * @throws EndpointError BadDigest, InvalidDigest, IncompleteBody.
 */
export async function receive(store: S3Store, call: EndpointCall, extra: readonly Algorithm[] = []): Promise<Received> {
  const { headers } = call;
  const payload = headers['x-amz-content-sha256'] ?? '';
  const chunked = (headers['content-encoding'] ?? '').includes('aws-chunked') || payload.startsWith('STREAMING-');
  const wanted = announced(call);
  // S3 gives an object that comes without a checksum a CRC-64 of its own.
  const algorithms = [...new Set<Algorithm>([...(wanted.length > 0 ? wanted : (['crc64nvme'] as const)), ...extra])];
  const trailers = new Map<string, string>();
  call.continueBody();
  const signed = payload.endsWith('-PAYLOAD-TRAILER') && call.chunks !== undefined;
  const body = chunked ? unchunk(call.body, trailers, call.chunks, signed) : call.body;
  const draft = await store.draft(body, algorithms);
  try {
    const length = chunked ? headers['x-amz-decoded-content-length'] : headers['content-length'];
    if (length !== undefined && Number(length) !== draft.size)
      throw new EndpointError(
        'IncompleteBody',
        'You did not provide the number of bytes specified by the Content-Length HTTP header',
      );
    const md5 = headers['content-md5'];
    if (md5 !== undefined && md5 !== draft.md5.toString('base64'))
      throw new EndpointError('BadDigest', 'The Content-MD5 you specified did not match what we received.');
    for (const algorithm of algorithms) {
      const name = `x-amz-checksum-${algorithm}`;
      const said = trailers.get(name) ?? headers[name];
      if (said !== undefined && said !== draft.checksums[algorithm])
        throw new EndpointError(
          'BadDigest',
          `The ${ALGORITHMS[algorithm]} you specified did not match the calculated checksum.`,
        );
    }
  } catch (error) {
    discard(draft);
    throw error;
  }
  return { draft, checksums: draft.checksums };
}

/** Removes a draft that gets no key. */
export function discard(draft: Draft): void {
  rmSync(draft.path, { force: true });
}

/** `x-amz-checksum-…` headers of stored checksums. */
export function checksumHeaders(checksums: Checksums | undefined, type?: string): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [algorithm, value] of Object.entries(checksums ?? {})) out[`x-amz-checksum-${algorithm}`] = value;
  return type !== undefined && Object.keys(out).length > 0 ? { ...out, 'x-amz-checksum-type': type } : out;
}

/** The same as XML members: `ChecksumCRC32`, … */
export function checksumMembers(checksums: Checksums | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(checksums ?? {}).map(([a, value]) => [`Checksum${ALGORITHMS[a as Algorithm]}`, value]),
  );
}
