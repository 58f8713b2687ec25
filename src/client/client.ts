/** The API's typed client: its operations as functions, over `fetch`. Runs in Node and in a browser. */
import { OPERATIONS, type Operations, type Problem } from './operations.js';

export interface ClientOptions {
  /** Such as `http://localhost:8000`. */
  readonly baseUrl: string;
  /** Sent with every request, for example credentials. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly fetch?: typeof globalThis.fetch;
}

/** The API refused the request. `status` is 0 if the API could not be reached. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    /** Undefined if the answer did not come from the API itself. */
    readonly problem: Problem | undefined,
    /** Seconds after which the same request may be repeated. */
    readonly retryAfter: number | undefined,
    options?: ErrorOptions,
  ) {
    super(problem ? `${problem.code}: ${problem.title}` : `the API answered ${status}`, options);
  }
}

type Id = keyof Operations;

/** Leaves out the members that an operation does not have. A member is optional if all of its own members are. */
export type Input<Op extends Id> = Part<'params', Operations[Op]['params']> &
  Part<'query', Operations[Op]['query']> &
  Part<'headers', Operations[Op]['headers']> &
  (Operations[Op]['body'] extends undefined ? object : { readonly body: Operations[Op]['body'] }) & {
    readonly signal?: AbortSignal;
  };

type Part<Name extends string, Members> = object extends Members
  ? { readonly [Key in Name]?: Members }
  : { readonly [Key in Name]: Members };

/** One of the answers, distinguished by `status`. */
export type Answer<Op extends Id> = {
  readonly [Status in keyof Operations[Op]['answers']]: {
    readonly status: Status;
    readonly body: Operations[Op]['answers'][Status];
    readonly headers: Headers;
  };
}[keyof Operations[Op]['answers']];

export type Client = {
  readonly [Op in Id]: object extends Input<Op>
    ? (input?: Input<Op>) => Promise<Answer<Op>>
    : (input: Input<Op>) => Promise<Answer<Op>>;
};

/** Creates the client. Its functions throw an `ApiError` for every answer that is not a success. */
export function createClient(options: ClientOptions): Client {
  const functions = Object.entries(OPERATIONS).map(([id, { method, path }]) => [
    id,
    (input: Loose = {}) => request(options, method, path, input),
  ]);
  return Object.fromEntries(functions) as Client;
}

/** The input of any operation. */
interface Loose {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

async function request(options: ClientOptions, method: string, path: string, input: Loose) {
  const { baseUrl, fetch = globalThis.fetch } = options;
  const headers = { accept: 'application/json', ...options.headers, ...given(input.headers) };
  const response = await fetch(`${baseUrl}${addressOf(path, input)}`, {
    method,
    headers: input.body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
    ...(input.body !== undefined && { body: JSON.stringify(input.body) }),
    ...(input.signal && { signal: input.signal }),
  }).catch((error: unknown) => {
    throw new ApiError(0, undefined, undefined, { cause: error });
  });
  const text = await response.text();
  const body: unknown = isJson(response) && text !== '' ? JSON.parse(text) : undefined;
  if (response.ok || response.status === 304) return { status: response.status, body, headers: response.headers };
  const problem = isProblem(response) ? (body as Problem) : undefined;
  throw new ApiError(response.status, problem, retryAfterOf(response.headers));
}

/** `Retry-After`, as seconds or as an HTTP-date (RFC 9110), in seconds; undefined if absent or unreadable. */
function retryAfterOf(headers: Headers): number | undefined {
  const text = headers.get('retry-after')?.trim() ?? '';
  if (/^\d+$/.test(text)) return Number(text);
  const at = timeOf(text);
  return at === undefined ? undefined : Math.max(0, (at - (timeOf(headers.get('date') ?? '') ?? Date.now())) / 1_000);
}

function timeOf(text: string): number | undefined {
  if (!/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined;
  const time = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(time) ? undefined : time;
}

const isJson = ({ headers }: Response): boolean => /[/+]json\b/.test(headers.get('content-type') ?? '');
const isProblem = ({ headers }: Response): boolean => /problem\+json/.test(headers.get('content-type') ?? '');

const given = (headers: Loose['headers'] = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

function addressOf(path: string, { params = {}, query = {} }: Loose): string {
  const place = path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => segmentOf(name, params[name]));
  const asked = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`],
  );
  return asked.length === 0 ? place : `${place}?${asked.join('&')}`;
}

/** A URL has no spelling for a segment that is empty, `.` or `..`, escaped or not: it would name another operation. */
function segmentOf(name: string, value = ''): string {
  if (['', '.', '..'].includes(value)) throw new RangeError(`"${value}" cannot be sent as ${name}`);
  return encodeURIComponent(value);
}
