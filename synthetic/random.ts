/**
 * The generator's own random numbers: sfc32 (Chris Doty-Humphrey's small fast counter generator), seeded through a
 * splitmix step. No library decides the sequence, so the same seed gives the same network on every machine and version.
 */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private d = 1;

  constructor(seed: number, salt = 0) {
    this.a = mix32(seed >>> 0);
    this.b = mix32((seed ^ 0x9e3779b9) >>> 0);
    this.c = mix32((salt + 0x85ebca6b) >>> 0);
    for (let i = 0; i < 12; i++) this.next();
  }

  /** A whole number in 0 .. 2^32 − 1. */
  next(): number {
    const t = (((this.a + this.b) | 0) + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + t) | 0;
    return t >>> 0;
  }

  /** A fraction in [0, 1). */
  fraction(): number {
    return this.next() / 4294967296;
  }

  /** A whole number in 0 .. bound − 1. */
  below(bound: number): number {
    return Math.floor(this.fraction() * bound);
  }

  /** A whole number in low .. high, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }

  /** An exponentially distributed number with the given mean. */
  exponential(mean: number): number {
    return -Math.log(1 - this.fraction()) * mean;
  }

  /** Puts the array into a random order, in place (Fisher and Yates). */
  shuffle<T>(items: T[]): void {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const held = items[i]!;
      items[i] = items[j]!;
      items[j] = held;
    }
  }
}

/** A one-to-one scrambling of 32 bits: different counters never give the same value. */
export function mix32(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}
