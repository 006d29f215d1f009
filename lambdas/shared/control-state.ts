import type { S3Client } from '@aws-sdk/client-s3';
import {
  CONTROL_STATE_KEY,
  EMPTY_STATE,
  UNKNOWN_STATE,
  parseControlState,
  type ControlState,
} from '../../core/load/control-state';
import { getText, update } from './s3';
import type { Log } from './log';

/** Where the state lies, and where it is told that it cannot be read. */
export interface StatePlace {
  readonly s3: S3Client;
  readonly controlBucket: string;
  readonly log: Log;
}

/** The state as it stands. */
export const readState = async (at: StatePlace): Promise<ControlState> =>
  parse(at, (await getText(at.s3, at.controlBucket, CONTROL_STATE_KEY))?.text);

/** Changes the state, and answers with what it is then. @param change pure */
export const updateState = (at: StatePlace, change: (s: ControlState) => ControlState): Promise<ControlState> =>
  update(at.s3, { bucket: at.controlBucket, key: CONTROL_STATE_KEY }, (text) => parse(at, text), change);

function parse({ log }: StatePlace, text: string | undefined): ControlState {
  if (text === undefined) return EMPTY_STATE;
  const state = parseControlState(text);
  if (!state) log.error('control state is unreadable', { object: CONTROL_STATE_KEY });
  return state ?? UNKNOWN_STATE;
}
