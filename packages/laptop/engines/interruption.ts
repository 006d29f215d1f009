import type { DuckDBConnection } from '@duckdb/node-api';

/** The engine forgets an interrupt that comes while a statement is only being prepared. */
const AGAIN_MS = 50;
/** A statement that goes on for so long after its first interrupt does not heed them. */
const STUCK_MS = 2000;

/** Interrupts what runs on a connection until it has ended. */
export class Interruption {
  private again?: NodeJS.Timeout;
  private stuck?: NodeJS.Timeout;
  private ended = false;

  constructor(
    private readonly connection: Pick<DuckDBConnection, 'interrupt'>,
    private readonly onStuck?: () => void,
  ) {}

  get begun(): boolean {
    return this.again !== undefined;
  }

  begin(): void {
    if (this.begun || this.ended) return;
    this.connection.interrupt();
    this.again = setInterval(() => this.connection.interrupt(), AGAIN_MS);
    if (this.onStuck) this.stuck = setTimeout(this.onStuck, STUCK_MS);
  }

  end(): void {
    this.ended = true;
    clearInterval(this.again);
    clearTimeout(this.stuck);
  }
}
