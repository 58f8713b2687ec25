/** Variables that the configuration does not hold: Temporal's and OpenTelemetry's SDKs read their own, and the cache's folder is found alone. */
import type { Entry } from './variable.js';

const CLIENTS = ['api', 'worker', 'relay', 'background', 'npm start', 'unwind'] as const;

export interface UnparsedVariable extends Entry {
  readonly form: string;
  readonly bears: 'nothing' | 'secret';
  readonly standard?: string;
}

const temporal = (form: string, text: string, bears: 'nothing' | 'secret' = 'nothing'): UnparsedVariable => ({
  form,
  bears,
  readers: CLIENTS,
  text,
});

/** Temporal's standard variables: every tool of Temporal's reads them alike. */
export const temporals = {
  TEMPORAL_ADDRESS: temporal(
    'host:port',
    "Temporal's server. Without it, and without an address in temporal.toml, npm start starts a dev server.",
  ),
  TEMPORAL_NAMESPACE: { ...temporal('name', 'The namespace of the orders.'), standard: 'default' },
  TEMPORAL_API_KEY: temporal('key', 'The API key of Temporal Cloud. It turns TLS on.', 'secret'),
  TEMPORAL_CONFIG_FILE: temporal('file', 'The path of temporal.toml.'),
  TEMPORAL_PROFILE: { ...temporal('name', 'The profile in temporal.toml.'), standard: 'default' },
  TEMPORAL_TLS: temporal('true or false', "TLS to Temporal's server."),
  TEMPORAL_TLS_CLIENT_CERT_PATH: temporal(
    'PEM file',
    "The client certificate for Temporal's server: its file, or its content.",
  ),
  TEMPORAL_TLS_CLIENT_CERT_DATA: temporal(
    'PEM',
    "The client certificate for Temporal's server: its file, or its content.",
  ),
  TEMPORAL_TLS_CLIENT_KEY_PATH: temporal('PEM file', 'The key of that certificate: its file, or its content.'),
  TEMPORAL_TLS_CLIENT_KEY_DATA: temporal('PEM', 'The key of that certificate: its file, or its content.', 'secret'),
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: temporal(
    'PEM file',
    "The authorities that may sign for Temporal's server: a file, or its content.",
  ),
  TEMPORAL_TLS_SERVER_CA_CERT_DATA: temporal(
    'PEM',
    "The authorities that may sign for Temporal's server: a file, or its content.",
  ),
  TEMPORAL_TLS_SERVER_NAME: temporal(
    'host name',
    "The name in the certificate of Temporal's server, if it is not that of its address.",
  ),
  TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: temporal(
    'true or false',
    'With true the name in that certificate is not compared.',
  ),
} satisfies Readonly<Record<string, UnparsedVariable>>;

const tracing = (form: string, text: string, bears: 'nothing' | 'secret' = 'nothing'): UnparsedVariable => ({
  form,
  bears,
  readers: ['api', 'worker', 'relay', 'background', 'services'],
  text,
});

/** OpenTelemetry's standard variables, as far as traces need them. Its SDK reads more of them (`OTEL_BSP_…`). */
export const traces = {
  OTEL_EXPORTER_OTLP_ENDPOINT: tracing('URL', 'A collector of OTLP over HTTP: it gets the traces. See docs/traces.md.'),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: tracing(
    'URL',
    'The whole address for traces, if it is not that one and /v1/traces.',
  ),
  OTEL_EXPORTER_OTLP_PROTOCOL: {
    ...tracing('http/protobuf or http/json', 'The form in which traces are sent.'),
    standard: 'http/protobuf',
  },
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: tracing('http/protobuf or http/json', 'The same, for traces alone.'),
  OTEL_EXPORTER_OTLP_HEADERS: tracing('name=value,…', 'Headers for the collector, such as its credentials.', 'secret'),
  OTEL_SERVICE_NAME: tracing(
    'name',
    'The name of the process in traces; by default unwind-api, unwind-worker and so on.',
  ),
  OTEL_RESOURCE_ATTRIBUTES: tracing(
    'name=value,…',
    'Attributes of every span, such as deployment.environment.name=shop.',
  ),
  OTEL_TRACES_EXPORTER: { ...tracing('otlp or none', 'With none no traces are sent.'), standard: 'otlp' },
  OTEL_SDK_DISABLED: { ...tracing('true or false', 'With true no traces are sent.'), standard: 'false' },
} satisfies Readonly<Record<string, UnparsedVariable>>;

export const cache = {
  UNWIND_CACHE_DIR: {
    form: 'folder',
    bears: 'nothing',
    standard: '~/.cache/unwind',
    readers: ['npm start'],
    text: "Where the dev server's program and the tests' server are kept; by default unwind/ in XDG_CACHE_HOME or ~/.cache.",
  },
} satisfies Readonly<Record<string, UnparsedVariable>>;
