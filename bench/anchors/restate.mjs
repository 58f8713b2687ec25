/** Restate: the same four calls, each a durable step; its server is a child of this process, so that its time is counted. */
import { spawn } from 'node:child_process';
import http2 from 'node:http2';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createSteps } from '../baseline/steps.ts';

// Its SDK needs it; Node has it from 22 on.
Promise.withResolvers ??= () => {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
};
const restate = await import('@restatedev/restate-sdk');

const steps = createSteps(JSON.parse(process.argv[2] ?? '{}'));

const fulfilment = restate.workflow({
  name: 'fulfilment',
  handlers: {
    run: async (context, order) => {
      const total = await context.run('reserveInventory', () => steps.reserveInventory(order));
      await context.run('processPayment', () => steps.processPayment(order, total));
      await context.run('createShipment', () => steps.createShipment(order));
      await context.run('sendConfirmation', () => steps.sendConfirmation(order));
      return { state: 'COMPLETED' };
    },
  },
});

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

const endpoint = http2.createServer(restate.createEndpointHandler({ services: [fulfilment] })).listen(0, '127.0.0.1');
await once(endpoint, 'listening');
const folder = mkdtempSync(path.join(os.tmpdir(), 'unwind-bench-restate-'));
const [ingress, admin, node] = [await freePort(), await freePort(), await freePort()];
// Not by its wrapper, which would leave it behind.
const platform = `@restatedev/restate-server-${os.platform()}-${os.arch()}`;
const program = path.join(import.meta.dirname, 'node_modules', platform, 'bin', 'restate-server');
const server = spawn(program, ['--base-dir', folder], {
  env: {
    ...process.env,
    RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
    RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
    RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`,
    RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${node}`,
    RESTATE_LOG_FILTER: 'warn',
    DO_NOT_TRACK: '1',
  },
  stdio: ['ignore', 'inherit', 'inherit'],
});
const stop = () => {
  server.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
};
process.on('disconnect', stop);
process.on('SIGTERM', stop);

async function register() {
  const uri = `http://127.0.0.1:${endpoint.address().port}`;
  for (let tries = 0; tries < 100; tries += 1) {
    const response = await fetch(`http://127.0.0.1:${admin}/deployments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ uri, use_http_11: false }),
    }).catch(() => undefined);
    if (response?.ok) return;
    if (response) console.error(await response.text());
    await pause(200);
  }
  throw new Error('Restate does not take the deployment');
}

await register();
process.send?.({ ready: `http://127.0.0.1:${ingress}/fulfilment` });
