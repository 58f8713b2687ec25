import { recordSpan, startRecording } from '../../../src/platform/observability/spans.js';
import { beginTrace, childOf, parseTrace, traceparentOf } from '../../../src/platform/observability/trace.js';
import { type OtlpReceiver, openOtlpReceiver } from '../../support/otlp-receiver.js';

let receiver: OtlpReceiver;
beforeAll(async () => {
  receiver = await openOtlpReceiver();
});
afterAll(() => receiver.close());

const about = { kind: 'server', began: 1_000, ended: 1_250.5, attributes: { 'http.route': '/x', tries: 2 } } as const;

/** The names of the spans that arrive from a process with these variables. */
async function sent(env: NodeJS.ProcessEnv, record: () => void): Promise<string[]> {
  const before = receiver.spans.length;
  const stop = await startRecording('api', env);
  record();
  await stop();
  return receiver.spans.slice(before).map(({ name }) => name);
}

/** The SDK reads its variables from the process itself. */
async function withEnvironment(env: NodeJS.ProcessEnv, record: () => void): Promise<string[]> {
  const before = { ...process.env };
  Object.assign(process.env, env);
  try {
    return await sent(process.env, record);
  } finally {
    process.env = before;
  }
}

const JSON_TO = (): NodeJS.ProcessEnv => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
});

const one = (name: string) => () => recordSpan({ ...about, name, own: beginTrace(), parent: undefined });

describe('spans', () => {
  it('arrive with their place in the trace, their times and the name of the process, before the process ends', async () => {
    const parent = beginTrace();
    const own = childOf(parent);
    const names = await withEnvironment(JSON_TO(), () =>
      recordSpan({ ...about, name: 'GET /x', own, parent, error: '503' }),
    );
    expect(names).toEqual(['GET /x']);
    expect(receiver.spans.at(-1)).toMatchObject({
      service: 'unwind-api',
      traceId: parent.traceId,
      spanId: own.spanId,
      parentSpanId: parent.spanId,
      kind: 2,
      attributes: { 'http.route': '/x', tries: 2 },
      error: '503',
      took: 250_500_000n,
    });
  });

  it('are sent in the protobuf form if no protocol is named', async () => {
    await withEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }, one('as protobuf'));
    expect([...receiver.types]).toContain('application/x-protobuf');
  });

  it.each([
    ['there is no endpoint', {}],
    ['OpenTelemetry is switched off', { OTEL_SDK_DISABLED: 'true' }],
    ['the exporter is none', { OTEL_TRACES_EXPORTER: 'none' }],
  ])('are not recorded if %s', async (_case, more) => {
    const env = Object.keys(more).length === 0 ? {} : { ...JSON_TO(), ...more };
    expect(await withEnvironment(env, one('unwanted'))).toEqual([]);
  });

  it('of a trace that its caller does not record are not recorded', async () => {
    const own = { ...beginTrace(), flags: '00' };
    const names = await withEnvironment(JSON_TO(), () => recordSpan({ ...about, name: 'x', own, parent: undefined }));
    expect(names).toEqual([]);
  });

  it.each([
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, /OTEL_EXPORTER_OTLP_PROTOCOL is "grpc": there are http\/protobuf/],
    [{ OTEL_TRACES_EXPORTER: 'zipkin' }, /OTEL_TRACES_EXPORTER is "zipkin": there are otlp and none/],
  ])('that cannot be sent as %j says are refused at the start', async (more, sentence) => {
    await expect(startRecording('api', { ...JSON_TO(), ...more })).rejects.toThrow(sentence);
  });
});

it.each([
  '00-00000000000000000000000000000000-b7ad6b7169203331-01',
  '00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01',
  'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  '00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01',
  '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x',
  ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
])('%s is no traceparent', (given) => {
  expect(parseTrace(given)).toBeUndefined();
});

it('a traceparent is read and written without loss', () => {
  const text = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const parsed = parseTrace(text);
  expect(parsed && traceparentOf(parsed)).toBe(text);
});
