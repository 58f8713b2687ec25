/**
 * The readable part of an unknown error. It does not use `instanceof`, because that fails for Node's own errors
 * inside Jest.
 */

function field(error: unknown, name: 'message' | 'code'): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
}

/** The first line of the error's message. */
export function reasonOf(error: unknown): string {
  const message = field(error, 'message');
  return (typeof message === 'string' ? message : String(error)).split('\n')[0] ?? '';
}

/** The error's code, such as EADDRINUSE. */
export function codeOf(error: unknown): string | undefined {
  const code = field(error, 'code');
  return typeof code === 'string' ? code : undefined;
}
