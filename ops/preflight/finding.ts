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
