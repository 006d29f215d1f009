import { type LoadTrigger, loadConfig } from '../config';
import { runnable } from './hints';

const DAILY = /^(\d{1,2}) (\d{1,2}) \* \* \? \*$/;

/** How often a load is started where nothing but the clock starts one. */
export function cadence(trigger: Exclude<LoadTrigger, { kind: 'onArrival' }>): string {
  if (trigger.kind === 'rate') return `every ${trigger.minutes} minutes`;
  const [, minute, hour] = DAILY.exec(trigger.expression) ?? [];
  if (hour === undefined || minute === undefined) return `by cron(${trigger.expression}) in ${trigger.timezone}`;
  return `every day at ${hour.padStart(2, '0')}:${minute.padStart(2, '0')} ${trigger.timezone}`;
}

/** When accepted records reach the tables, for somebody who has just sent some. */
export function loadsText(env: string): string {
  const { trigger } = loadConfig(env).load;
  if (trigger.kind === 'onArrival')
    return runnable('Accepted records are being loaded: carelake sql "select * from ops.conservation"');
  return runnable(`Environment ${env} loads accepted records ${cadence(trigger)}; to load them now: carelake load`);
}

/** Why an environment that is not meant for a laptop takes its time on one. */
export function waitText(env: string): string {
  const { ingest, load } = loadConfig(env);
  return `  environment ${env} waits on purpose, here as in the account: its stream collects records for ${ingest.windowSeconds} s before they are read, and a load asks the warehouse every ${load.pollSeconds} s whether it is done (--env local hardly waits)`;
}
