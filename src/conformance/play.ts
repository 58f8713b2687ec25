/** The tools of a check: fresh ids, calls, books, and a record of all requests. */
import { reasonOf } from '../platform/reason.js';
import type { Answer, Caller } from './caller.js';
import { textOf } from './body.js';
import { given, NotReached, Violation } from './expectations.js';
import type { Leaving } from './leave.js';
import type { Body, ConformanceOptions, Preparation } from './options.js';

/** The state of an id in this run: `mayStand` after an action, `ended` after its compensation. */
export type Named = Map<string, 'named' | 'mayStand' | 'ended'>;

export interface Play {
  readonly options: ConformanceOptions;
  readonly concurrency: number;
  /** All ids of the run, including those of other checks. */
  readonly named: Named;
  /** An id that no request has used. */
  newId(): string;
  put(id: string, body: Body): Promise<Answer>;
  /** Sends a body as it is, byte by byte. */
  putText(id: string, text: string): Promise<Answer>;
  undo(id: string): Promise<Answer>;
  probe(id: string): Promise<Answer>;
  /** Reads a page of the collection. */
  list(query: Readonly<Record<string, string>>): Promise<Answer>;
  lose(method: 'PUT' | 'DELETE', id: string, when: Leaving): Promise<void>;
  prepare(preparation: Preparation | undefined, id: string): Promise<void>;
  books(id: string): Promise<string>;
  /** @throws Violation if the books of the id have changed */
  expectBooks(id: string, before: string): Promise<void>;
}

interface Setting {
  readonly options: ConformanceOptions;
  readonly concurrency: number;
  readonly named: Named;
  readonly caller: Caller;
  /** Builds the ids of this check. */
  readonly idOf: (number: number) => string;
}

export function createPlay({ options, concurrency, named, caller, idOf }: Setting): Play {
  let ids = 0;
  const at = (id: string): string => `${options.url}/${encodeURIComponent(id)}`;
  const put = async (id: string, body: string): Promise<Answer> => {
    if (named.get(id) !== 'ended') named.set(id, 'mayStand');
    const answer = await caller.send({ method: 'PUT', url: at(id), body });
    if (answer.status < 300) named.set(id, 'mayStand');
    return answer;
  };
  const books = async (id: string): Promise<string> => {
    try {
      return JSON.stringify((await options.books?.(id)) ?? null);
    } catch (error) {
      throw new NotReached(`the books cannot be read: ${reasonOf(error)}`);
    }
  };

  return {
    options,
    concurrency,
    named,
    newId() {
      const id = idOf((ids += 1));
      named.set(id, 'named');
      return id;
    },
    put: (id, body) => put(id, textOf(body, id)),
    putText: put,
    async undo(id) {
      const answer = await caller.send({ method: 'DELETE', url: at(id) });
      if (answer.status < 300) named.set(id, 'ended');
      return answer;
    },
    probe: (id) => caller.send({ method: 'GET', url: at(id) }),
    list: (query) => caller.send({ method: 'GET', url: `${options.url}?${new URLSearchParams(query).toString()}` }),
    async lose(method, id, when) {
      if (method === 'PUT') named.set(id, 'mayStand');
      await caller.lose({ method, url: at(id), ...(method === 'PUT' && { body: textOf(options.body, id) }) }, when);
    },
    async prepare(preparation, id) {
      if (preparation === undefined) return;
      const { method, url, body } = preparation;
      const request = { method, url: url.replaceAll('{id}', encodeURIComponent(id)) };
      const answer = await caller.send({ ...request, ...(body && { body: textOf(body, id) }) });
      given(answer, 'the preparation');
    },
    books,
    async expectBooks(id, before) {
      const now = await books(id);
      if (now !== before) throw new Violation(`the books as they were: ${before}`, now, at(id));
    },
  };
}
