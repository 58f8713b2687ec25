/** What a run will do, all of it from the seed: the orders, the blows against processes, the faults in the services. */
import type { OrderItem, ShippingAddress } from '../../src/order.js';
import type { Fault } from '../../src/services/participant/faults.js';
import { randomFrom, type Random } from './random.js';
import { SERVICE_NAMES, type ServiceName } from '../../src/config/service-limits.js';

/** As the supervisor names them. */
export const VICTIMS = ['worker', ...SERVICE_NAMES, 'api', 'postgres', 'temporal'] as const;
export type Victim = (typeof VICTIMS)[number];

/** What is in the order that decides how it ends, if nothing is injected and nobody cancels it. */
export type OrderClass = 'plain' | 'scarce' | 'declined' | 'unserviceable' | 'outOfStock' | 'unknownProduct';

export interface PlannedOrder {
  readonly orderId: string;
  readonly class: OrderClass;
  readonly items: readonly OrderItem[];
  readonly paymentMethod?: string;
  readonly shippingAddress?: ShippingAddress;
  /** Milliseconds after its acknowledgement at which the customer changes their mind. */
  readonly cancelAfterMs?: number;
}

export interface Blow {
  readonly victim: Victim;
  readonly signal: 'SIGKILL' | 'SIGSTOP';
  /** Struck once so many orders have been answered … */
  readonly after: number;
  /** … and this many milliseconds later, so that it hits them at any moment of their life. */
  readonly momentMs: number;
  /** How long a stopped process stands still. */
  readonly stillMs: number;
}

export interface PlannedFault {
  readonly after: number;
  readonly service: ServiceName;
  readonly fault: Fault;
}

export interface Plan {
  readonly seed: number;
  readonly orders: readonly PlannedOrder[];
  readonly blows: readonly Blow[];
  readonly faults: readonly PlannedFault[];
}

export interface Extent {
  readonly seed: number;
  readonly orders: number;
  readonly kills: number;
}

/** Longer than an attempt may take, so that originals arrive late. */
export const ATTEMPT_TIMEOUT_MS = 2_000;
export const LONGEST_DELAY_MS = 5_000;
const LONGEST_STILL_MS = 6_000;

export function planFrom({ seed, orders, kills }: Extent): Plan {
  const random = randomFrom(seed);
  return {
    seed,
    orders: Array.from({ length: orders }, (_, index) => orderFrom(random, `c${seed}-${index}`)),
    blows: blowsFrom(random, kills, orders),
    faults: faultsFrom(random, Math.ceil(orders / 3), orders),
  };
}

/** Every process is killed and stopped once before any is a second time. */
function blowsFrom(random: Random, kills: number, orders: number): Blow[] {
  const kinds = VICTIMS.flatMap((victim) => (['SIGKILL', 'SIGSTOP'] as const).map((signal) => ({ victim, signal })));
  const deck: typeof kinds = [];
  while (deck.length < kills) deck.push(...random.shuffle(kinds));
  return deck.slice(0, kills).map((kind, index) => ({
    ...kind,
    // One in each of as many equal shares of the run, so that they are spread over all of it.
    after: Math.min(orders - 1, Math.floor(((index + random.next()) * orders) / kills)),
    momentMs: random.between(0, 400),
    stillMs: random.between(ATTEMPT_TIMEOUT_MS + 500, LONGEST_STILL_MS),
  }));
}

const SHARES: readonly (readonly [OrderClass, number])[] = [
  ['declined', 0.06],
  ['unserviceable', 0.06],
  ['outOfStock', 0.04],
  ['scarce', 0.08],
  ['unknownProduct', 0.04],
];

const ANTARCTICA = { name: 'Chaos Customer', street: 'Ice 1', city: 'McMurdo', postalCode: '0000', country: 'AQ' };

function orderFrom(random: Random, orderId: string): PlannedOrder {
  const kind = classFrom(random.next());
  const cancelled = random.next() < 0.3;
  // Most of them early, while the order is still under way.
  const cancelAfterMs = Math.floor(random.next() ** 2 * 1_000);
  return {
    orderId,
    class: kind,
    items: itemsFor(kind, random),
    ...(kind === 'declined' && { paymentMethod: 'pm_declined' }),
    ...(kind === 'unserviceable' && { shippingAddress: ANTARCTICA }),
    ...(cancelled && { cancelAfterMs }),
  };
}

function classFrom(point: number): OrderClass {
  let end = 0;
  for (const [kind, share] of SHARES) {
    end += share;
    if (point < end) return kind;
  }
  return 'plain';
}

/** Of the demo catalogue: plenty of `123` and `usd-1`, five of `456`, one of `789`. */
function itemsFor(kind: OrderClass, random: Random): OrderItem[] {
  const quantity = random.between(1, 5);
  const productId = random.pick(['123', '123', '123', 'usd-1']);
  if (kind === 'outOfStock') return [{ productId: '789', quantity: 2 }];
  if (kind === 'scarce') return [{ productId: '456', quantity: random.between(1, 2) }];
  if (kind === 'unknownProduct') return [{ productId: 'nobody-sells-this', quantity }];
  return [{ productId, quantity }];
}

/** A DELETE is never refused here: that blocks the saga for an operator, and there is none. */
const MODES = {
  // Twice as many late originals: only those that meet a cancel tell whether there are tombstones.
  PUT: ['refuse', 'unavailable', 'drop-response', 'delay', 'delay', 'slow-answer', 'garbage'],
  DELETE: ['unavailable', 'drop-response', 'delay', 'garbage'],
} as const;

function faultsFrom(random: Random, count: number, orders: number): PlannedFault[] {
  return Array.from({ length: count }, () => {
    const service = random.pick(SERVICE_NAMES);
    const undoing = service !== 'notification' && random.next() < 0.3;
    const operation = undoing ? ('DELETE' as const) : ('PUT' as const);
    const mode = random.pick(MODES[operation]);
    const times = mode === 'refuse' ? 1 : random.between(1, 3);
    const delayMs = random.between(ATTEMPT_TIMEOUT_MS + 500, LONGEST_DELAY_MS);
    return { after: random.between(0, orders - 1), service, fault: { mode, operation, times, delayMs } };
  }).sort((a, b) => a.after - b.after);
}

/** `SIGSTOP of worker for 3.2 s` */
export const describeBlow = ({ victim, signal, stillMs }: Blow): string =>
  signal === 'SIGKILL' ? `SIGKILL of ${victim}` : `SIGSTOP of ${victim} for ${(stillMs / 1000).toFixed(1)} s`;
