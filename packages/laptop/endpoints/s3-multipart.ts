import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock';
import { disk, makeFolder } from '../disk';
import { type Algorithm, algorithmNamed, ALGORITHMS, digestOf } from './checksums';
import { EndpointError } from './errors';
import { readOrNone, streamOf, writeAtomically } from './files';
import { readBody } from './json';
import { checksumHeaders, checksumMembers, receive } from './s3-body';
import { elements, unescapeXml } from './s3-buckets';
import { copySource, describeObject, encryptionHeaders, type ObjectCall, writeConditions } from './s3-objects';
import { versionIdOf } from './s3-kept-versions';
import type { Checksums, Draft, PutOptions } from './s3-types';
import type { EndpointReply } from './types';
import { s3Xml } from './xml';

const MIN_PART_BYTES = 5 * 1024 * 1024;

interface Upload {
  readonly bucket: string;
  readonly key: string;
  readonly startedAt: number;
  readonly algorithm?: Algorithm;
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
  readonly description: Pick<PutOptions, 'contentType' | 'headers' | 'metadata'>;
}
interface Part {
  readonly number: number;
  readonly size: number;
  readonly etag: string;
  readonly modifiedAt: number;
  readonly checksums: Checksums;
}

const quoted = (etag: string): string => `"${etag}"`;
const xml = (body: string, headers: Record<string, string> = {}): EndpointReply => ({
  status: 200,
  headers: { 'content-type': 'application/xml', ...headers },
  body,
});
const arnOf = (c: ObjectCall): string => `arn:aws:s3:::${c.bucket}/${c.key}`;

/** Multipart uploads of one data folder: parts are files, so that an upload survives a restart. */
export class Multipart {
  constructor(
    private readonly folder: string,
    private readonly clock: Clock,
  ) {
    makeFolder(folder);
  }

  create(c: ObjectCall): EndpointReply {
    c.call.allow('s3:PutObject', arnOf(c));
    c.store.list(c.bucket, { maxKeys: 0 });
    const { headers } = c.call;
    const algorithm = algorithmNamed(headers['x-amz-checksum-algorithm'] ?? '');
    // CRC-64 has no composite form; the others are composite unless the client asks for one over the whole.
    const type =
      headers['x-amz-checksum-type'] === 'FULL_OBJECT' || algorithm === 'crc64nvme' ? 'FULL_OBJECT' : 'COMPOSITE';
    const id = randomUUID().replaceAll('-', '');
    makeFolder(join(this.folder, id));
    const upload: Upload = {
      bucket: c.bucket,
      key: c.key,
      startedAt: this.clock.now(),
      algorithm,
      type,
      description: describeObject(headers),
    };
    writeAtomically(join(this.folder, id, 'upload.json'), JSON.stringify(upload));
    const answer = {
      ...(algorithm ? { 'x-amz-checksum-algorithm': ALGORITHMS[algorithm], 'x-amz-checksum-type': type } : {}),
      ...encryptionHeaders(upload.description),
    };
    return xml(s3Xml('InitiateMultipartUploadResult', { Bucket: c.bucket, Key: c.key, UploadId: id }), answer);
  }

  async putPart(c: ObjectCall): Promise<EndpointReply> {
    c.call.allow('s3:PutObject', arnOf(c));
    const { id, upload } = this.find(c);
    const number = partNumber(c);
    const { draft, checksums } = await receive(c.store, c.call, upload.algorithm ? [upload.algorithm] : []);
    const part = this.keep(id, number, draft, checksums);
    return { status: 200, headers: { etag: quoted(part.etag), ...checksumHeaders(checksums) } };
  }

