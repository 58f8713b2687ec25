/**
 * The readable part of an unknown error. It does not use `instanceof`, because that fails for Node's own errors
 * inside Jest.
 */

function field(error: unknown, name: 'message' | 'code' | 'name' | 'errors'): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** The first line of the error's message; of an `AggregateError` that of its first error; without a message the code or name. */
export function reasonOf(error: unknown): string {
  const errors = field(error, 'errors');
  if (Array.isArray(errors) && errors.length > 0) return reasonOf(errors[0]);
  const text = [field(error, 'message'), field(error, 'code'), field(error, 'name')].find(isText);
  return (text ?? String(error)).split('\n')[0] ?? '';
}

/** The error's code, such as EADDRINUSE. */
export function codeOf(error: unknown): string | undefined {
  const code = field(error, 'code');
  return typeof code === 'string' ? code : undefined;
}

/** A code of the system, of TLS or of a driver. */
const CODE = /^[A-Z][A-Z_0-9]+$/;

/** The error's code, such as ECONNREFUSED, or else its name. It leaves out the message, which may repeat a value that was sent. */
export function kindOf(error: unknown): string {
  const code = codeOf(error);
  if (code !== undefined && CODE.test(code)) return code;
  const name = field(error, 'name');
  return isText(name) ? name : 'unknown';
}
