/** A variable of the environment as the list of settings has it, and the kinds of values that several sections share. */
import { z } from 'zod';
import { parseDuration } from '../durations.js';
import { SERVICE_NAMES, type ServiceName } from '../service-limits.js';

/** The processes that `docker-compose.yml` runs, each by its file in `src/main/`. */
export type Program = 'api' | 'worker' | 'relay' | 'background' | 'services';

/** `npm start` and the commands of `unwind` read the variables of other processes only if they are named here. */
export type Reader = Program | 'npm start' | 'unwind';

/** `a URL`: its password is secret, and its value is never shown. `secret`: all of it is, and log lines mask it. */
export type Bearing = 'nothing' | 'a URL' | 'secret';

/** The values that a variable takes. */
export interface Kind<Schema extends z.ZodType = z.ZodType> {
  /** Takes the text of the environment; never an empty one, which counts as not set. */
  readonly schema: Schema;
  /** The values for the settings' table, such as `port`. */
  readonly form: string;
  /** Why a value may not be shown. */
  readonly bears: Bearing;
  /** The default, as it is written. */
  readonly standard?: string;
  /** The default with `NODE_ENV=production`, if it differs. */
  readonly production?: string;
  /** For `.env.example`, if there is no default. */
  readonly example?: string;
}

/** A variable without its values: Temporal's SDK, or a module that needs no configuration, reads it by itself. */
export interface Entry {
  readonly readers: readonly Reader[];
  /** For those who set it, in `.env.example` and `docs/settings.md`. Neighbours with the same text share it there. */
  readonly text: string;
}

export type Variable<Schema extends z.ZodType = z.ZodType> = Kind<Schema> & Entry;

export const EVERY: readonly Reader[] = ['api', 'worker', 'relay', 'background', 'services', 'npm start', 'unwind'];
/** The readers of all that concerns calls to the services. The relay acts on commands, as the API does on requests. */
export const CALLERS: readonly Reader[] = ['api', 'worker', 'relay', 'background', 'unwind'];
/** The programs that start orders. */
export const STARTERS: readonly Reader[] = ['api', 'relay'];
/** The stores' addresses say to `npm start` whether there is a relay to start. */
export const FEEDERS: readonly Reader[] = ['relay', 'npm start'];

export const variable = <Schema extends z.ZodType>(
  kind: Kind<Schema>,
  readers: readonly Reader[],
  text: string,
): Variable<Schema> => ({ ...kind, readers, text });

/** The same variable for each service, such as `PAYMENT_TOKEN` for the suffix `TOKEN`. */
export const ofEachService = <Suffix extends string, One extends Variable>(
  suffix: Suffix,
  one: (name: ServiceName, index: number) => One,
): Record<`${Uppercase<ServiceName>}_${Suffix}`, One> =>
  Object.fromEntries(
    SERVICE_NAMES.map((name, index) => [`${name.toUpperCase()}_${suffix}`, one(name, index)]),
  ) as Record<`${Uppercase<ServiceName>}_${Suffix}`, One>;

/** The entries of a list, with or without blanks around its commas. */
export const entriesOf = (text: string): string[] => text.split(',').map((entry) => entry.trim());

export const isPort = (text = ''): boolean => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;

/**
 * A text that `read` takes apart; undefined from `read` refuses it.
 *
 * @param requirement ends the sentence "NAME must be …"
 */
export const parsed = <Value>(read: (text: string) => Value | undefined, requirement: string) =>
  z.string().transform((text, context): Value => {
    const value = read(text);
    if (value !== undefined) return value;
    context.addIssue(requirement);
    return z.NEVER;
  });

const harmless = { bears: 'nothing' } as const;

export const port = (standard: number) => ({
  ...harmless,
  form: 'port',
  standard: String(standard),
  schema: parsed(
    (text) => (isPort(text) || text === '0' ? Number(text) : undefined),
    'a port number from 0 to 65535, such as 8000 (0 takes a free one)',
  ).default(standard),
});

/** @param least a shorter duration makes no sense, and is most likely a wrong unit */
export const duration = (standard: string, least = '1ms') => {
  const read = (text: string): number | undefined => {
    const milliseconds = parseDuration(text);
    return milliseconds !== undefined && milliseconds >= (parseDuration(least) ?? 1) ? milliseconds : undefined;
  };
  return {
    ...harmless,
    form: `duration, at least ${least}`,
    standard,
    schema: parsed(
      read,
      `a duration such as ${standard} (ms, s, m, h or d; at least ${least} and at most 3650d)`,
    ).default(read(standard) ?? 0),
  };
};

export const count = (standard: number, most: number) => ({
  ...harmless,
  form: `number from 1 to ${most}`,
  standard: String(standard),
  schema: parsed(
    (text) => (/^\d{1,9}$/.test(text) && Number(text) >= 1 && Number(text) <= most ? Number(text) : undefined),
    `a whole number from 1 to ${most}, such as ${standard}`,
  ).default(standard),
});

/** Undefined if it is not set, because it may depend on others then. */
export const toggle = (yes: string, no: string, shown: { standard: string; production?: string }) => ({
  ...harmless,
  form: `${yes} or ${no}`,
  ...shown,
  schema: z
    .enum([yes, no], { error: `${yes} or ${no}` })
    .transform((text) => text === yes)
    .optional(),
});

const listed = (values: readonly string[]): string => `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;

export const choice = <const Values extends readonly string[]>(values: Values, standard: Values[number]) => ({
  ...harmless,
  form: listed(values),
  standard,
  schema: z.enum(values, listed(values)).default(standard as never),
});

/** @param shown a form, and an example if there is no default */
export const matching = (pattern: RegExp, requirement: string, shown: Omit<Kind, 'schema'>) => ({
  ...shown,
  schema: z.string().regex(pattern, requirement).optional(),
});

/** Percent-encoded, as RFC 3986 has it. Without it no two libraries read such a URL alike. */
const USER_INFO = /^(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*$/;

/** The part between `//` and the last `@` of a URL; undefined if there is no `@`. */
const userInfoOf = (url: string): string | undefined => /^[^/]*\/\/(.*)@/s.exec(url)?.[1];

/** If several hosts are allowed (`mongodb://a:1,b:2/shop`), the first one is checked. */
export const url = (
  protocols: readonly string[],
  example: string,
  hosts: 'one host' | 'several hosts' = 'one host',
) => ({
  bears: 'a URL' as const,
  form: 'URL',
  example,
  schema: z
    .string()
    .transform((given, context) => {
      const looked = hosts === 'one host' ? given : given.replace(/,[^/?]*/, '');
      const known = URL.canParse(looked) ? new URL(looked) : undefined;
      if (!USER_INFO.test(userInfoOf(given) ?? '')) {
        context.addIssue(
          `a URL such as ${example}, in which the special characters of user and password are percent-encoded (@ is %40, / is %2F, : is %3A, # is %23, ? is %3F, % is %25)`,
        );
      } else if (known && protocols.includes(known.protocol) && known.hostname !== '') {
        return given.replace(/\/+$/, '');
      } else {
        context.addIssue(`a URL such as ${example}`);
      }
      return z.NEVER;
    })
    .optional(),
});

export const HTTP = ['http:', 'https:'];
