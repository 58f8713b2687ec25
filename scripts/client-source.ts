/** Writes the types of the API's client from its OpenAPI document. Knows what our document has, and nothing more. */
import type { OpenApiDocument } from '../src/api/docs/openapi.js';

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly description?: string;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema?: Schema;
  readonly description?: string;
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: Content;
  readonly responses?: Readonly<Record<string, Content>>;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

export function clientSource({ paths, components }: OpenApiDocument): string {
  const schemas = Object.entries((components?.schemas ?? {}) as Record<string, Schema>);
  const operations = Object.entries(paths ?? {}).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = (item as Record<string, Operation | undefined>)[method];
      return operation ? [{ path, method, operation }] : [];
    }),
  );
  return [
    '// Generated from openapi.json by `npm run openapi`: do not edit.',
    ...schemas.map(([name, schema]) => `${doc(schema.description)}export type ${name} = ${typeOf(schema)};`),
    '/** What each operation takes, and what it answers, by status. */',
    `export interface Operations {\n${operations.map(({ operation }) => signatureOf(operation)).join('\n')}\n}`,
    'export const OPERATIONS = {',
    ...operations.map(
      ({ path, method, operation: { operationId } }) =>
        `  ${operationId}: { method: '${method.toUpperCase()}', path: '${path}' },`,
    ),
    "} as const satisfies Record<keyof Operations, { readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'; readonly path: string }>;",
    '',
  ].join('\n\n');
}

const doc = (text: string | undefined): string => (text === undefined ? '' : `/** ${text.replaceAll('*/', '')} */\n`);

const quoted = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));

function signatureOf({ operationId, summary, parameters = [], requestBody, responses = {} }: Operation): string {
  const group = (where: string): string => {
    const members = parameters.filter((parameter) => parameter.in === where);
    const body = members.map(({ name, required, schema, description }) => {
      const type = (required ? typeOf : orUndefined)(schema ?? {});
      return `${doc(description)}readonly ${quoted(name)}${required ? '' : '?'}: ${type};`;
    });
    return body.length === 0 ? 'object' : `{ ${body.join('\n')} }`;
  };
  const answers = Object.entries(responses).flatMap(([status, response]) => {
    const json = response.content?.['application/json'];
    return /^[23]/.test(status) ? [`readonly ${status}: ${json ? typeOf(json.schema ?? {}) : 'undefined'};`] : [];
  });
  const body = requestBody?.content?.['application/json']?.schema;
  return `${doc(summary)}readonly ${operationId}: {
    readonly params: ${group('path')};
    readonly query: ${group('query')};
    readonly headers: ${group('header')};
    readonly body: ${body ? typeOf(body) : 'undefined'};
    readonly answers: { ${answers.join(' ')} };
  };`;
}

const orUndefined = (schema: Schema): string => {
  const type = typeOf(schema);
  return type === 'unknown' ? type : `${type} | undefined`;
};

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1) ?? 'unknown';
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const many = schema.anyOf ?? schema.oneOf;
  if (many) return many.map((each) => `(${typeOf(each)})`).join(' | ');
  if (schema.allOf) return schema.allOf.map((each) => `(${typeOf(each)})`).join(' & ');
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? []);
  if (types.length === 0) return 'unknown';
  return types.map((type) => plainType(type, schema)).join(' | ');
}

const PLAIN: Readonly<Record<string, string>> = {
  string: 'string',
  integer: 'number',
  number: 'number',
  boolean: 'boolean',
  null: 'null',
};

function plainType(type: string, schema: Schema): string {
  if (type === 'array') return `readonly (${typeOf(schema.items ?? {})})[]`;
  if (type !== 'object') return PLAIN[type] ?? 'unknown';
  const { properties = {}, required = [], additionalProperties } = schema;
  const members = Object.entries(properties).map(([name, member]) => {
    const optional = !required.includes(name);
    return `${doc(member.description)}readonly ${quoted(name)}${optional ? '?' : ''}: ${optional ? orUndefined(member) : typeOf(member)};`;
  });
  const rest = typeof additionalProperties === 'object' ? typeOf(additionalProperties) : undefined;
  if (members.length === 0) return `Readonly<Record<string, ${rest ?? 'unknown'}>>`;
  return `{ ${members.join('\n')}${rest === undefined ? '' : `\nreadonly [name: string]: ${rest};`} }`;
}
