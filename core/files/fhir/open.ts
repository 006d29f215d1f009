import type { FileRule } from '../../../profiles/rules';
import type { ByteSource } from '../source';
import { DOCUMENT_BYTES } from './document';

const LF = 10;
const BLOCK = 1024 * 1024;

/** How a file of FHIR is laid out: one JSON document, which is read as a whole, or a resource per line. */
export type Layout = { document: Buffer } | { document: null } | { rule: FileRule; message: string };

/** @param skip bytes of a byte-order mark */
export async function layoutOf(source: ByteSource, skip: number): Promise<Layout> {
  const line = await firstLine(source, skip);
  if (line === null) return TOO_LARGE;
  const text = line.text.toString('utf8').trim();
  if (!text.startsWith('{'))
    return {
      rule: 'FIL-HDR-06',
      message: text.startsWith('<')
        ? 'the file is XML; FHIR is read as JSON'
        : 'the file does not begin with a JSON object',
    };
  // A line that is broken by itself costs no more than itself; one that leaves off in the middle of something begins a document, unless a whole
  // value follows it.
  const isLine = isJson(text)
    ? !(await isBlankFrom(source, line.end))
    : !/[{[,:]$/.test(text) || (await isFollowedByObject(source, line.end));
  if (isLine && line.end < source.size) return { document: null };
  return source.size > DOCUMENT_BYTES ? TOO_LARGE : { document: Buffer.from(await source.read(0, source.size)) };
}

const TOO_LARGE: Layout = {
  rule: 'FIL-FHR-01',
  message: `one JSON document of more than ${DOCUMENT_BYTES / 1024 / 1024} MiB is not read: write it as NDJSON, a resource per line (jq -c '.entry[].resource'; references by urn:uuid lead nowhere then)`,
};

/** The first line that is not blank, and the byte after it; null where it is longer than a document may be. */
async function firstLine(source: ByteSource, skip: number): Promise<{ text: Buffer; end: number } | null> {
  let text = Buffer.alloc(0);
  for (let at = skip; at < source.size && text.length <= DOCUMENT_BYTES;) {
    const block = Buffer.from(await source.read(at, Math.min(BLOCK, source.size - at)));
    let from = 0;
    for (let end = block.indexOf(LF); end >= 0; end = block.indexOf(LF, from)) {
      text = Buffer.concat([text, block.subarray(from, end)]);
      if (text.toString('latin1').trim() !== '') return { text, end: at + end + 1 };
      text = Buffer.alloc(0);
      from = end + 1;
    }
    text = Buffer.concat([text, block.subarray(from)]);
    at += block.length;
  }
  return text.length > DOCUMENT_BYTES ? null : { text, end: source.size };
}

async function isFollowedByObject(source: ByteSource, at: number): Promise<boolean> {
  const text = (await firstLine(source, at))?.text.toString('utf8').trim() ?? '';
  return text.startsWith('{') && isJson(text);
}

async function isBlankFrom(source: ByteSource, at: number): Promise<boolean> {
  if (source.size - at > BLOCK) return false;
  return (
    Buffer.from(await source.read(at, source.size - at))
      .toString('latin1')
      .trim() === ''
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
