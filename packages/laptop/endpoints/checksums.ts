import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

export type Algorithm = 'crc32' | 'crc32c' | 'crc64nvme' | 'sha1' | 'sha256';

/** Algorithms in S3's spelling of headers and elements. */
export const ALGORITHMS: Readonly<Record<Algorithm, string>> = {
  crc32: 'CRC32',
  crc32c: 'CRC32C',
  crc64nvme: 'CRC64NVME',
  sha1: 'SHA1',
  sha256: 'SHA256',
};

/** Finds an algorithm by S3's spelling, e.g. of `x-amz-sdk-checksum-algorithm`. */
export function algorithmNamed(name: string): Algorithm | undefined {
  return (Object.keys(ALGORITHMS) as Algorithm[]).find((a) => a === name.toLowerCase());
}

/** A checksum over bytes that come in pieces. */
export interface Hasher {
  update(chunk: Uint8Array): void;
  /** Raw bytes; ends the hasher. */
  digest(): Buffer;
}

/** Starts a checksum. */
export function hasher(algorithm: Algorithm | 'md5'): Hasher {
  switch (algorithm) {
    case 'crc32':
      return crcOf((chunk, crc) => crc32(chunk, crc));
    case 'crc32c':
      return crcOf(crc32c);
    case 'crc64nvme':
      return crc64();
    default:
      return createHash(algorithm);
  }
}

/** Checksum of bytes that are all there. */
export function digestOf(algorithm: Algorithm | 'md5', bytes: Uint8Array): Buffer {
  const one = hasher(algorithm);
  one.update(bytes);
  return one.digest();
}

function crcOf(step: (chunk: Uint8Array, crc: number) => number): Hasher {
  let crc = 0;
  return {
    update: (chunk) => {
      crc = step(chunk, crc);
    },
    digest: () => {
      const out = Buffer.alloc(4);
      out.writeUInt32BE(crc >>> 0);
      return out;
    },
  };
}

/** Castagnoli polynomial, reflected. */
const CRC32C = Uint32Array.from({ length: 256 }, (_, i) => {
  let c = i;
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
  return c >>> 0;
});
function crc32c(chunk: Uint8Array, start: number): number {
  let c = ~start;
  for (let i = 0; i < chunk.length; i++) c = (CRC32C[(c ^ (chunk[i] as number)) & 0xff] as number) ^ (c >>> 8);
  return ~c >>> 0;
}

/** NVMe's 64-bit polynomial, reflected, in halves: 64-bit integers of JavaScript are too slow for bodies. */
const CRC64 = (() => {
  const low = new Int32Array(256);
  const high = new Int32Array(256);
  for (let i = 0; i < 256; i++) {
    let c = BigInt(i);
    for (let k = 0; k < 8; k++) c = c & 1n ? (c >> 1n) ^ 0x9a6c9329ac4bc9b5n : c >> 1n;
    low[i] = Number(c & 0xffffffffn) | 0;
    high[i] = Number(c >> 32n) | 0;
  }
  return { low, high };
})();
function crc64(): Hasher {
  let low = -1;
  let high = -1;
  return {
    update: (chunk) => {
      const { low: tl, high: th } = CRC64;
      for (let i = 0; i < chunk.length; i++) {
        const at = (low ^ (chunk[i] as number)) & 0xff;
        low = ((low >>> 8) | (high << 24)) ^ (tl[at] as number);
        high = (high >>> 8) ^ (th[at] as number);
      }
    },
    digest: () => {
      const out = Buffer.alloc(8);
      out.writeInt32BE(~high, 0);
      out.writeInt32BE(~low, 4);
      return out;
    },
  };
}
