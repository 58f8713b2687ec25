/**
 * Every variable of the environment that a process of Unwind reads, once. Parsing, the warnings of misspelt names,
 * `.env.example` and `docs/settings.md` come from this list, and a test compares `docker-compose.yml` with it.
 */
import { z } from 'zod';
import { callers } from './settings/callers.js';
import { orders } from './settings/orders.js';
import { participants } from './settings/participants.js';
import { databases, ports, running, temporalServer } from './settings/running.js';
import { stores } from './settings/stores.js';
import { cache, temporals, traces, type UnparsedVariable } from './settings/unparsed.js';
import type { Bearing, Variable } from './settings/variable.js';

/** Those that `loadConfig` reads. */
export const variables = {
  ...running,
  ...databases,
  ...temporalServer,
  ...ports,
  ...participants,
  ...orders,
  ...callers,
  ...stores,
};

export interface Section {
  readonly title: string;
  readonly variables: Readonly<Record<string, Variable | UnparsedVariable>>;
}

/** All variables, in the order in which `.env.example` and `docs/settings.md` have them. */
export const SECTIONS: readonly Section[] = [
  { title: 'how it runs', variables: running },
  { title: 'PostgreSQL: the embedded one by default', variables: databases },
  { title: 'Temporal: a dev server of our own by default', variables: { ...temporals, ...temporalServer, ...cache } },
  { title: 'traces by OpenTelemetry (docs/traces.md)', variables: traces },
  { title: 'ports of our processes', variables: ports },
  { title: 'the participants', variables: participants },
  { title: "budgets and limits of an order, which the API puts into each order's input", variables: orders },
  { title: 'who may call the API', variables: callers },
  {
    title: 'stores and streams that follow the journal (docs/stores.md), each switched on by its address',
    variables: stores,
  },
];

/** By name. */
export const everyVariable: Readonly<Record<string, Variable | UnparsedVariable>> = Object.assign(
  {},
  ...SECTIONS.map((section) => section.variables),
);

/** Undefined for a variable that is not ours. */
export const bearingOf = (name: string): Bearing | undefined =>
  Object.hasOwn(everyVariable, name) ? everyVariable[name]?.bears : undefined;

const schemasOf = <All extends Readonly<Record<string, Variable>>>(all: All) =>
  Object.fromEntries(Object.entries(all).map(([name, { schema: each }]) => [name, each])) as {
    [Name in keyof All]: All[Name]['schema'];
  };

export const schema = z.object(schemasOf(variables));
export type Settings = z.infer<typeof schema>;
