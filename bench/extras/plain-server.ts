/** `npm start`'s Temporal against the same dev server without its tuning, in turns. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { Client } from '@temporalio/client';
import { freePort } from '../../src/platform/ports.js';
import { endProcess } from '../../src/local/machine/processes.js';
import { connectTemporal } from '../../src/platform/temporal/namespace.js';
import { cleanEnvironment } from '../children.js';
import { measure, type Ledger } from '../measure.js';
import { NAMESPACE, type Stage } from '../stage.js';
import { median, pairedRatios, type Spread } from '../statistics.js';
import { baseline, type Variant } from '../variants.js';

export interface ServerComparison {
  readonly p50: Spread;
  readonly throughput: Spread;
  readonly plain: { readonly p50: number; readonly perSecond: number };
  readonly tuned: { readonly p50: number; readonly perSecond: number };
}

const QUEUE = 'bench-plain-server';

async function openPlain(stage: Stage) {
  const [port, uiPort] = [await freePort(), await freePort()];
  const log = openSync(path.join(stage.folder, 'plain-temporal.log'), 'a');
  const file = path.join(stage.folder, 'plain-temporal.db');
  const ports = ['--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)];
  const args = ['server', 'start-dev', ...ports, '--db-filename', file, '--log-level', 'error'];
  const server = spawn(stage.program, args, { detached: true, stdio: ['ignore', log, log], env: cleanEnvironment({}) });
  closeSync(log);
  const pid = server.pid ?? 0;
  stage.own(pid);
  stage.onClose(() => endProcess(pid, [{ signal: 'SIGTERM', patience: 10_000 }]));
  const target = { configured: false, address: `127.0.0.1:${port}`, namespace: NAMESPACE, connection: {} };
  const connection = await connectTemporal(target, 30_000);
  stage.onClose(() => connection.close());
  return { client: new Client({ connection, namespace: NAMESPACE }), address: target.address };
}

/** The bare workflow on both servers. */
export async function compareServers(
  stage: Stage,
  rounds: number,
  scale: number,
  ledger: Ledger,
): Promise<ServerComparison> {
  const { client, address } = await openPlain(stage);
  const [onPlain, onTuned] = await Promise.all([stage.startBaseline(QUEUE, address), stage.startBaseline(QUEUE)]);
  const plain = baseline({ client }, 'plain server', '', 'bare', QUEUE, onPlain);
  const tuned = baseline(stage, 'tuned server', '', 'bare', QUEUE, onTuned);
  // Enough of both for the untuned server to have used up the burst that its limits allow.
  const many = { inFlight: 50, orders: Math.ceil(120 * scale) };
  const alone = { inFlight: 1, orders: Math.ceil(15 * scale) };
  const seen = {
    plain: { p50: [] as number[], perSecond: [] as number[] },
    tuned: { p50: [] as number[], perSecond: [] as number[] },
  };
  const look = async (variant: Variant, into: (typeof seen)['plain'], round: number): Promise<void> => {
    into.p50.push(median((await measure(stage, variant, alone, round, ledger)).run.latencies));
    into.perSecond.push((await measure(stage, variant, many, round, ledger)).run.perSecond);
  };
  // The first orders compile what they run through.
  for (const variant of [plain, tuned]) await measure(stage, variant, { inFlight: 10, orders: 10 }, 0, ledger);
  for (let round = 0; round < rounds; round += 1) {
    await look(tuned, seen.tuned, round);
    await look(plain, seen.plain, round);
  }
  const medians = ({ p50, perSecond }: (typeof seen)['plain']) => ({ p50: median(p50), perSecond: median(perSecond) });
  return {
    p50: pairedRatios(seen.tuned.p50, seen.plain.p50),
    throughput: pairedRatios(seen.tuned.perSecond, seen.plain.perSecond),
    plain: medians(seen.plain),
    tuned: medians(seen.tuned),
  };
}
