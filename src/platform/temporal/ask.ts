/** Calls to Temporal: each has a deadline, and "away" is one kind of error. */
import { isGrpcServiceError, ServiceError, type Client } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';

/** Temporal did not answer, or answered that it cannot. The requested change may or may not have happened. */
export class TemporalUnavailableError extends Error {
  override readonly name = 'TemporalUnavailableError';

  constructor(cause: unknown) {
    super('Temporal is not available', { cause });
  }
}

/**
 * gRPC's FAILED_PRECONDITION: the workflow's present status does not allow the request, for example because it is
 * paused.
 */
const FOR_ITS_STATUS: ReadonlySet<number> = new Set([9]);

/** True for an answer that refuses the request because of the workflow's status. */
export function isRefusedForItsStatus(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (isGrpcServiceError(cause)) return FOR_ITS_STATUS.has(cause.code);
  }
  return false;
}

/** Runs `call` with a deadline of `within` milliseconds. Typed answers (not found, already started) pass unchanged. */
export async function askTemporal<T>(client: Client, within: number, call: () => Promise<T>): Promise<T> {
  try {
    return await client.withDeadline(Date.now() + within, call);
  } catch (error) {
    const away = error instanceof ServiceError || error instanceof NamespaceNotFoundError || isGrpcServiceError(error);
    throw away ? new TemporalUnavailableError(error) : error;
  }
}
