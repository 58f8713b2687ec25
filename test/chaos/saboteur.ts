/** Arms the planned faults in the services, even if a service is down just then, and disarms what is left for the quiet period. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Progress } from './progress.js';
import type { FaultRecord } from './records.js';
import type { Story } from './story.js';
import { SERVICE_NAMES, type ServiceName } from '../../src/config/service-limits.js';

const ANSWER_WITHIN_MS = 1_000;
const REPEAT_AFTER_MS = 250;

export type ServiceUrls = Readonly<Record<ServiceName, string>>;

export interface Sabotage {
  readonly services: ServiceUrls;
  readonly progress: Progress;
  readonly story: Story;
  readonly signal: AbortSignal;
}

/** A service that is killed forgets what was armed, one that is down cannot be armed: there are plenty of faults. */
export async function armAll(sabotage: Sabotage, records: readonly FaultRecord[]): Promise<void> {
  for (const record of records) {
    await sabotage.progress.until(record.planned.after);
    record.armed = await arm(sabotage, record);
  }
}

async function arm({ services, story, signal }: Sabotage, { planned }: FaultRecord): Promise<FaultRecord['armed']> {
  const { service, fault } = planned;
  try {
    const response = await fetch(`${services[service]}/api/test/fail-next-request`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(fault),
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
    });
    if (!response.ok) return 'no';
    story.tell(`  armed at ${service}: ${fault.mode} for ${fault.operation}, ${fault.times} times`);
    return 'yes';
  } catch {
    signal.throwIfAborted();
    return 'unknown';
  }
}

/** Until each service has said that none is armed any more. */
export async function disarmAll({ services, signal }: Pick<Sabotage, 'services' | 'signal'>): Promise<void> {
  await Promise.all(
    SERVICE_NAMES.map(async (service) => {
      while (!(await disarmed(services[service], signal))) await pause(REPEAT_AFTER_MS, undefined, { signal });
    }),
  );
}

async function disarmed(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
    return (await fetch(`${url}/api/test/faults`, { method: 'DELETE', signal: within })).ok;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
