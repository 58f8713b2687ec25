/** The verdict over a run, from its records alone. What did not happen is never right: no orders, no blows, no pass. */
import { sagaIdOf } from '../../src/order.js';
import { cancelOutcome, disagreements, injectedRefusal } from './expectation.js';
import type { OrderClass } from './plan.js';
import type { Findings, OrderRecord, Records } from './records.js';

export interface Check {
  readonly name: string;
  /** None: it is right. */
  readonly faults: readonly string[];
}

const TERMINAL: ReadonlySet<string> = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);
const CLASSES: readonly OrderClass[] = [
  ...(['plain', 'scarce', 'declined', 'unserviceable', 'outOfStock', 'unknownProduct'] as const),
];

export function judge(records: Records): Check[] {
  const acknowledged = records.orders.filter(({ placing }) => placing === 'acknowledged');
  return [
    blowsStruck(records),
    check('a process ends only where it was killed', records.deaths),
    ordersAnswered(records.orders),
    check('the API answers only what its documentation says', records.orders.flatMap(tellOddities)),
    check('an acknowledged order has exactly one workflow', acknowledged.flatMap(onlyOneWorkflow(records.findings))),
    noWorkflowWithoutOrder(records, acknowledged),
    check(
      'every acknowledged order has come to rest, none is blocked',
      acknowledged.flatMap(restless(records.findings)),
    ),
    check('API and Temporal tell the same verdict', acknowledged.flatMap(toldTwice(records.findings))),
    ...CLASSES.flatMap((kind) => ordersOfClass(kind, acknowledged, records.findings)),
    ...cancelled(acknowledged, records.findings),
    refusalsExplained(records, acknowledged),
    check('a dead letter is one that notification refused', deadLettersUnexplained(records, acknowledged)),
    check('the journal: what is stored is what the histories say', records.findings.journal),
    check('the oracle: the books of the services agree with all verdicts', records.findings.differences),
  ];
}

const check = (name: string, faults: readonly string[]): Check => ({ name, faults });

function blowsStruck({ blows }: Records): Check {
  const faults = blows.flatMap(({ blow, struck, recovered }) => {
    if (!struck) return [`the ${blow.signal} of ${blow.victim} after ${blow.after} orders was not struck`];
    return recovered ? [] : [`${blow.victim} did not come back after its ${blow.signal}`];
  });
  return check(
    `every blow was struck and survived (${blows.length})`,
    blows.length === 0 ? ['there was none'] : faults,
  );
}

function ordersAnswered(orders: readonly OrderRecord[]): Check {
  const faults = orders.flatMap(({ order, placing }) => {
    const refusable = order.class === 'unknownProduct' && placing === 'refused';
    return placing === 'acknowledged' || refusable ? [] : [`${order.orderId} (${order.class}) was ${placing}`];
  });
  const some = orders.some(({ placing }) => placing === 'acknowledged');
  return check(
    `every order was acknowledged, or refused for good reason (${orders.length})`,
    some ? faults : ['no order was acknowledged', ...faults],
  );
}

const tellOddities = ({ order, oddities }: OrderRecord): string[] =>
  oddities.map((sentence) => `${order.orderId}: ${sentence}`);

const onlyOneWorkflow =
  ({ workflows }: Findings) =>
  ({ order }: OrderRecord): string[] => {
    const count = workflows.get(sagaIdOf(order.orderId)) ?? 0;
    return count === 1 ? [] : [`${order.orderId} has ${count}`];
  };

function noWorkflowWithoutOrder({ findings }: Records, acknowledged: readonly OrderRecord[]): Check {
  const owned = new Set(acknowledged.map(({ order }) => sagaIdOf(order.orderId)));
  const strangers = [...findings.workflows.keys()].filter((id) => !owned.has(id));
  return check(
    'a workflow belongs to an acknowledged order',
    strangers.map((id) => `${id} belongs to none`),
  );
}

