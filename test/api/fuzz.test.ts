/** Schemathesis against the running API: whatever the document allows or forbids, no 5xx and no undocumented answer. */
import { createHash } from 'node:crypto';
import { createAuthenticate } from '../../src/api/http/authenticate.js';
import type { TestEnv } from '../support/temporal.js';
import { startJournalingWorker, type JournalingWorker } from './journaling-worker.js';
import { POLICY, runApi, type RunningApi } from './running-api.js';
import { findPython, installSchemathesis, runSchemathesis } from './schemathesis.js';
import { theShop } from './shop.js';
import { createWarmServer } from './warm-server.js';

const CASES = 2_000;
const KEY = 'the-key-of-the-fuzz-run';
const CHECKS =
  'not_a_server_error status_code_conformance content_type_conformance response_headers_conformance ' +
  'response_schema_conformance negative_data_rejection unsupported_method ignored_auth';
const seed = process.env['SEED'] ?? String(Math.floor(Math.random() * 2 ** 31));
const python = findPython();

let temporal: TestEnv;
let api: RunningApi;
let worker: JournalingWorker;

async function start(): Promise<void> {
  temporal = await createWarmServer();
  const hash = createHash('sha256').update(KEY).digest('hex');
  const authenticate = createAuthenticate({ apiKeys: [{ name: 'fuzz', role: 'admin', hash }] });
  api = await runApi({ temporal: temporal.client, more: { authenticate, policy: { ...POLICY, journal: true } } });
  worker = await startJournalingWorker(temporal, api, theShop());
}

afterAll(async () => {
  await worker?.stop();
  await api?.close();
  await temporal?.close();
});

const run = python === undefined ? it.skip : it;

run(
  `answers ${CASES} generated requests and more as its document says (schemathesis, needs Python 3.10)`,
  async () => {
    const program = installSchemathesis(python ?? '');
    await start();
    const { code, output } = await runSchemathesis(program, [
      'run',
      `${api.url}/openapi.json`,
      `--checks=${CHECKS.replaceAll(' ', ',')}`,
      `--header=x-api-key: ${KEY}`,
      `--max-examples=${process.env['UNWIND_RUNS'] ?? '90'}`,
      `--seed=${seed}`,
      // Two of them trip over one another in Hypothesis.
      '--workers=1',
      '--request-timeout=40',
      '--continue-on-failure',
      '--suppress-health-check=all',
    ]);
    const cases = Number(/(\d[\d,]*) generated/.exec(output)?.[1]?.replaceAll(',', '') ?? 0);
    process.stdout.write(`Schemathesis, seed ${seed}: ${cases} cases\n${code === 0 ? '' : output.slice(0, 20_000)}\n`);
    expect(code).toBe(0);
    expect(cases).toBeGreaterThanOrEqual(CASES);
    expect(api.log.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  },
  900_000,
);
