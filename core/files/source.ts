import { type Encoding, type Text, textOf, unitBytes } from './text';

/** Bytes of a stored object, read by range. */
export interface ByteSource {
  /** Length in bytes. */
  readonly size: number;
  /** Exactly `length` bytes from `offset` on (less only at the end of the object). */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Bytes that one ranged read fetches. */
export const BLOCK_BYTES = 4 * 1024 * 1024;

/**
 * The part of a file that is in memory: what is not consumed yet plus one block. The next block is asked for while the
 * present one is parsed. Positions are code units relative to the window; `offsetOf` gives the byte in the file.
 */
export class Window {
  text: Text;
  /** Unit from which on nothing is consumed yet. */
  at = 0;
  /** What is in memory, a view of `room`. Room is kept from block to block: fresh pages would cost more than the copy. */
  private bytes: Buffer = Buffer.alloc(0);
  private room: Buffer = Buffer.alloc(0);
  private next: Promise<Uint8Array> | null = null;
  private readonly unit: 1 | 2;

  constructor(
    private readonly source: ByteSource,
    private readonly encoding: Encoding,
    /** Byte of the file at which the window starts. */
    private base: number,
    private readonly blockBytes = BLOCK_BYTES,
  ) {
    this.unit = unitBytes(encoding);
    this.text = textOf(this.bytes, encoding);
  }

  /** True once the window reaches the end of the file. */
  get complete(): boolean {
    return this.base + this.bytes.length >= this.source.size;
  }

  offsetOf(position: number): number {
    return this.base + position * this.unit;
  }

  /** Bytes between two positions. */
  bytesBetween(start: number, end: number): number {
    return (end - start) * this.unit;
  }

  /** Bytes of the file that are in memory still, as those of a record just taken are. */
  bytesAt(offset: number, length: number): Uint8Array {
    return this.bytes.subarray(offset - this.base, offset - this.base + length);
  }

  /** Drops what is consumed and appends the next block. */
  async fill(): Promise<void> {
    if (this.complete) return;
    const from = this.base + this.bytes.length;
    const block = await (this.next ?? this.read(from));
    if (block.length === 0) throw new Error('the object is shorter than its stated size');
    this.append(block);
    this.text = textOf(this.bytes, this.encoding);
    this.next = null;
    if (!this.complete) {
      this.next = this.read(from + block.length);
      this.next.catch(() => undefined); // a failed read is thrown by the fill that needs it, not as an unhandled rejection
    }
  }

  private append(block: Uint8Array): void {
    const rest = this.bytes.subarray(this.at * this.unit);
    this.base += this.at * this.unit;
    this.at = 0;
    const length = rest.length + block.length;
    const room =
      length <= this.room.length ? this.room : Buffer.allocUnsafe(length + Math.min(this.blockBytes, 256 * 1024));
    rest.copy(room);
    room.set(block, rest.length);
    this.room = room;
    this.bytes = room.subarray(0, length);
  }

  private read(offset: number): Promise<Uint8Array> {
    return this.source.read(offset, Math.min(this.blockBytes, this.source.size - offset));
  }
}