const restless =
  ({ sagas }: Findings) =>
  ({ order }: OrderRecord): string[] => {
    const saga = sagas.get(order.orderId);
    if (saga === undefined) return [`${order.orderId} is lost: the API knows no status of it`];
    if (saga.blockedOn !== null) return [`${order.orderId} is blocked on ${saga.blockedOn}`];
    return TERMINAL.has(saga.state) ? [] : [`${order.orderId} is still ${saga.state}`];
  };

const toldTwice =
  ({ sagas, verdicts }: Findings) =>
  ({ order }: OrderRecord): string[] => {
    const temporal = verdicts.get(sagaIdOf(order.orderId)) ?? 'unknown';
    const api = sagas.get(order.orderId)?.state ?? 'unknown';
    return api === temporal ? [] : [`${order.orderId} is ${api} for the API, ${temporal} for Temporal`];
  };

function ordersOfClass(kind: OrderClass, acknowledged: readonly OrderRecord[], { sagas, ledgers }: Findings): Check[] {
  const own = acknowledged.filter(({ order }) => order.class === kind);
  if (own.length === 0) return [];
  const faults = own.flatMap((record) => {
    const { orderId } = record.order;
    const [saga, ledger] = [sagas.get(orderId), ledgers.get(orderId)];
    if (saga === undefined || ledger === undefined) return [`nothing could be learnt of ${orderId}`];
    return disagreements(record, saga, ledger).map((sentence) => `${orderId} ${sentence}`);
  });
  return [check(`orders end as they must: ${kind} (${own.length})`, faults)];
}

/** The other half of "if and only if" is in the classes: an order whose cancel was accepted must be CANCELLED. */
function cancelled(acknowledged: readonly OrderRecord[], { sagas }: Findings): Check[] {
  const stateOf = ({ order }: OrderRecord): string | undefined => sagas.get(order.orderId)?.state;
  const accepted = acknowledged.filter(({ cancels }) => cancelOutcome(cancels) === 'accepted');
  const askedForNothing = acknowledged.filter(
    (record) => stateOf(record) === 'CANCELLED' && ['none', 'refused'].includes(cancelOutcome(record.cancels)),
  );
  const kept = accepted.filter((record) => stateOf(record) !== 'CANCELLED');
  return [
    ...(accepted.length === 0
      ? []
      : [
          check(
            `an accepted cancel is kept (${accepted.length})`,
            kept.map(({ order }) => `${order.orderId} is not CANCELLED`),
          ),
        ]),
    check(
      'nothing is cancelled that nobody cancelled',
      askedForNothing.map(({ order }) => `${order.orderId} is CANCELLED`),
    ),
  ];
}

function refusalsExplained({ faults, findings }: Records, acknowledged: readonly OrderRecord[]): Check {
  const found = acknowledged.flatMap((record) => {
    const ledger = findings.ledgers.get(record.order.orderId);
    return ledger === undefined ? [] : [injectedRefusal(record, ledger)];
  });
  const tooMany = (['inventory', 'payment', 'shipping'] as const).flatMap((service) => {
    const refused = found.filter((each) => each === service).length;
    const armed = refusalsArmed(faults, service);
    return refused <= armed ? [] : [`${service} refused ${refused} orders without a reason, ${armed} were armed`];
  });
  return check('an order is refused by its own content, or by an armed fault', tooMany);
}

const refusalsArmed = (faults: Records['faults'], service: string): number =>
  faults.filter(
    ({ armed, planned }) => armed !== 'no' && planned.service === service && planned.fault.mode === 'refuse',
  ).length;

function deadLettersUnexplained({ faults, findings }: Records, acknowledged: readonly OrderRecord[]): string[] {
  const dead = acknowledged.flatMap(({ order }) => findings.sagas.get(order.orderId)?.deadLetters ?? []);
  const armed = refusalsArmed(faults, 'notification');
  return dead.length <= armed ? [] : [`there are ${dead.length}, but ${armed} refusals were armed`];
}