  async copyPart(c: ObjectCall): Promise<EndpointReply> {
    const source = copySource(c);
    c.call.allow('s3:PutObject', arnOf(c));
    const { id, upload } = this.find(c);
    const number = partNumber(c);
    const range = /^bytes=(\d+)-(\d+)$/.exec(c.call.headers['x-amz-copy-source-range'] ?? '');
    if (range && Number(range[2]) >= source.size)
      throw new EndpointError('InvalidArgument', 'Range specified is not valid for source object');
    const bytes = streamOf(
      c.store.pathOf(source.bucket, source.key, versionIdOf(source)),
      range ? { start: Number(range[1]), end: Number(range[2]) } : undefined,
    );
    const draft = await c.store.draft(bytes, upload.algorithm ? [upload.algorithm] : []);
    const part = this.keep(id, number, draft, draft.checksums);
    return xml(
      s3Xml('CopyPartResult', {
        ETag: quoted(part.etag),
        LastModified: new Date(part.modifiedAt).toISOString(),
        ...checksumMembers(part.checksums),
      }),
    );
  }

  async complete(c: ObjectCall): Promise<EndpointReply> {
    c.call.allow('s3:PutObject', arnOf(c));
    const { id, upload } = this.find(c);
    const named = elements((await readBody(c.call, 4 * 1024 * 1024)).toString('utf8'), 'Part').map((p) => ({
      number: Number(elements(p, 'PartNumber')[0]),
      etag: unescapeXml(elements(p, 'ETag')[0] ?? '').replace(/"/g, ''),
    }));
    const parts = this.choose(id, named);
    const mark = c.store.begin(c.bucket, c.key);
    try {
      const folder = join(this.folder, id);
      const full = upload.algorithm && upload.type === 'FULL_OBJECT' ? upload.algorithm : undefined;
      const draft = await c.store.draft(
        concatenated(parts.map((p) => join(folder, `${p.number}.part`))),
        full ? [full] : upload.algorithm ? [] : ['crc64nvme'],
      );
      const checksums = upload.algorithm && !full ? composite(upload.algorithm, parts) : draft.checksums;
      const etag = `${createHash('md5')
        .update(Buffer.concat(parts.map((p) => Buffer.from(p.etag, 'hex'))))
        .digest('hex')}-${parts.length}`;
      const checksumType = upload.algorithm ? upload.type : 'FULL_OBJECT';
      const conditions = writeConditions(c.call.headers);
      const info = c.store.commit(c.bucket, c.key, draft, {
        ...upload.description,
        ...conditions,
        etag,
        checksums,
        checksumType,
        mark,
        reason: 'CompleteMultipartUpload',
      });
      rmSync(folder, { recursive: true, force: true });
      const answer = {
        Location: `/${c.bucket}/${c.key}`,
        Bucket: c.bucket,
        Key: c.key,
        ETag: quoted(info.etag),
        ...checksumMembers(info.checksums),
        ChecksumType: info.checksumType,
      };
      return xml(s3Xml('CompleteMultipartUploadResult', answer), encryptionHeaders(info));
    } finally {
      mark.end();
    }
  }

  abort(c: ObjectCall): EndpointReply {
    c.call.allow('s3:AbortMultipartUpload', arnOf(c));
    rmSync(join(this.folder, this.find(c).id), { recursive: true, force: true });
    return { status: 204 };
  }

  listParts(c: ObjectCall): EndpointReply {
    c.call.allow('s3:ListMultipartUploadParts', arnOf(c));
    const { id } = this.find(c);
    const after = Number(c.call.query.get('part-number-marker') ?? 0);
    const limit = Math.min(1000, Number(c.call.query.get('max-parts') ?? 1000));
    const rest = this.parts(id).filter((p) => p.number > after);
    const page = rest.slice(0, limit);
    return xml(
      s3Xml('ListPartsResult', {
        Bucket: c.bucket,
        Key: c.key,
        UploadId: id,
        PartNumberMarker: after,
        NextPartNumberMarker: page.at(-1)?.number,
        MaxParts: limit,
        IsTruncated: rest.length > limit,
        Part: page.map((p) => ({
          PartNumber: p.number,
          LastModified: new Date(p.modifiedAt).toISOString(),
          ETag: quoted(p.etag),
          Size: p.size,
          ...checksumMembers(p.checksums),
        })),
      }),
    );
  }

  /** ListMultipartUploads, in one page. */
  listUploads(bucket: string): EndpointReply {
    const uploads = readdirSync(this.folder)
      .flatMap((id) => {
        const upload = this.load(id);
        return upload?.bucket === bucket ? [{ id, ...upload }] : [];
      })
      .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.startedAt - b.startedAt));
    return xml(
      s3Xml('ListMultipartUploadsResult', {
        Bucket: bucket,
        MaxUploads: 1000,
        IsTruncated: false,
        Upload: uploads.map((u) => ({
          Key: u.key,
          UploadId: u.id,
          Initiated: new Date(u.startedAt).toISOString(),
          StorageClass: 'STANDARD',
        })),
      }),
    );
  }

  private find(c: ObjectCall): { id: string; upload: Upload } {
    const id = c.call.query.get('uploadId') ?? '';
    const upload = /^[0-9a-f]{32}$/.test(id) ? this.load(id) : undefined;
    if (upload?.bucket !== c.bucket || upload.key !== c.key)
      throw new EndpointError(
        'NoSuchUpload',
        'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
        404,
      );
    return { id, upload };
  }

  private load(id: string): Upload | undefined {
    const path = join(this.folder, id, 'upload.json');
    // One that is damaged is none: its client hears that it does not exist, and sends it again. So with parts.
    return readOrNone<Upload>(path, ({ bucket, key }) => bucket !== undefined && key !== undefined);
  }

  private keep(id: string, number: number, draft: Draft, checksums: Checksums): Part {
    const part: Part = {
      number,
      size: draft.size,
      etag: draft.md5.toString('hex'),
      modifiedAt: this.clock.now(),
      checksums,
    };
    disk.move(draft.path, join(this.folder, id, `${number}.part`));
    writeAtomically(join(this.folder, id, `${number}.json`), JSON.stringify(part));
    return part;
  }

  private parts(id: string): Part[] {
    return readdirSync(join(this.folder, id))
      .filter((f) => /^\d+\.json$/.test(f))
      .flatMap((f) => readOrNone<Part>(join(this.folder, id, f), ({ etag }) => etag !== undefined) ?? [])
      .sort((a, b) => a.number - b.number);
  }

  private choose(id: string, named: { number: number; etag: string }[]): Part[] {
    if (named.length === 0)
      throw new EndpointError(
        'MalformedXML',
        'The XML you provided was not well-formed or did not validate against our published schema',
      );
    if (named.some((p, i) => i > 0 && p.number <= (named[i - 1]?.number ?? 0)))
      throw new EndpointError(
        'InvalidPartOrder',
        'The list of parts was not in ascending order. Parts must be ordered by part number.',
      );
    const stored = new Map(this.parts(id).map((p) => [p.number, p]));
    return named.map(({ number, etag }, i) => {
      const part = stored.get(number);
      if (!part || part.etag !== etag)
        throw new EndpointError(
          'InvalidPart',
          "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
        );
      if (i < named.length - 1 && part.size < MIN_PART_BYTES)
        throw new EndpointError(
          'EntityTooSmall',
          'Your proposed upload is smaller than the minimum allowed size',
          400,
          {
            PartNumber: String(number),
          },
        );
      return part;
    });
  }
}

function partNumber(c: ObjectCall): number {
  const number = Number(c.call.query.get('partNumber'));
  if (!Number.isInteger(number) || number < 1 || number > 10_000)
    throw new EndpointError('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive', 400, {
      ArgumentName: 'partNumber',
    });
  return number;
}

async function* concatenated(paths: string[]): AsyncIterable<Uint8Array> {
  for (const path of paths) yield* createReadStream(path) as AsyncIterable<Uint8Array>;
}

/** Checksum of the parts' checksums, and how many they were. */
function composite(algorithm: Algorithm, parts: readonly Part[]): Checksums {
  const joined = Buffer.concat(parts.map((p) => Buffer.from(p.checksums[algorithm] ?? '', 'base64')));
  return { [algorithm]: `${digestOf(algorithm, joined).toString('base64')}-${parts.length}` };
}
