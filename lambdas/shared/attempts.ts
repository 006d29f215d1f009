import { DeleteObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { putIfAbsent } from './s3';

/** Attempts that a record, alone in its batch, or a given-up object may take a process with it. The next one leaves it unread. */
const DEADLY_ATTEMPTS = 2;
/** Batches whose marks could not be removed and that are remembered instead. */
const MOST_REMEMBERED = 1000;

/** Key of the mark that work has begun for the nth time; undefined for what is not marked. */
export type Marks = ((attempt: number) => string) | undefined;

/**
 * Marks in the control bucket that tell a record that ends the process (memory, time) from one that waits for a store.
 * A process that dies can say nothing, and Lambda tells no function how often it tried; but it splits a batch whose
 * invocation failed, so that what kills ends up alone. Of the stream only a batch of one record is therefore marked: before the work
 * on it begins, and unmarked once its objects are made, before they are written. What a store refuses is never counted.
 * A mark is written where there is none yet, which also tells whether there is one. A mark whose answer is lost may have been stored, though
 * no work begins: it is taken back, and this process does not count it.
 */
export class Attempts {
  /** Batches that this process has survived but has not unmarked. */
  private readonly survived = new Set<string>();

  /** @param marker sends each request once: a second try would find the mark of the first and take it for one of another attempt */
  constructor(
    private readonly s3: S3Client,
    private readonly marker: S3Client,
    private readonly bucket: string,
  ) {}

  /**
   * Marks the beginning of work.
   * @returns marks that the batch may now have; undefined where it has ended the process as often as it may
   */
  async begin(marks: Marks): Promise<number | undefined> {
    if (!marks) return 0;
    if (this.survived.has(marks(1))) return DEADLY_ATTEMPTS;
    for (let attempt = 1; attempt <= DEADLY_ATTEMPTS; attempt++)
      if (await putIfAbsent(this.marker, this.bucket, marks(attempt), '{}')) return attempt;
    return undefined;
  }

  /** Takes back what a beginning may have marked that had no answer, or none in time: the record was not looked at. */
  async withdraw(marks: Marks): Promise<void> {
    if (!marks) return;
    await this.end(marks, DEADLY_ATTEMPTS);
    // The mark may still be on its way.
    this.survived.add(marks(1));
  }

  /** Unmarks a batch that this process has survived. A store that fails here fails nothing: the process remembers. */
  async end(marks: Marks, count: number): Promise<void> {
    if (!marks || count === 0) return;
    if (this.survived.size >= MOST_REMEMBERED) this.survived.clear();
    this.survived.add(marks(1));
    try {
      for (let attempt = count; attempt >= 1; attempt--)
        await this.s3.send(new DeleteObjectCommand({ Bucket: this.bucket, Key: marks(attempt) }));
      this.survived.delete(marks(1));
    } catch {
      // The marks stay: should the batch come again, this process does not count them.
    }
  }
}
