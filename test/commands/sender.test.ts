import { readFileSync } from 'node:fs';
import { commandFor, COMMAND_ROLES, judge, type Received } from '../../src/commands/judge.js';
import { openEnvelope } from '../../src/commands/command.js';
import { callerOf, KEY_HEADER, SIGNATURE_HEADER, signatureOf, TIMESTAMP_HEADER } from '../../src/commands/sender.js';
import { cancelOrder, received, startOrder } from './queued.js';
import type { CommandKey } from '../../src/caller.js';

const SECRET = '0123456789abcdef0123456789abcdef';
const KEYS: readonly CommandKey[] = [
  { name: 'desk', role: 'operator', secret: SECRET },
  { name: 'shop', role: 'customer', secret: SECRET.replaceAll('0', 'f') },
];
const DAY = 86_400;

const now = (): number => Math.floor(Date.now() / 1_000);

function signed(
  content: object,
  name = 'desk',
  at = now(),
  secret = KEYS.find((key) => key.name === name)?.secret ?? '',
): Received {
  const message = received(content);
  const signature = signatureOf(secret, String(at), message.value ?? Buffer.alloc(0));
  const headers = { [KEY_HEADER]: name, [TIMESTAMP_HEADER]: String(at), [SIGNATURE_HEADER]: signature };
  return {
    ...message,
    headers: Object.fromEntries(Object.entries(headers).map(([key, text]) => [key, Buffer.from(text)])),
  };
}

const codeOf = (message: Received): string | undefined => judge(message, KEYS).problem?.code;
const resolve = { sagaId: '1', command: 'ResolveStep', step: 's', action: 'retry', reason: 'it is back' };

describe('a signed command (K8)', () => {
  it("is its sender's, in the role of its key, and the key's name is the actor", () => {
    const message = signed(cancelOrder('1'));
    const judged = judge(message, KEYS);
    expect(judged).toMatchObject({ sagaId: 'order-1', sender: { name: 'desk', role: 'operator' } });
    expect(judged.problem).toBeUndefined();
    const command = commandFor(callerOf(judged.sender), openEnvelope(message.value));
    expect(command).toMatchObject({ request: { actor: 'desk' } });
  });

  it.each([
    ['has no signature', received(cancelOrder('1')), 'Unauthenticated'],
    [
      'was changed since',
      { ...signed(cancelOrder('1')), value: Buffer.from(JSON.stringify(cancelOrder('2'))) },
      'InvalidCredentials',
    ],
    ['was signed with another secret', signed(cancelOrder('1'), 'desk', now(), 'x'.repeat(32)), 'InvalidCredentials'],
    ['was signed by nobody who is known', signed(cancelOrder('1'), 'nobody'), 'InvalidCredentials'],
    ['was signed 15 days ago', signed(cancelOrder('1'), 'desk', now() - 15 * DAY), 'InvalidCredentials'],
    ['was signed tomorrow', signed(cancelOrder('1'), 'desk', now() + DAY), 'InvalidCredentials'],
    ['names another actor', signed(cancelOrder('1', { actor: 'eve' })), 'InvalidRequest'],
    ['is more than a customer may do', signed(resolve, 'shop'), 'Forbidden'],
  ])('is refused if it %s', (_, message, code) => {
    expect(codeOf(message)).toBe(code);
  });

  it('that waited in the broker for days is taken', () => {
    expect(codeOf(signed(cancelOrder('1'), 'desk', now() - 13 * DAY))).toBeUndefined();
  });

  it('that is replayed has the id of the first one', () => {
    const message = signed(startOrder('1'));
    expect(judge({ ...message, place: 'saga-commands/0/9999@1' }, KEYS).id).toBe(judge(message, KEYS).id);
  });

  it('of an unknown sender takes no id away from other commands', () => {
    const message = received(cancelOrder('1', { commandId: 'mine' }));
    expect(judge(message, KEYS)).toMatchObject({ id: message.place, sagaId: undefined });
  });

  it("of one sender is no repeat of another one's", () => {
    const [one, other] = ['desk', 'shop'].map((name) =>
      judge(signed(cancelOrder('1', { commandId: 'c' }), name), KEYS),
    );
    expect(one?.fingerprint).not.toBe(other?.fingerprint);
  });
});

it.each([
  ['StartOrder', 'placeOrder'],
  ['CancelOrder', 'cancelOrder'],
  ['ResolveStep', 'resolveStep'],
] as const)('%s may be sent by the very roles that may call %s of the API', (command, operationId) => {
  const { paths }: { paths: Record<string, Record<string, { operationId: string; 'x-roles': string[] }>> } = JSON.parse(
    readFileSync('openapi.json', 'utf8'),
  );
  const operation = Object.values(paths)
    .flatMap((path) => Object.values(path))
    .find((each) => each.operationId === operationId);
  expect(COMMAND_ROLES[command]).toEqual(operation?.['x-roles']);
});
