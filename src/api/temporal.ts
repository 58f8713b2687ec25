/** How the API speaks to Temporal: each call within a deadline, and "away" as one kind of error. */
import { isGrpcServiceError, ServiceError, type Client } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';

/** Temporal did not answer, or answered that it cannot: what was asked may or may not have happened. */
export class EngineUnavailableError extends Error {
  override readonly name = 'EngineUnavailableError';

  constructor(cause: unknown) {
    super('Temporal is not available', { cause });
  }
}

/** Runs `call` with a deadline of `within` milliseconds; typed answers (not found, already started) pass unchanged. */
export async function askTemporal<T>(client: Client, within: number, call: () => Promise<T>): Promise<T> {
  try {
    return await client.withDeadline(Date.now() + within, call);
  } catch (error) {
    const away = error instanceof ServiceError || error instanceof NamespaceNotFoundError || isGrpcServiceError(error);
    throw away ? new EngineUnavailableError(error) : error;
  }
}
