/** What an unknown error says. Not by `instanceof`, which fails for Node's own errors inside of Jest. */

function field(error: unknown, name: 'message' | 'code'): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
}

/** Its message's first line. */
export function reasonOf(error: unknown): string {
  const message = field(error, 'message');
  return (typeof message === 'string' ? message : String(error)).split('\n')[0] ?? '';
}

/** Its code, such as EADDRINUSE. */
export function codeOf(error: unknown): string | undefined {
  const code = field(error, 'code');
  return typeof code === 'string' ? code : undefined;
}
