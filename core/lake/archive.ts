/** Whether an object can be read now, by its storage class, and how long one in an archive has to be waited for. */

/** What a listing tells of an object's place in the archive. */
export interface Stored {
  readonly storageClass?: string;
  /** Whether S3 is fetching it. */
  readonly restoring?: boolean;
  /** Until when the copy stays that S3 has fetched, ms since 1970. */
  readonly restoredUntil?: number;
}

/** Hours that a standard restore takes at most; other classes are read at once, GLACIER_IR among them. */
const RESTORE_HOURS: Readonly<Record<string, number>> = { GLACIER: 5, DEEP_ARCHIVE: 12 };
/** Days for which a restored copy is kept: time for a backfill and one more try. */
export const RESTORED_DAYS = 7;

export type Readiness = 'ready' | 'archived' | 'restoring';

/** Whether an object is read at once, has to be restored, or is being restored. */
export function readiness({ storageClass, restoring, restoredUntil }: Stored, nowMs: number): Readiness {
  if (!(storageClass && storageClass in RESTORE_HOURS)) return 'ready';
  if (restoring) return 'restoring';
  return restoredUntil !== undefined && restoredUntil > nowMs ? 'ready' : 'archived';
}

/** Hours after which a restore that is asked for now has surely ended. */
export const restoreHours = (storageClass: string | undefined): number => RESTORE_HOURS[storageClass ?? ''] ?? 0;
