import type { S3Client } from '@aws-sdk/client-s3';
import {
  decisionKey,
  decisionsOf,
  decisionsPrefix,
  type DecisionBody,
  type Decisions,
  type Standing,
} from '../../core/files/withdrawals';
import { landingOfReading } from '../../core/files/readings';
import { isoHour } from '../../core/records/time';
import { SafeError } from './errors';
import { list, putIfAbsent } from './s3';

const ATTEMPTS = 8;

/** All decisions about landed objects and their readings. @param name only those about the landed object of this name */
export async function readDecisions(s3: S3Client, control: string, name?: string): Promise<Decisions> {
  const { objects } = await list(s3, control, { prefix: decisionsPrefix(name && landingOfReading(name)) });
  return decisionsOf(objects.map((o) => o.key));
}

/**
 * Decides that a landed object, a reading of it, or what a reading lacks is withdrawn or stands, unless that was the last word already. Whatever
 * was never decided about stands.
 * @param arrivalMs when the object landed
 * @returns whether this call changed anything
 */
export async function decide(
  s3: S3Client,
  control: string,
  name: string,
  state: Standing,
  arrivalMs: number,
): Promise<boolean> {
  const body: DecisionBody = { arrival_hour: isoHour(arrivalMs) };
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const last = (await readDecisions(s3, control, name)).get(name);
    if ((last?.state ?? 'standing') === state) return false;
    const decision = { name, n: (last?.n ?? 0) + 1, state };
    if (await putIfAbsent(s3, control, decisionKey(decision), JSON.stringify(body))) return true;
  }
  throw new SafeError('LAKE-BUSY', `could not decide about ${name} in ${ATTEMPTS} attempts`);
}
