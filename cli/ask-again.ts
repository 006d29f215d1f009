import type { Warehouse } from '@carelake/laptop/engines/warehouse';

/** Questions after which an engine that keeps ending is believed not to come back. */
const TRIES = 5;

/** What only asks a warehouse. */
export type Asked = Pick<Warehouse, 'query' | 'queryEngine'>;

/** A warehouse that is asked again where its process ended meanwhile: it is back for the next question. */
export function askingAgain(warehouse: Warehouse): Asked {
  return {
    query: (...question) => again(() => warehouse.query(...question)),
    queryEngine: (sql) => again(() => warehouse.queryEngine(sql)),
  };
}

async function again<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (tries === TRIES || !/connection lost/.test((error as Error).message)) throw error;
    }
  }
}
