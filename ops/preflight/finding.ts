/** What a check of the account found. */
export interface Finding {
  id: string;
  title: string;
  /** ok: as needed · missing: the deployment or its use will fail · warn: works, read this · confirm: no API tells */
  status: 'ok' | 'missing' | 'warn' | 'confirm';
  found: string;
  /** The command or the step that mends it; empty when there is nothing to mend. */
  mend: string;
}

/** A finding; what is in order needs no mending. */
export const finding = (id: string, title: string, status: Finding['status'], found: string, mend = ''): Finding => ({
  id,
  title,
  status,
  found,
  mend: status === 'ok' ? '' : mend,
});

/** Name of an API's error; its text may say more than a report should show. */
export const errorName = (error: unknown): string => (error instanceof Error ? error.name : 'unknown error');
