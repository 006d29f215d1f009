/** A buffer that grows and is used again for every page: pages of one batch would else cost as much garbage. */
export class Scratch {
  bytes = Buffer.alloc(1 << 20);
  view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
  at = 0;

  room(more: number): void {
    if (this.at + more <= this.bytes.length) return;
    const grown = Buffer.alloc(Math.max(this.bytes.length * 2, this.at + more));
    grown.set(this.bytes.subarray(0, this.at));
    this.bytes = grown;
    this.view = new DataView(grown.buffer, grown.byteOffset, grown.length);
  }

  /** A text with its length in front, as Parquet's plain encoding has it. */
  text(value: string): void {
    this.room(4 + value.length * 3);
    const start = this.at + 4;
    let at = start;
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code >= 0x80) {
        at = start + this.bytes.write(value, start, 'utf8');
        break;
      }
      this.bytes[at++] = code;
    }
    this.view.setUint32(this.at, at - start, true);
    this.at = at;
  }

  binary(value: Uint8Array): void {
    this.room(4 + value.length);
    this.view.setUint32(this.at, value.length, true);
    this.bytes.set(value, this.at + 4);
    this.at += 4 + value.length;
  }

  /** A whole number below 2^53 as INT64, without making a bigint of it. */
  int64(value: number): void {
    this.room(8);
    const high = Math.floor(value / 4_294_967_296);
    this.view.setUint32(this.at, value - high * 4_294_967_296, true);
    this.view.setInt32(this.at + 4, high, true);
    this.at += 8;
  }

  bigint(value: bigint): void {
    this.room(8);
    this.view.setBigInt64(this.at, value, true);
    this.at += 8;
  }

  /** Sixteen bytes, the highest first, in two's complement. */
  int128(value: bigint): void {
    this.room(16);
    this.view.setBigInt64(this.at, value >> 64n);
    this.view.setBigUint64(this.at + 8, BigInt.asUintN(64, value));
    this.at += 16;
  }

  int32(value: number): void {
    this.room(4);
    this.view.setInt32(this.at, value, true);
    this.at += 4;
  }

  double(value: number): void {
    this.room(8);
    this.view.setFloat64(this.at, value, true);
    this.at += 8;
  }

  varint(value: number): void {
    this.room(5);
    while (value >= 0x80) {
      this.bytes[this.at++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    this.bytes[this.at++] = value;
  }
}
