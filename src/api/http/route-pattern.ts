import { OPERATIONS } from '../operations.js';

const OTHERS = ['/openapi.json', '/docs', '/docs/{file}', '/problems', '/problems/{code}'];

const PATTERNS = [...OPERATIONS.map(({ path }) => path), ...OTHERS].map((pattern) => pattern.split('/'));

const isParameter = (part: string): boolean => part.startsWith('{');

/**
 * The route of a path, such as `/api/orders/{orderId}`; `unknown` if there is no such route. Logs show the route in place
 * of the path, because a caller can put any text into a path.
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
