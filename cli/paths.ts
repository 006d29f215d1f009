import { statSync } from 'node:fs';

/** Whether a path leads to a file that can be read whole: no folder, nothing that is missing. */
export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
