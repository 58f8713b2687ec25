import type { Express } from 'express';
import type { Logger } from 'pino';

export interface ServiceOptions {
  /** Its login role must be able to create a schema and a role; the service itself then runs as that narrower role. */
  readonly databaseUrl: string;
  /** The PostgreSQL schema, by default the service's name. */
  readonly schema?: string;
  /** Opens `/api/test/…`; refused in production. */
  readonly faultInjection: boolean;
  /** Loads the demo catalogue (inventory only). */
  readonly demoData: boolean;
  /** The bearer token that calls must show, except for health and the OpenAPI document. Undefined: calls need none. */
  readonly token?: string | undefined;
  readonly logger: Logger;
  /** Host names under which the service may be called, without ports; undefined for any. */
  readonly hosts?: readonly string[] | undefined;
  /** How long another process may hold the lock for migrating the schema; 30 s unless set. */
  readonly migrationWaitMs?: number | undefined;
}

/** A service that is ready to be mounted on a port; it does not listen by itself. */
export interface Service {
  readonly name: string;
  readonly app: Express;
  /**
   * Cuts the injected delays short, lets running requests finish, then ends the pool. Call it as soon as the server
   * stops accepting, not after its last connection has closed, because a delayed request would keep that connection
   * open.
   */
  close(): Promise<void>;
}
