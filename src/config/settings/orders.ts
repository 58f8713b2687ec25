/** The budgets and limits of an order. The API puts most of them into the order's input, so that they never change. */
import { decimalsOf, type Money } from '../../order.js';
import { count, duration, entriesOf, parsed, STARTERS, toggle, variable } from './variable.js';

/** Undefined if it is not an amount with exactly the decimals of its currency. */
function parseMoney(text: string): Money | undefined {
  const [, whole = '', fraction = '', currency = ''] = /^(\d{1,15})(?:\.(\d+))?\s+([A-Z]{3})$/.exec(text) ?? [];
  if (currency === '' || fraction.length !== decimalsOf(currency)) return undefined;
  const amount = Number(whole + fraction);
  return Number.isSafeInteger(amount) ? { amount, currency } : undefined;
}

/** At most one limit for each currency. */
function parseLimits(text: string): readonly Money[] | undefined {
  const found = entriesOf(text).map(parseMoney);
  const known = found.filter((limit) => limit !== undefined);
  const currencies = new Set(known.map(({ currency }) => currency));
  return known.length === found.length && currencies.size === known.length ? known : undefined;
}

const limits = {
  form: 'list of amounts',
  bears: 'nothing' as const,
  example: '500.00 EUR, 100000 JPY',
  schema: parsed(
    parseLimits,
    "an amount with its currency's own number of decimals, or one for each of several currencies with commas " +
      'between, such as 500.00 EUR, 100000 JPY',
  ).optional(),
};

export const orders = {
  SAGA_ATTEMPT_TIMEOUT: variable(duration('10s', '100ms'), [...STARTERS, 'unwind'], 'One attempt of a call.'),
  SAGA_STEP_TIMEOUT: variable(duration('5m', '1s'), STARTERS, 'All attempts of a step that can be compensated.'),
  SAGA_RETRIABLE_BUDGET: variable(
    duration('24h', '1m'),
    STARTERS,
    'All attempts of a step that must not unwind the order (the confirmation).',
  ),
  SAGA_COMPENSATION_BUDGET: variable(
    duration('24h', '1m'),
    STARTERS,
    'All attempts of a compensation, before the order blocks and waits for an operator.',
  ),
  SAGA_DEADLINE: variable(
    duration('7d', '10s'),
    STARTERS,
    'The whole order, as far as its steps can still be compensated.',
  ),
  SAGA_APPROVAL_ABOVE: variable(
    limits,
    STARTERS,
    "Orders above the limit of their currency wait for an approval (POST /api/orders/{id}/approve); so do orders in a currency that has no limit while others have. Each amount has its currency's own number of decimals. Without it no order waits.",
  ),
  SAGA_APPROVAL_TIMEOUT: variable(duration('24h', '10s'), STARTERS, 'An order waits for its approval at most so long.'),
  SAGA_BACKLOG_LIMIT: variable(
    count(10_000, 999_999_999),
    STARTERS,
    'Orders that may wait for a worker; the API answers 503 Overloaded to new ones beyond.',
  ),
  SAGA_STUCK_AFTER: variable(
    duration('10m', '10s'),
    ['background'],
    'A saga without progress for so long, outside of a wait for an approval and of a pause, raises the alert SagaStuck.',
  ),
  SAGA_JOURNAL: variable(
    toggle('on', 'off', { standard: 'on' }),
    STARTERS,
    'Orders keep an audit trail and a read model in PostgreSQL; without them lists, histories and sinks know nothing of an order. Off is for new orders only.',
  ),
};
