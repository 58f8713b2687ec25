import { ORDER_OPERATIONS } from '../operations/order-operations.js';
import { SAGA_OPERATIONS } from '../operations/saga-operations.js';

const OTHERS = ['/health/live', '/health/ready', '/openapi.json', '/docs', '/problems', '/problems/{code}'];

const PATTERNS = [...ORDER_OPERATIONS, ...SAGA_OPERATIONS]
  .map(({ path }) => path)
  .concat(OTHERS)
  .map((pattern) => pattern.split('/'));

const isParameter = (part: string): boolean => part.startsWith('{');

/**
 * The route of a path, such as `/api/orders/{orderId}`: what stands in a log in its place, because a path holds whatever
 * a caller puts into it. `unknown` if no route has it.
 */
export function routePattern(path: string): string {
  const parts = path.replace(/(?<=.)\/$/, '').split('/');
  const fitting = PATTERNS.filter(
    (pattern) =>
      pattern.length === parts.length && pattern.every((part, index) => isParameter(part) || part === parts[index]),
  );
  // `/api/sagas/resolve` before `/api/sagas/{sagaId}`.
  const [first] = fitting.toSorted((one, other) => one.filter(isParameter).length - other.filter(isParameter).length);
  return first?.join('/') ?? 'unknown';
}
