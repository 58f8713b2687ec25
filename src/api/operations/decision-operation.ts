/** The operations that cancel, approve or reject: those of orders and those of any saga differ in their address only. */
import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import type { z } from 'zod';
import { IF_MATCH, json, operation } from './operation.js';
import type { OperationId } from '../http/permissions.js';
import type { ProblemCode } from '../../problems.js';

/** How a decision can be refused, beside that what it is about is not there. */
export const REFUSED: readonly ProblemCode[] = [
  ...([
    'NotApplicable',
    'ApprovalExpired',
    'SagaPaused',
    'AlreadyFulfilled',
    'AlreadyUnwinding',
    'AlreadyEnded',
  ] as const),
  ...(['RequestIdReused', 'PreconditionFailed', 'NotDecided', 'OrdersUnavailable'] as const),
];

interface DecisionOperation {
  readonly path: string;
  readonly operationId: OperationId;
  readonly summary: string;
  readonly description: string;
  /** The example's. */
  readonly reason: string;
  readonly params: z.ZodObject;
  readonly body: z.ZodType;
  readonly answer: z.ZodType;
  readonly problems: readonly ProblemCode[];
}

export const decisionOperation = ({
  description,
  reason,
  body,
  answer,
  problems,
  ...told
}: DecisionOperation): RouteConfig =>
  operation({
    ...told,
    method: 'post',
    description: `${description} Undecided within five seconds it answers 503, and the same request can be sent again.`,
    headers: IF_MATCH,
    body: { schema: body, example: { reason } },
    responses: { 200: { description: 'The decision, acted on.', content: json(answer) } },
    problems: [...problems, ...REFUSED],
  });
