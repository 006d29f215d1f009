import { randomUUID } from 'node:crypto';
import { copyFileSync, linkSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CopyError } from './copy-error';

/** Where the engine may open files: a folder of a random name that holds what the statements under way were given, and nothing else. */
export class Staging {
  /** With a slash at its end, as the engine compares it. */
  readonly root: string;

  constructor(private readonly folder: string) {
    this.root = `${join(folder, randomUUID())}/`;
  }

  /** Makes the folder, once the warehouse is this process's alone: what a killed one was given is nobody's any more. */
  begin(): void {
    rmSync(this.folder, { recursive: true, force: true });
    mkdirSync(this.root, { recursive: true, mode: 0o700 });
  }

  close(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** What one session has opened to the engine. It ends with the session. */
export class StagedFiles {
  private folder?: string;
  private count = 0;

  constructor(private readonly staging: Pick<Staging, 'root'>) {}

  /** Opens files to the engine: by a second name for the same bytes, which are written once. @returns their names for the engine. */
  open(files: readonly string[]): string[] {
    return files.map((file, i) => {
      const name = this.draft();
      try {
        linkSync(file, name);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? '';
        if (code === 'ENOENT') throw new CopyError(`NoSuchKey: object ${i + 1} of ${files.length} does not exist`);
        // File systems without links, or with a limit of them.
        if (!['EPERM', 'EXDEV', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'].includes(code)) throw error;
        copyFileSync(file, name);
      }
      return name;
    });
  }

  /** A name that the engine may write to. */
  draft(): string {
    if (this.folder === undefined) {
      this.folder = join(this.staging.root, randomUUID());
      mkdirSync(this.folder, { mode: 0o700 });
    }
    return join(this.folder, `${this.count++}.parquet`);
  }

  close(): void {
    if (this.folder !== undefined) rmSync(this.folder, { recursive: true, force: true });
    this.folder = undefined;
  }
}
