import type { Doors, DoorsOptions } from './types';

export type { Authorizer, Caller, Callers, Doors, DoorsOptions } from './types';

/** Opens the stores of a data folder; `listen` then opens the port. */
export async function createDoors(options: DoorsOptions): Promise<Doors> {
  throw new Error(`the doors of ${options.dataDir} are not built yet`);
}
